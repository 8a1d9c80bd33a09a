// What is wrong in a configuration, and how it is written for the person who has to mend it.

/** Keys and indices from the root of the configuration. */
export type Path = readonly (string | number)[];

/** One thing that is wrong, where it stands in the value. `at` says whether the key or the value is to be pointed at. */
export interface Finding {
  readonly path: Path;
  readonly at: "key" | "value";
  readonly message: string;
  readonly remedy?: string | undefined;
}

/** Takes a finding; what looks for faults never throws, so that all of them are reported at once. */
export type Report = (finding: Finding) => void;

/** One thing that is wrong, where it stands in the file; line and column count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly remedy?: string | undefined;
  /** The setting, as `writePath` writes it; absent where the text itself is wrong. */
  readonly setting?: string;
}

/** How many problems are told; of more it is only said that they are there. */
export const MOST_PROBLEMS = 100;
/** How many are looked for: bounds the work on a file that is wrong all over. */
export const MOST_FINDINGS = 500;

/** `file:line:column: message remedy`. */
export function writeProblem(file: string, problem: Problem): string {
  const remedy = problem.remedy === undefined ? "" : ` ${problem.remedy}`;
  return `${file}:${problem.line}:${problem.column}: ${problem.message}${remedy}`;
}

/** In the order of the file, without repeats, at most `MOST_PROBLEMS` and one line that says that there are more. */
export function arrange(problems: readonly Problem[]): Problem[] {
  const byText = new Map(problems.map((problem) => [writeProblem("", problem), problem]));
  const unique = [...byText.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  const last = unique[MOST_PROBLEMS];
  if (last === undefined) return unique;
  return [...unique.slice(0, MOST_PROBLEMS), { line: last.line, column: last.column, message: "more faults follow.", remedy: "Mend those above first." }];
}

/** `assets[0].miko.url`; the root is "the configuration". */
export function writePath(path: Path): string {
  if (path.length === 0) return "the configuration";
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${part}`)).join("");
}
