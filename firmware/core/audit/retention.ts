// Takes out of the audit log what is old enough, after it was exported, and never because of a clock that jumped.

import type { Database } from "better-sqlite3";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import type { Conditions } from "../health/conditions.ts";
import { isForWantOfRoom } from "../storage/open-database.ts";
import type { Turns } from "../turns.ts";
import { writeRecord } from "./audit-pages.ts";
import type { Audit } from "./audit.ts";
import type { AuditEntry } from "./chain.ts";
import type { Exports } from "./exports.ts";
import type { AuditTrail } from "./trail.ts";

const DAY_MS = 86_400_000;
/** An entry is gone at the latest 67 days after it was made [U4.8-15]: five days are for a gateway that was off, or in doubt of its clock, when it was time. */
export const KEPT_MS = 62 * DAY_MS;
/** From then on not even an export that fails keeps an entry. */
const OVERDUE_MS = 66 * DAY_MS;
/** What was exported late, since the gateway was off, can be fetched for so long all the same. */
const FETCHED_MS = 4 * DAY_MS;
/** Some 100 MiB. Beyond that the oldest go before their time. */
const MOST_ENTRIES = 200_000;
/** What goes then, so that it does not go one by one. */
const FREED_SHARE = 0.1;
/** Entries that one turn reads, or deletes. */
const PORTION = 100;
/** Entries of one file and one deletion. */
const MOST_AT_ONCE = 20_000;
const LOG = "audit.db";

export interface RetentionOptions {
  readonly database: Database;
  readonly audit: Audit;
  readonly trail: Pick<AuditTrail, "record">;
  readonly conditions: Conditions;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly exports: Exports;
  /** The last entry that a log collector has. */
  readonly sent: () => number;
  readonly mostEntries?: number;
}

type Reason = "age" | "size";

interface Cut {
  readonly first: number;
  readonly last: number;
  readonly reason: Reason;
  /** It cannot wait for another day. */
  readonly isOverdue: boolean;
}

export class Retention {
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Exports and deletes what is due; returns how many entries went. Throws CANCELLED when the signal aborts: what is not deleted then is due the next time. */
  async run(signal: AbortSignal): Promise<number> {
    let gone = 0;
    // What is recorded of a deletion makes no further one due.
    const end = this.#options.audit.head.number;
    for (let cut = await this.#findCut(end, signal); cut !== undefined; cut = await this.#findCut(end, signal)) {
      const file = await this.#export(cut, signal);
      const count = await this.#forget(cut, signal);
      if (count === 0) break;
      gone += count;
      this.#tell(cut, count, file);
    }
    while (this.#options.exports.isOverfull()) this.#removeOldestExport("there are too many");
    while (this.#isExportOver()) this.#removeOldestExport("none is kept for longer than 67 days");
    return gone;
  }

  /** From the oldest on, all that are due: one that is not keeps those after it. */
  async #findCut(end: number, signal: AbortSignal): Promise<Cut | undefined> {
    const { database, mostEntries = MOST_ENTRIES, turns } = this.#options;
    const first = database.prepare<[], number | null>("SELECT min(number) FROM entries").pluck().get() ?? undefined;
    if (first === undefined) return undefined;
    const portion = database.prepare<[number, number], Pick<AuditEntry, "number" | "time" | "timeQuality" | "runningMs">>("SELECT number, time, timeQuality, runningMs FROM entries WHERE number > ? ORDER BY number LIMIT ?");
    const tooMany = end - first >= mostEntries ? end - Math.floor(mostEntries * (1 - FREED_SHARE)) : 0;
    let last = 0;
    let isTooMany = false;
    let isOverdue = false;
    const cut = (): Cut | undefined => (last === 0 ? undefined : { first, last, reason: isTooMany ? "size" : "age", isOverdue });
    for (;;) {
      await this.#turn(turns, signal);
      const entries = portion.all(Math.max(last, first - 1), PORTION);
      for (const entry of entries) {
        const isOld = this.#isOld(entry);
        // The last entry stays, so that the chain has an end to go on from.
        if ((!isOld && entry.number > tooMany) || entry.number - first >= MOST_AT_ONCE || entry.number >= end) return cut();
        isTooMany ||= !isOld;
        isOverdue ||= this.#isOld(entry, OVERDUE_MS);
        last = entry.number;
      }
      if (entries.length < PORTION) return cut();
    }
  }

  /** By running time, which is never more than the time that passed; sooner by wall time, where that is believed and was when it was written. */
  #isOld({ time, timeQuality, runningMs }: Pick<AuditEntry, "time" | "timeQuality" | "runningMs">, ageMs = KEPT_MS): boolean {
    const { audit, clock } = this.#options;
    if (audit.time.runningMs() - runningMs >= ageMs) return true;
    return timeQuality === "synchronised" && audit.time.isWallSure() && clock.now() - Date.parse(time) >= ageMs;
  }

