// What a test file tells the runner: written once, at its very end, on a descriptor of its own that no test prints to.

import { writeSync } from "node:fs";

export interface NotRun {
  readonly name: string;
  readonly needs: readonly string[];
}

/** `total` counts every registered test, the not-run ones included; `failures` are those outside any test. */
export interface FileReport {
  readonly total: number;
  readonly passed: number;
  readonly notRun: readonly NotRun[];
  readonly failures: readonly string[];
}

/** Names the descriptor; the runner sets it for each file it starts. */
export const reportVariable = "WEIR_TEST_REPORT_FD";

const descriptor = process.env[reportVariable];
// Programs that a test starts must not think they are test files under the runner.
delete process.env[reportVariable];

/** Hands the report to the runner; without a runner it only prints what was not run and what failed. */
export function sendReport(report: FileReport): void {
  for (const test of report.notRun) process.stdout.write(`  not run: "${test.name}" needs ${test.needs.join(", ")}\n`);
  for (const failure of report.failures) process.stderr.write(`  FAIL: ${failure}\n`);
  if (descriptor !== undefined) writeSync(Number(descriptor), JSON.stringify(report));
}
