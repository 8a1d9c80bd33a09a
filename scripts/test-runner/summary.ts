// Adds up what the files reported and words the end of a run.

import type { NotRun } from "../../test/support/report.ts";

export interface FileResult {
  readonly name: string;
  readonly passed: number;
  /** At least 1 when anything is wrong with the file, even if each of its tests passed. */
  readonly failed: number;
  readonly notRun: readonly NotRun[];
  readonly elapsedMs: number;
  readonly reasons: readonly string[];
  readonly output: string;
}

/** The closing lines; the last is `N passed, N failed`. With `isAllDemanded`, what was not run counts as failed. */
export function summarise(results: readonly FileResult[], isAllDemanded: boolean): { readonly text: string; readonly failed: number } {
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const notRun = results.flatMap((result) => result.notRun);
  const failedTests = results.reduce((sum, result) => sum + result.failed, 0);
  const failed = failedTests + (isAllDemanded ? notRun.length : 0) + (passed + failedTests + notRun.length === 0 ? 1 : 0);
  const lines = results.filter((result) => result.failed > 0).map((result) => `failed: ${result.name}`);
  if (notRun.length > 0) lines.push(`not run: ${notRun.length}, needs ${countNeeds(notRun)}${isAllDemanded ? ": counted as failed" : ""}`);
  lines.push(`${passed} passed, ${failed} failed`);
  return { text: `\n${lines.join("\n")}\n`, failed };
}

/** `mosquitto (2), netns (1)`, the most wanted first. */
function countNeeds(notRun: readonly NotRun[]): string {
  const counts = new Map<string, number>();
  for (const need of notRun.flatMap((test) => test.needs)) counts.set(need, (counts.get(need) ?? 0) + 1);
  const sorted = [...counts].toSorted(([a, countA], [b, countB]) => countB - countA || a.localeCompare(b));
  return sorted.map(([need, count]) => `${need} (${count})`).join(", ");
}
