// Runs a test file made of a few lines by the real runner, to see what the runner makes of it.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import type { Defer } from "../support/attempt.ts";
import { makeTempDir } from "../support/temp-dir.ts";

const root = resolve(import.meta.dirname, "../..");
const runner = join(root, "scripts/run-tests.ts");
const suitePath = join(root, "test/support/suite.ts");

/** Put before a fixture's lines: the suite and the assertions. */
export const withSuite = `import { assert, suite } from ${JSON.stringify(suitePath)};\n`;

export interface RunResult {
  readonly code: number | null;
  readonly text: string;
  readonly lastLine: string;
}

/** Runs the runner with `args` and one file for each of `sources`. */
export function runFixtures(defer: Defer, sources: readonly string[], ...args: readonly string[]): RunResult {
  const folder = makeTempDir(defer);
  const files = sources.map((source, index) => {
    const file = join(folder, `fixture-${index}.test.ts`);
    writeFileSync(file, source);
    return file;
  });
  return runRunner([...args, ...files], folder);
}

/** Runs the runner itself. */
export function runRunner(args: readonly string[], cwd: string = root): RunResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [runner, ...args], { cwd, encoding: "utf8" });
  const text = stdout + stderr;
  return { code: status, text, lastLine: stdout.trimEnd().split("\n").at(-1) ?? "" };
}
