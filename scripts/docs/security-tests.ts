// docs/security-tests.md: each line of the security requirements with the tests whose names begin with it.

import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { markdownNotice, type GeneratedFile } from "./generated-file.ts";
import { SECURITY_PARTS, type SecurityLine } from "./security-lines.ts";

const ROOT = join(import.meta.dirname, "../..");

interface NamedTest {
  readonly id: string;
  readonly words: string;
  readonly file: string;
}

/** `CR 1.11 locks …`, `NDR 5.2, CR 2.1 …`, `K2.2.3 …`, `U4.7.1a …`. */
const ID = "(?:CR|EDR|NDR) [0-9]+\\.[0-9]+|[KU][0-9]+(?:\\.[0-9]+)*[a-z]?(?:-[A-Za-z0-9]+)?";
const NAME = new RegExp(`\\btest\\(\\s*(["\`])((?:${ID})(?:(?:, | and |/| )(?:${ID}))*)[:]? ((?:\\\\.|(?!\\1).)*)\\1`, "g");

/** Ids that have a line of their own. */
const LISTED: ReadonlySet<string> = new Set(SECURITY_PARTS.flatMap(({ lines }) => lines.flatMap(({ ids, sameAs }) => (sameAs === undefined ? ids : []))));

function findTests(): readonly NamedTest[] {
  const files = globSync("test/**/*.test.ts", { cwd: ROOT }).toSorted();
  return files.flatMap((file) =>
    [...readFileSync(join(ROOT, file), "utf8").matchAll(NAME)].flatMap(([, , ids = "", words = ""]) => ids.split(/(?:, | and |\/| )(?=[A-Z])/).map((id) => ({ id, words: words.replace(/\$\{[^}]*\}/g, "…"), file }))),
  );
}

/** Throws for a line that must be shown and is not, so that nobody forgets one. */
function writeLine({ ids, title, comesWith, notApplicable, sameAs, document }: SecurityLine, tests: readonly NamedTest[]): string {
  const own = tests.filter(({ id }) => (sameAs ?? ids).includes(id));
  const head = `### ${ids.join(", ")}: ${title}`;
  const why = notApplicable !== undefined ? `Does not apply. ${notApplicable}` : comesWith !== undefined ? `Not shown yet: it needs ${comesWith}.` : sameAs !== undefined ? `Shown by ${sameAs.join(", ")}.` : document !== undefined ? `See [${document}](${document.startsWith("docs/") ? document.slice("docs/".length) : `../${document}`}).` : undefined;
  if (document !== undefined && !existsSync(join(ROOT, document))) throw new Error(`${ids.join(", ")}: ${document} is not there`);
  if (own.length === 0 && (why === undefined || sameAs !== undefined)) throw new Error(`no test begins with ${(sameAs ?? ids).join(" or ")}: write one, or say in scripts/docs/security-lines.ts what it waits for`);
  // Where another line shows it, its tests stand there.
  const lists = own.filter(({ id }) => sameAs === undefined || !LISTED.has(id)).map(({ id, words, file }) => `- ${(sameAs ?? ids).length > 1 ? `${id}: ` : ""}${words} (${file})`);
  return [head, "", ...(why === undefined ? [] : [why, ""]), ...(lists.length === 0 ? [] : [...lists, ""])].join("\n");
}

function write(): string {
  const tests = findTests();
  const parts = SECURITY_PARTS.map(({ title, lines }) => `## ${title}\n\n${lines.map((line) => writeLine(line, tests)).join("\n")}`);
  return `${markdownNotice("scripts/docs/security-lines.ts and the names of the tests")}

# Security requirements and the tests that show them

A test that shows a requirement has a name that begins with it. \`make test\` runs them all; one that lacks a tool or a right is counted as not run. The requirements' own words are in the
standards; here stand ours.

${parts.join("\n")}`;
}

export const securityTestsFile: GeneratedFile = { path: "docs/security-tests.md", write };
