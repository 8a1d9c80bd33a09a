// Runs core in a process of its own and says for how long its event loop was held, and how long its transactions took.
//
// Arguments: the data directory and the configuration's file. It prints `ready`, and answers each line on its standard input with one line of JSON
// (`Held`) about the time since the one before. With `TRACE=FILE` each time of some length goes to that file, with its beginning and end in ms of the process's uptime.

import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import Database from "better-sqlite3";
import { core } from "../../../firmware/core/main.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";

/** `work` is processor time of the event loop's thread: what other programs and the disk take from it does not count. In milliseconds. */
export interface Held {
  /** The longest between two beats, 1 ms apart. */
  readonly longestMs: number;
  readonly longestWorkMs: number;
  /** The longest after the pauses of the garbage collector within it are taken out. */
  readonly longestOwnMs: number;
  /** The longest transaction. */
  readonly commitMs: number;
  readonly commitWorkMs: number;
  /** The longest pause of the garbage collector, wall clock, and how many there were. */
  readonly pauseMs: number;
  readonly pauses: number;
  /** How often the event loop waited for a sync of a database's file (not of its log). */
  readonly syncs: number;
}

const BEAT_MS = 1;
/** A shorter time between two beats is not looked at again. */
const WORTH_MS = 1;
const NOTHING: Held = { longestMs: 0, longestWorkMs: 0, longestOwnMs: 0, commitMs: 0, commitWorkMs: 0, pauseMs: 0, pauses: 0, syncs: 0 };
const trace = process.env["TRACE"];
const TRACED_MS = 3;
let held: Held = NOTHING;

interface Moment {
  readonly ms: number;
  readonly workMs: number;
}

/** A time in which the loop was held, or the garbage collector ran. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly workMs: number;
}

/** The time in which the answer is made is not core's. */
let isAnswering = false;
let stretches: Stretch[] = [];
let pauses: Stretch[] = [];

function look(): Moment {
  // Of the thread alone Linux tells the processor time as it was at the last tick, up to 4 ms ago; asked for the whole process it counts the running thread anew.
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return { ms: systemClock.uptimeMs(), workMs: (user + system) / 1000 };
}

function noteCommit(begun: Moment): void {
  const now = look();
  held = { ...held, commitMs: Math.max(held.commitMs, now.ms - begun.ms), commitWorkMs: Math.max(held.commitWorkMs, now.workMs - begun.workMs) };
}

async function beat(signal: AbortSignal): Promise<void> {
  for (let before = look(); !signal.aborted; ) {
    await systemClock.sleep(BEAT_MS, signal).catch(() => undefined);
    const now = look();
    const [ms, workMs] = [now.ms - before.ms - BEAT_MS, now.workMs - before.workMs];
    if (isAnswering) isAnswering = false;
    else {
      held = { ...held, longestMs: Math.max(held.longestMs, ms), longestWorkMs: Math.max(held.longestWorkMs, workMs) };
      if (workMs > WORTH_MS) stretches.push({ fromMs: before.ms, toMs: now.ms, workMs });
    }
    before = now;
  }
}

function watchCollector(): void {
  const note = (list: { getEntries(): readonly { readonly startTime: number; readonly duration: number }[] }): void => {
    for (const { startTime, duration } of list.getEntries()) pauses.push({ fromMs: startTime, toMs: startTime + duration, workMs: duration });
  };
  new PerformanceObserver(note).observe({ entryTypes: ["gc"] });
}

/** What was noted since it was last asked. */
async function answer(what: string): Promise<string> {
  // The collector's pauses are told a turn later.
  await systemClock.sleep(5, stop.signal);
  isAnswering = true;
  const own = stretches.map((stretch) => ({ ...stretch, pausedMs: pausedIn(stretch) }));
  for (const { fromMs, toMs, workMs, pausedMs } of own) {
    if (trace !== undefined && workMs > TRACED_MS) appendFileSync(trace, `${process.pid} held ${(toMs - fromMs).toFixed(1)} work ${workMs.toFixed(1)} collector ${pausedMs.toFixed(1)} from ${fromMs.toFixed(1)} to ${toMs.toFixed(1)}\n`);
  }
  if (trace !== undefined) appendFileSync(trace, `# ${what}\n`);
  const text = JSON.stringify({ ...held, longestOwnMs: Math.max(0, ...own.map(({ workMs, pausedMs }) => workMs - pausedMs)), pauseMs: Math.max(0, ...pauses.map(({ workMs }) => workMs)), pauses: pauses.length });
  [held, stretches, pauses] = [NOTHING, [], []];
  return text;
}

function pausedIn({ fromMs, toMs }: Stretch): number {
  return pauses.reduce((sum, pause) => sum + Math.max(0, Math.min(toMs, pause.toMs) - Math.max(fromMs, pause.fromMs)), 0);
}

/** Times what goes through SQLite's door, whichever part of core it comes from. */
function watchDatabases(): void {
  const { exec, pragma, transaction } = Database.prototype;
  const unsynced = new WeakSet<Database.Database>();
  let begun = look();
  Database.prototype.exec = function (this: Database.Database, sql: string) {
    if (sql.startsWith("BEGIN IMMEDIATE")) begun = look();
    const result = exec.call(this, sql);
    if (sql === "COMMIT") noteCommit(begun);
    return result;
  };
  Database.prototype.pragma = function (this: Database.Database, source: string, options?: Database.PragmaOptions) {
    if (source === "synchronous = OFF") unsynced.add(this);
    if (source === "synchronous = FULL") unsynced.delete(this);
    if (source.startsWith("wal_checkpoint") && !unsynced.has(this)) held = { ...held, syncs: held.syncs + 1 };
    return pragma.call(this, source, options);
  };
  Database.prototype.transaction = function (this: Database.Database, work: (...given: unknown[]) => unknown) {
    const commit = transaction.call(this, work);
    return (...given: unknown[]) => {
      const start = look();
      const result: unknown = commit(...given);
      noteCommit(start);
      return result;
    };
  } as typeof transaction;
}

const [dataDir = "", configFile = ""] = process.argv.slice(2);
const stop = new AbortController();
watchDatabases();
watchCollector();
const lines = createInterface({ input: process.stdin });
lines.on("line", (what) => void answer(what).then((text) => process.stdout.write(`${text}\n`)));
lines.on("close", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
const ready = (): void => {
  void beat(stop.signal);
  process.stdout.write("ready\n");
};
await core.run({ clock: systemClock, log: silentLog, setLogLevel: () => undefined, dataDir, configFile, epoch: randomUUID(), ready }, stop.signal);
process.exit(0);
