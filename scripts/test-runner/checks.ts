// The checks of the source, counted like tests: types, lint and layers.

import { spawn } from "node:child_process";
import { resolve } from "node:path";

import type { FileResult } from "./summary.ts";

const root = resolve(import.meta.dirname, "../..");
const bin = resolve(root, "node_modules/.bin");

const checks = [
  { name: "check: types", program: "tsc", args: ["--noEmit", "-p", "."] },
  { name: "check: lint", program: "oxlint", args: ["--type-aware", "--deny-warnings"] },
  { name: "check: layers", program: "depcruise", args: ["--config", ".dependency-cruiser.mjs", "drivers", "firmware", "scripts", "test"] },
] as const;

/** Runs the checks one after the other and reports each as it ends; never rejects. */
export async function runChecks(report: (result: FileResult) => void): Promise<FileResult[]> {
  const results: FileResult[] = [];
  for (const check of checks) {
    const result = await runCheck(check);
    report(result);
    results.push(result);
  }
  return results;
}

async function runCheck({ name, program, args }: (typeof checks)[number]): Promise<FileResult> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [resolve(bin, program), ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => void (output += chunk));
  const exit = await new Promise<string>((settle) => {
    child.on("error", (error) => settle(error.message));
    child.on("close", (code, signal) => settle(signal ?? String(code)));
  });
  const isPassed = exit === "0";
  const reasons = isPassed ? [] : [`${program} ended with ${exit}`];
  return { name, passed: isPassed ? 1 : 0, failed: isPassed ? 0 : 1, notRun: [], elapsedMs: performance.now() - startedMs, reasons, output };
}
