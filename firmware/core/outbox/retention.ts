// Deletes what is confirmed, and drops what must be dropped: the oldest of the lowest class, as gap records.

import type { DropEvent, GapReason } from "./contract.ts";
import { keepFloor } from "./floor.ts";
import { ROWS_PER_COMMIT, type Bounds } from "./limits.ts";
import type { Range } from "./range-set.ts";
import { SAMPLE } from "./schema.ts";
import type { KindRow } from "./statements.ts";
import type { Store } from "./store.ts";
import type { Stream } from "./stream.ts";

/** Inside a transaction: deletes rows that are settled and too old to recognise a repeat by. Returns how many; ROWS_PER_COMMIT when there are more. */
export function purgeSettled(store: Store, limits: Bounds, keepRows: number = limits.recentRows): number {
  let left = ROWS_PER_COMMIT;
  for (const stream of Array.from(store.streams.values())) {
    if (stream.state === "recovering") continue;
    const limit = stream.next - 1 - rowsToKeep(store, stream, keepRows);
    for (const [first, last] of Array.from(stream.settled.within(1, limit))) {
      for (const [a, b] of Array.from(stream.purged.missingWithin(first, last))) {
        left -= purgeRange(store, stream, a, b, left);
        if (left > 0) continue;
        keepFloor(store.sql, stream, true);
        return ROWS_PER_COMMIT;
      }
    }
    keepFloor(store.sql, stream, left < ROWS_PER_COMMIT);
    if (stream.state === "draining" && stream.settled.size >= stream.next - 1 && limit >= stream.next - 1) store.removeStream(stream);
  }
  return ROWS_PER_COMMIT - left;
}

/** The newest rows of a destination serve to recognise what is sent again, also those of the stream before its present one. */
function rowsToKeep(store: Store, stream: Stream, keepRows: number): number {
  if (stream.state === "open") return keepRows;
  const successor = store.streamsOf(stream.destination).find(({ state }) => state === "open");
  return successor === undefined ? 0 : Math.max(0, keepRows - successor.next + 1);
}

function purgeRange(store: Store, stream: Stream, first: number, last: number, limit: number): number {
  const beyond = store.sql.idAfter.get(stream.origin + first, stream.origin + last, limit);
  const end = beyond === undefined ? last : beyond - stream.origin - 1;
  const { changes } = store.sql.deleteRows.run(stream.origin + first, stream.origin + end);
  stream.purged.add(first, end);
  return changes;
}

export interface Dropped {
  readonly events: readonly DropEvent[];
  /** Rows that were looked at; 0 when there is nothing left to drop. */
  readonly seen: number;
}

/**
 * Inside a transaction: drops up to ROWS_PER_COMMIT readings that nobody has leased, the oldest stream first; events only when
 * `isSampleOnly` is false. Of each stream only what lies before `end`; everything unless said.
 */
export function dropOldest(store: Store, reason: GapReason, isSampleOnly: boolean, end = (stream: Stream): number => stream.next): Dropped {
  const events: DropEvent[] = [];
  let seen = 0;
  const streams = [...store.streams.values()].filter((stream) => stream.state !== "recovering").sort((a, b) => a.number - b.number);
  for (const stream of streams) {
    if (!isSampleOnly) stream.from.drop = 1;
    const found = findDroppable(store, stream, { isSampleOnly, end: Math.min(stream.next, end(stream)), limit: ROWS_PER_COMMIT - seen });
    seen += found.seen;
    for (const range of found.ranges) events.push(dropRange(store, stream, range, reason));
    if (seen >= ROWS_PER_COMMIT) break;
  }
  return { events, seen };
}

interface Search {
  readonly isSampleOnly: boolean;
  /** The first reading that stays. */
  readonly end: number;
  readonly limit: number;
}

/** Contiguous runs of droppable readings from the stream's oldest on. */
function findDroppable(store: Store, stream: Stream, search: Search): { readonly ranges: readonly Range[]; readonly seen: number } {
  const ranges: [number, number][] = [];
  let seen = 0;
  let next = stream.from.drop;
  while (seen < search.limit) {
    const free = stream.taken.nextFree(next);
    const first = stream.gaps.covered.nextFree(free);
    if (first >= search.end) break;
    next = first;
    if (first !== free) continue;
    const last = Math.min(search.end, stream.taken.nextIn(first), stream.gaps.covered.nextIn(first)) - 1;
    const rows = store.sql.kinds.all(stream.origin + first, stream.origin + last, search.limit - seen);
    collectRuns(stream, rows, search.isSampleOnly, ranges);
    next = rows.length < search.limit - seen ? last + 1 : (rows.at(-1)?.[0] ?? 0) - stream.origin + 1;
    seen += Math.max(1, rows.length);
  }
  stream.from.drop = next;
  return { ranges, seen: ranges.length === 0 && next >= search.end ? 0 : seen };
}

/** Adds the rows that may go to the runs. */
function collectRuns(stream: Stream, rows: readonly KindRow[], isSampleOnly: boolean, runs: [number, number][]): void {
  for (const [id, bits] of rows) {
    const seq = id - stream.origin;
    if (isSampleOnly && (bits & SAMPLE) === 0) continue;
    const run = runs.at(-1);
    if (run !== undefined && run[1] === seq - 1) run[1] = seq;
    else runs.push([seq, seq]);
  }
}

function dropRange(store: Store, stream: Stream, [first, last]: Range, reason: GapReason): DropEvent {
  const { changes } = store.sql.deleteRows.run(stream.origin + first, stream.origin + last);
  store.addGap(stream, [first, last], reason);
  stream.dropped += changes;
  stream.isDirty = true;
  return { destination: stream.destination, stream: stream.uuid, first, last, count: changes, reason };
}

/** Inside a transaction: numbers that are neither stored nor known as gaps become gaps, so that the destination learns of them. */
export function recordHoles(store: Store, stream: Stream, holes: readonly Range[]): readonly DropEvent[] {
  const events: DropEvent[] = [];
  // A stream of a database that was replaced meanwhile.
  if (store.streams.get(stream.uuid) !== stream) return events;
  for (const [first, last] of holes) {
    for (const [a, b] of Array.from(stream.settled.missingWithin(first, last))) {
      for (const [c, d] of Array.from(stream.gaps.covered.missingWithin(a, b))) {
        if (store.sql.rows.all(stream.origin + c, stream.origin + d, 1).length > 0) continue;
        store.addGap(stream, [c, d], "damaged");
        stream.dropped += d - c + 1;
        stream.isDirty = true;
        events.push({ destination: stream.destination, stream: stream.uuid, first: c, last: d, count: d - c + 1, reason: "damaged" });
      }
    }
  }
  return events;
}
