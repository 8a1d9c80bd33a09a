// What a destination's verdict does within its transaction.

import type { Verdicts } from "./contract.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { SeqRange } from "../../conduit/shared.ts";
import type { Bounds } from "./limits.ts";
import type { Store } from "./store.ts";
import type { Stream } from "./stream.ts";

/** Ranges, or rejected readings, that one commit settles, whatever is told in one request: each is a few statements. */
const PER_COMMIT = 128;

/** Where verdicts are settled, and when. */
export interface Settling {
  readonly store: Store;
  readonly limits: Bounds;
  readonly stream: Stream;
  readonly nowMs: number;
}

/** How far verdicts are settled. */
export interface Place {
  readonly accepted: number;
  readonly rejected: number;
  /** Within the rejected range: the first number that is still to be settled. */
  readonly from?: number;
}

/** A rejected reading is read, written elsewhere and settled: some rows' work. */
const ROWS_PER_REJECTED = 4;

/** Roughly how many rows the next commit of it writes. */
export function rowsOf({ accepted, rejected }: Verdicts, place: Place): number {
  const ranges = accepted.length - place.accepted;
  const readings = rejected.slice(place.rejected).reduce((sum, { range: [first, last] }) => sum + last - first + 1, 0);
  return 2 * Math.min(ranges, PER_COMMIT) + ROWS_PER_REJECTED * Math.min(readings, PER_COMMIT);
}

/** Throws INPUT_INVALID when a range was never given. */
export function checkVerdicts(stream: Stream, verdicts: Verdicts): void {
  for (const range of [...verdicts.accepted, ...verdicts.rejected.map((one) => one.range), ...verdicts.kept]) checkRange(stream, range);
}

/** One commit's worth, from `place` on; returns where to go on, undefined at the end. Settling again what is settled changes nothing. */
export function settleVerdicts(where: Settling, verdicts: Verdicts, place: Place): Place | undefined {
  const { store, limits, stream } = where;
  const end = Math.min(verdicts.accepted.length, place.accepted + PER_COMMIT);
  for (const [first, last] of verdicts.accepted.slice(place.accepted, end)) store.settle(stream, first, last);
  if (end < verdicts.accepted.length) return { ...place, accepted: end };
  let left = PER_COMMIT - (end - place.accepted);
  let { from, rejected: index } = place;
  for (; index < verdicts.rejected.length && left > 0; index += 1) {
    const one = verdicts.rejected[index];
    if (one === undefined) break;
    const [first, last] = one.range;
    const { rows, next } = rejectRange(where, [from ?? first, last], one.reason, left);
    left -= rows + 1;
    from = next;
    if (next !== undefined) break;
  }
  if (index > place.rejected || from !== place.from) store.sql.trimRejected.run(limits.maxRejectedCount);
  return index < verdicts.rejected.length ? { accepted: end, rejected: index, ...(from === undefined ? {} : { from }) } : undefined;
}

function checkRange(stream: Stream, [first, last]: SeqRange): void {
  // A stream that is being recovered does not know its head yet.
  if (first <= last && (last < stream.next || stream.state === "recovering")) return;
  throw new Fault("INPUT_INVALID", `the range ${first} to ${last} was never given in stream ${stream.uuid}, whose next number is ${stream.next}`, { remedy: "Settle only what was leased." });
}

/** At most `most` readings; `next` is the first number after them where more may come. */
function rejectRange({ store, stream, nowMs }: Settling, [first, last]: SeqRange, reason: string, most: number): { readonly rows: number; readonly next?: number } {
  let count = 0;
  let until = last;
  for (const [a, b] of Array.from(stream.settled.missingWithin(first, last))) {
    const rows = store.sql.rows.all(stream.origin + a, stream.origin + b, most - count);
    for (const [id, , body] of rows) store.sql.insertRejected.run(stream.uuid, stream.destination, id - stream.origin, reason, nowMs, body);
    count += rows.length;
    if (count < most) continue;
    until = (rows.at(-1)?.[0] ?? 0) - stream.origin;
    break;
  }
  stream.rejected += count;
  stream.isDirty = true;
  store.settle(stream, first, until);
  return until < last ? { rows: count, next: until + 1 } : { rows: count };
}
