// Runs core in a process of its own and says for how long its event loop was held, and how long its transactions took.
//
// Arguments: the data directory and the configuration's file. It prints `ready`, and answers each line on its standard input with one line of JSON
// (`Held`) about the time since the one before. With `TRACE=ms` each time that is longer goes to standard error.

import { randomUUID } from "node:crypto";
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
  /** The longest transaction. */
  readonly commitMs: number;
  readonly commitWorkMs: number;
  /** How often the event loop waited for a sync of a database's file (not of its log). */
  readonly syncs: number;
}

const BEAT_MS = 1;
const NOTHING: Held = { longestMs: 0, longestWorkMs: 0, commitMs: 0, commitWorkMs: 0, syncs: 0 };
const traceMs = Number(process.env["TRACE"] ?? Number.POSITIVE_INFINITY);
let held: Held = NOTHING;

interface Moment {
  readonly ms: number;
  readonly workMs: number;
}

function look(): Moment {
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
    held = { ...held, longestMs: Math.max(held.longestMs, ms), longestWorkMs: Math.max(held.longestWorkMs, workMs) };
    if (workMs > traceMs) process.stderr.write(`held ${ms.toFixed(1)} work ${workMs.toFixed(1)} at ${Math.round(now.ms * 1000)}\n`);
    before = now;
  }
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
const lines = createInterface({ input: process.stdin });
lines.on("line", () => {
  process.stdout.write(`${JSON.stringify(held)}\n`);
  held = NOTHING;
});
lines.on("close", () => stop.abort());
const ready = (): void => {
  void beat(stop.signal);
  process.stdout.write("ready\n");
};
await core.run({ clock: systemClock, log: silentLog, setLogLevel: () => undefined, dataDir, configFile, epoch: randomUUID(), ready }, stop.signal);
process.exit(0);
