#!/usr/bin/env node
// Runs test files, one process each, and demands that every registered test passed.
//
// node scripts/run-tests.ts [--demand-all] [--checks | --checks-only] [--jobs N] [FILE or FOLDER ...]

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

import { runChecks } from "./test-runner/checks.ts";
import { findTestFiles } from "./test-runner/find-files.ts";
import { killRunningFiles, runFile } from "./test-runner/run-file.ts";
import { summarise, type FileResult } from "./test-runner/summary.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "demand-all": { type: "boolean", default: false },
    checks: { type: "boolean", default: false },
    "checks-only": { type: "boolean", default: false },
    jobs: { type: "string", default: String(Math.min(2, availableParallelism())) },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  process.stdout.write(
    "node scripts/run-tests.ts [--demand-all] [--checks | --checks-only] [--jobs N] [FILE or FOLDER ...]\n" +
      "  --demand-all  what this machine lacks the tools or rights for counts as failed\n" +
      "  --checks      types, lint and layers are run first and counted\n" +
      "  --checks-only types, lint and layers, and no test\n" +
      "  --jobs N      test files at a time (default 2)\n",
  );
  process.exit(0);
}

const jobs = Number(options.jobs);
if (!Number.isInteger(jobs) || jobs < 1) {
  process.stderr.write(`--jobs ${options.jobs}: give a whole number of at least 1\n`);
  process.exit(2);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    killRunningFiles();
    process.exit(130);
  });
}

const isOnlyChecking = options["checks-only"];
const results: FileResult[] = options.checks || isOnlyChecking ? await runChecks(report) : [];
const queue = isOnlyChecking ? [] : [...findTestFiles(positionals)];
await Promise.all(Array.from({ length: jobs }, drain));

const { text, failed } = summarise(results, options["demand-all"]);
process.exitCode = failed > 0 ? 1 : 0;
process.stdout.write(text);

async function drain(): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const result = await runFile(file);
    report(result);
    results.push(result);
  }
}

/** One line for each file as it ends; the output only of those that failed. */
function report(result: FileResult): void {
  const verdict = result.failed === 0 ? "ok  " : "FAIL";
  process.stdout.write(`${verdict} ${result.name} (${result.passed} passed, ${(result.elapsedMs / 1000).toFixed(1)} s)\n`);
  if (result.failed === 0) return;
  for (const reason of result.reasons) process.stdout.write(`     ${reason}\n`);
  process.stdout.write(result.output.replace(/^/gm, "     | ").trimEnd() + "\n");
}