  /** Of the oldest export: all its entries are, or are about to be, 67 days old [U4.8-15]. */
  #isExportOver(): boolean {
    const { audit, clock, exports } = this.#options;
    const [oldest] = exports.list();
    if (oldest === undefined) return false;
    const line = exports.lastLine(oldest);
    // Nobody could use it, and its entries are before those of the log, which are old enough to be exported.
    const entry = line === undefined ? undefined : parseEntry(line);
    if (entry === undefined) return true;
    // Without a clock to believe there is the running time alone, and what was exported late had its days in it.
    if (!audit.time.isWallSure()) return this.#isOld(entry, OVERDUE_MS + FETCHED_MS);
    return this.#isOld(entry, OVERDUE_MS) && clock.now() - oldest.writtenMs >= FETCHED_MS;
  }

  /** The file's name; undefined where there is no room for one, not even instead of the oldest, or where it fails and can wait no longer. Throws where it can. */
  async #export({ first, last, isOverdue }: Cut, signal: AbortSignal): Promise<string | undefined> {
    for (;;) {
      try {
        return await this.#options.exports.write(first, last, this.#lines(first, last, signal));
      } catch (error) {
        if (signal.aborted) throw error;
        if (!isForWantOfRoom(error)) {
          if (isOverdue) return undefined;
          throw asFault(error, this.#options.exports.folder);
        }
        if (!this.#removeOldestExport("the disk is full")) return undefined;
      }
    }
  }

  /** With marks, so that whoever has the vault's key can prove them. */
  async *#lines(first: number, last: number, signal: AbortSignal): AsyncIterable<string> {
    const { database, turns } = this.#options;
    const portion = database.prepare<[number, number, number], AuditEntry>("SELECT * FROM entries WHERE number > ? AND number <= ? ORDER BY number LIMIT ?");
    for (let after = first - 1; after < last; ) {
      await this.#turn(turns, signal);
      const entries = portion.all(after, last, PORTION);
      if (entries.length === 0) return;
      after = entries.at(-1)?.number ?? last;
      yield entries.map((entry) => `${writeRecord(entry).slice(0, -1)},${JSON.stringify({ form: entry.form, runningMs: entry.runningMs, keyId: entry.keyId, chain: entry.chain }).slice(1)}\n`).join("");
    }
  }

  async #forget({ first, last }: Cut, signal: AbortSignal): Promise<number> {
    const { audit, turns } = this.#options;
    let count = 0;
    for (let at = first + PORTION; at < last + 1 + PORTION; at += PORTION) {
      await this.#turn(turns, signal);
      count += audit.forgetBefore(Math.min(at, last + 1));
    }
    return count;
  }

  #tell({ first, last, reason }: Cut, count: number, file: string | undefined): void {
    const { conditions, sent, trail } = this.#options;
    trail.record({ actor: "core", action: "audit.deleted", target: LOG, result: "done", detail: { first, last, count, reason, export: file ?? null } });
    if (file !== undefined) conditions.clear("AUDIT_NOT_EXPORTED", LOG);
    else if (sent() < last) conditions.raise("AUDIT_NOT_EXPORTED", LOG, `Entries ${first} to ${last}.`);
  }

  #removeOldestExport(why: string): boolean {
    const removed = this.#options.exports.removeOldest();
    if (removed === undefined) return false;
    this.#options.trail.record({ actor: "core", action: "audit.export-removed", target: removed.name, result: "done", detail: { first: removed.first, last: removed.last, why } });
    return true;
  }

  async #turn(turns: Turns, signal: AbortSignal): Promise<void> {
    await turns.next();
    if (signal.aborted) throw new Fault("CANCELLED", "the audit log's upkeep was cancelled", { cause: signal.reason });
  }
}

/** Of a line of an export, what its age is known by. */
function parseEntry(line: string): Pick<AuditEntry, "time" | "timeQuality" | "runningMs"> | undefined {
  try {
    const { time, timeQuality, runningMs } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    return typeof time === "string" && typeof timeQuality === "string" && typeof runningMs === "number" ? { time, timeQuality, runningMs } : undefined;
  } catch {
    return undefined;
  }
}
