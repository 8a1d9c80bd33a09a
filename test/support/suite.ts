// The only door to uvu: a suite that registers and runs itself, and cannot pass by accident.
//
//   suite("outbox", (test) => {
//     test("keeps a reading until it is settled", async ({ signal, defer }) => { ... });
//     test("survives a full disk", async () => { ... }, { needs: ["root"], limitMs: 30_000 });
//   });
//
// There is no `run` to forget, no `only` or `skip` to leave behind, and no hook that can fail unseen: clean-up is `defer`.
// An empty suite, two tests of one name, a test outside a suite's body and a handle that is open after the end are failures.

import { attempt, type TestBody } from "./attempt.ts";
import { findMissing } from "./needs.ts";
import { sendReport, type NotRun } from "./report.ts";

export * as assert from "./assert.ts";
export type { Defer, TestBody, TestContext } from "./attempt.ts";

/** `limitMs` is the time limit of each test (60 s unless said); `needs` as in needs.ts: what is missing is counted, never hidden. */
export interface TestOptions {
  readonly limitMs?: number;
  readonly needs?: readonly string[];
}

/** Registers one test; its name is a sentence about behaviour. */
export type Register = (name: string, body: TestBody, options?: TestOptions) => void;

// With this set, uvu leaves the start and the queue to us; it reads it when it is loaded.
Object.assign(globalThis, { UVU_DEFER: 1, UVU_QUEUE: [[null]] });
const uvu = await import("uvu");

// For what hangs only: what is measured is asserted. A machine that is five times slower must not reach it.
const defaultLimitMs = 60_000;
const lingerMs = 5000;
const suites = new Set<string>();
const notRun: NotRun[] = [];
const failures: string[] = [];
let total = 0;
let passed = 0;
let phase: "collecting" | "running" | "ended" = "collecting";

/** Registers a suite and lets it run once the file is read. `body` is synchronous and registers at least one test. */
export function suite(name: string, body: (test: Register) => void, options: TestOptions = {}): void {
  if (phase !== "collecting") throw new Error(`suite "${name}" comes after the run began: await before the first suite only`);
  if (suites.has(name)) throw new Error(`two suites are called "${name}"`);
  suites.add(name);
  if (suites.size === 1) setImmediate(() => void run());
  const names = new Set<string>();
  const group = uvu.suite(name);
  let isOpen = true;
  const register: Register = (testName, testBody, own = {}) => {
    if (!isOpen) throw new Error(`test "${testName}" is registered outside the body of suite "${name}"`);
    if (names.has(testName)) throw new Error(`two tests of suite "${name}" are called "${testName}"`);
    names.add(testName);
    const needs = [...(options.needs ?? []), ...(own.needs ?? [])];
    add(group, `${name}: ${testName}`, testBody, { needs, limitMs: own.limitMs ?? options.limitMs ?? defaultLimitMs });
  };
  const result: unknown = body(register);
  isOpen = false;
  if (result !== undefined) throw new Error(`the body of suite "${name}" returns something: it must be synchronous`);
  if (names.size === 0) throw new Error(`suite "${name}" has no test`);
  group.run();
}

function add(group: ReturnType<typeof uvu.suite>, name: string, body: TestBody, options: Required<TestOptions>): void {
  total += 1;
  const missing = findMissing([...new Set(options.needs)]);
  if (missing.length > 0) {
    notRun.push({ name, needs: missing });
    return;
  }
  group(name, async () => {
    await attempt(body, options.limitMs);
    passed += 1;
  });
}

async function run(): Promise<void> {
  phase = "running";
  await uvu.exec();
  if (process.exitCode !== 0 && passed + notRun.length === total) failures.push("uvu reports a failure that no test does");
  phase = "ended";
  // Unreferenced: it fires only when something that a test left open keeps the process alive.
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(", ");
    failures.push(`still open ${lingerMs} ms after the last test: ${open}. Close it in \`defer\``);
    process.exit(1);
  }, lingerMs).unref();
}

process.on("exit", (code) => {
  if (phase !== "ended") failures.push(suites.size === 0 ? "the file has no suite" : "the process ended before its tests did");
  else if (code !== 0 && passed + notRun.length === total && failures.length === 0) failures.push(`the process ended with code ${code}`);
  if (failures.length > 0 || passed + notRun.length !== total) process.exitCode = 1;
  sendReport({ total, passed, notRun, failures });
});
