// `weir check`: says whether a configuration can be used, and else everything that is wrong with it.

import { CommanderError, type Command } from "commander";
import { asFault, reportFault } from "../../drivers/contract/fault.ts";
import type { Problem } from "../config/problems.ts";

/** Exit codes of every subcommand: done, and wrong input. */
const DONE = 0;
const WRONG_INPUT = 2;

interface CheckOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** What the command prints, and its exit code. `lines` are faults where the code is not 0. */
export interface CheckResult {
  readonly exitCode: number;
  readonly lines: readonly string[];
}

/** Adds the subcommand. After it has told the faults it ends with a CommanderError, which stands for exit code 2. */
export function addCheck(program: Command): void {
  program
    .command("check")
    .description("checks a configuration; exit 0 when it can be used, 2 when not")
    .option("--config <file>", "the configuration", "weir.yaml")
    .option("--json", "print the result as JSON")
    .action(async (options: CheckOptions) => {
      const { exitCode, lines } = await checkFile(options.config, options.json === true, new AbortController().signal);
      const output = exitCode === DONE || options.json === true ? process.stdout : process.stderr;
      output.write(lines.map((line) => `${line}\n`).join(""));
      if (exitCode !== DONE) throw new CommanderError(exitCode, "weir.check", "the configuration cannot be used");
    });
}

/** Checks a file as the subcommand does, without printing. */
export async function checkFile(file: string, asJson: boolean, signal: AbortSignal): Promise<CheckResult> {
  const { inspectConfiguration, readConfigurationFile } = await import("../config/load.ts");
  try {
    const { problems } = inspectConfiguration(await readConfigurationFile(file, signal));
    return asJson ? tellAsJson(file, problems) : await tellAsText(file, problems);
  } catch (error) {
    const fault = asFault(error, file);
    const json = JSON.stringify({ file, valid: false, problems: [], fault: reportFault(fault) });
    return { exitCode: WRONG_INPUT, lines: [asJson ? json : fault.toString()] };
  }
}

async function tellAsText(file: string, problems: readonly Problem[]): Promise<CheckResult> {
  const { writeProblem } = await import("../config/problems.ts");
  if (problems.length === 0) return { exitCode: DONE, lines: [`${file}: this configuration can be used.`] };
  return { exitCode: WRONG_INPUT, lines: problems.map((problem) => writeProblem(file, problem)) };
}

function tellAsJson(file: string, problems: readonly Problem[]): CheckResult {
  return { exitCode: problems.length === 0 ? DONE : WRONG_INPUT, lines: [JSON.stringify({ file, valid: problems.length === 0, problems })] };
}
