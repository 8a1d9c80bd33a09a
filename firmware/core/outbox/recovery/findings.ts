// What the small tables of a damaged database say, gathered from any page that still holds their rows.

import type { GapReason } from "../contract.ts";
import { MAX_STREAM_NUMBER, SMALL_TABLES, SPAN, type SmallTable } from "../schema.ts";
import type { Database } from "../database.ts";
import { readFloor } from "../floor.ts";
import type { Gap } from "../gaps.ts";
import type { StreamRow } from "../stream.ts";
import type { Field, RawRecord } from "./records.ts";
import { RangeSet } from "../range-set.ts";

export interface FoundStream extends Omit<StreamRow, "number" | "state"> {
  readonly number: number;
  readonly isGone: boolean;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const REASONS: readonly GapReason[] = ["age", "storage", "damaged"];

/** Collects rows in any order and from any version of a page: everything in it only ever grows, so that the union is right. */
export class Findings {
  readonly streams = new Map<number, FoundStream>();
  readonly settled = new Map<number, RangeSet>();
  readonly gaps = new Map<number, Gap[]>();
  readonly cursors = new Map<string, { readonly cursor: string; readonly moved: number }>();
  readonly answers = new Map<string, readonly Field[]>();
  readonly rejected = new Map<number, readonly Field[]>();
  readonly quarantine = new Map<number, readonly Field[]>();
  readonly meta = new Map<string, string>();
  /** By stream: everything up to this number is settled. */
  readonly floors = new Map<string, number>();

  /** Reads as much as SQL still can. Returns false when a table could not be read to its end. */
  readDatabase(db: Database): boolean {
    let isWhole = true;
    for (const [table, columns] of Object.entries(SMALL_TABLES)) {
      try {
        for (const fields of db.prepare<[], Field[]>(`SELECT ${columns.join(", ")} FROM ${table}`).raw().iterate()) this.#take(table as SmallTable, fields);
      } catch {
        isWhole = false;
      }
    }
    return isWhole;
  }

  /** Takes a raw record for what its form says. Only committed pages say where a cursor stands. */
  takeRecord({ rowid, fields }: RawRecord, isCommitted: boolean): void {
    const form = fields.map((field) => (field === null ? "0" : typeof field === "number" ? "n" : "t")).join("");
    const withId = [rowid ?? 0, ...fields.slice(1)];
    if (rowid !== undefined && form === "0tttnnn") this.#take("stream", withId);
    else if (rowid !== undefined && form === "0ttntnt") this.#take("rejected", withId);
    else if (rowid !== undefined && form === "0tttnt") this.#take("quarantine", withId);
    else if (rowid !== undefined) return;
    else if (form === "tt") this.#take("meta", fields);
    else if (form === "nnn") this.#take("settled", fields);
    else if (form === "nnnt" && isCommitted) this.#take("gap", fields);
    else if (form === "ttn" && isCommitted) this.#take("cursor", fields);
    else if (form === "ttnnnnn" && isCommitted) this.#take("answer", fields);
  }

  /** The lowest number above all that the file used, as far as is known. */
  get nextStreamNumber(): number | undefined {
    return this.streams.size === 0 ? undefined : Math.max(...this.streams.keys()) + 1;
  }

  #take(table: SmallTable, fields: readonly Field[]): void {
    const [a, b, c, d] = fields;
    if (table === "stream") this.#takeStream(fields);
    else if (table === "settled" || table === "gap") this.#takeRange(fields.slice(0, 3), d);
    else if (table === "cursor" && typeof a === "string" && typeof b === "string" && typeof c === "number") {
      if ((this.cursors.get(a)?.moved ?? -1) < c) this.cursors.set(a, { cursor: b, moved: c });
    } else if (table === "answer") this.answers.set(`${String(a)} ${String(b)} ${String(c)}`, fields);
    else if (table === "rejected" && typeof a === "number") this.rejected.set(a, fields);
    else if (table === "quarantine" && typeof a === "number") this.quarantine.set(a, fields);
    else if (table === "meta" && typeof a === "string" && typeof b === "string") this.#takeMeta(a, b);
  }

  #takeStream([number, uuid, destination, , next, dropped, rejected]: readonly Field[]): void {
    if (!isStreamNumber(number) || typeof uuid !== "string" || !UUID.test(uuid) || typeof destination !== "string") return;
    if (typeof next !== "number" || typeof dropped !== "number" || typeof rejected !== "number" || next < 1 || next > SPAN) return;
    const before = this.streams.get(number);
    const isGone = before?.uuid === uuid && before.isGone;
    const best = (known: number | undefined, found: number): number => Math.max(before?.uuid === uuid ? (known ?? 0) : 0, found);
    this.streams.set(number, { number, uuid, destination, next: best(before?.next, next), dropped: best(before?.dropped, dropped), rejected: best(before?.rejected, rejected), isGone });
  }

  /** The second copy of a stream's name, or of what it has settled, on another page than the first. */
  #takeMeta(name: string, value: string): void {
    this.meta.set(name, value);
    const kept = readFloor(name, value);
    if (kept !== undefined) this.floors.set(kept.uuid, Math.max(kept.floor, this.floors.get(kept.uuid) ?? 0));
    const number = Number(/^stream:(\d+)$/.exec(name)?.[1]);
    if (!isStreamNumber(number)) return;
    const found = parseStreamMeta(value);
    if (found === undefined) return;
    const before = this.streams.get(number);
    if (before === undefined || before.uuid === found.uuid) {
      this.streams.set(number, { number, next: 1, dropped: 0, rejected: 0, destination: "", ...before, ...found, isGone: found.isGone || before?.isGone === true });
    }
  }

  /** A settled range, or with a reason a gap. */
  #takeRange([stream, first, last]: readonly Field[], reason: Field | undefined): void {
    if (!isStreamNumber(stream) || typeof first !== "number" || typeof last !== "number" || first < 1 || last < first || last >= SPAN) return;
    if (reason === undefined) getOrMake(this.settled, stream, () => new RangeSet()).add(first, last);
    else if (isReason(reason)) getOrMake(this.gaps, stream, () => []).push({ first, last, reason });
  }
}

function parseStreamMeta(value: string): { readonly uuid: string; readonly isGone: boolean; readonly destination?: string } | undefined {
  try {
    const { uuid, destination, isGone }: { readonly uuid?: unknown; readonly destination?: unknown; readonly isGone?: unknown } = JSON.parse(value) ?? {};
    if (typeof uuid !== "string" || !UUID.test(uuid)) return undefined;
    return { uuid, isGone: isGone === true, ...(typeof destination === "string" ? { destination } : {}) };
  } catch {
    return undefined;
  }
}

function isStreamNumber(value: Field | undefined): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_STREAM_NUMBER;
}

function isReason(value: Field): value is GapReason {
  return REASONS.some((reason) => reason === value);
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
