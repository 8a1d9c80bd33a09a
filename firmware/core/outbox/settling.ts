// What a destination's verdict does within its transaction.

import type { Verdicts } from "./contract.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { SeqRange } from "../../conduit/shared.ts";
import { ROWS_PER_COMMIT, type Bounds } from "./limits.ts";
import type { Store } from "./store.ts";
import type { Stream } from "./stream.ts";

/** Throws INPUT_INVALID when a range was never given. Settling again what is settled changes nothing. */
export function settleVerdicts(store: Store, limits: Bounds, stream: Stream, verdicts: Verdicts, nowMs: number): void {
  for (const range of [...verdicts.accepted, ...verdicts.rejected.map((one) => one.range), ...verdicts.kept]) checkRange(stream, range);
  for (const [first, last] of verdicts.accepted) store.settle(stream, first, last);
  for (const { range, reason } of verdicts.rejected) rejectRange(store, stream, range, reason, nowMs);
  if (verdicts.rejected.length > 0) store.sql.trimRejected.run(limits.maxRejectedCount);
}

function checkRange(stream: Stream, [first, last]: SeqRange): void {
  // A stream that is being recovered does not know its head yet.
  if (first <= last && (last < stream.next || stream.state === "recovering")) return;
  throw new Fault("INPUT_INVALID", `the range ${first} to ${last} was never given in stream ${stream.uuid}, whose next number is ${stream.next}`, { remedy: "Settle only what was leased." });
}

function rejectRange(store: Store, stream: Stream, [first, last]: SeqRange, reason: string, nowMs: number): void {
  for (const [a, b] of Array.from(stream.settled.missingWithin(first, last))) {
    for (let from = stream.origin + a; from <= stream.origin + b; ) {
      const rows = store.sql.rows.all(from, stream.origin + b, ROWS_PER_COMMIT);
      for (const [id, , body] of rows) store.sql.insertRejected.run(stream.uuid, stream.destination, id - stream.origin, reason, nowMs, body);
      stream.rejected += rows.length;
      from = rows.length < ROWS_PER_COMMIT ? Number.POSITIVE_INFINITY : (rows.at(-1)?.[0] ?? 0) + 1;
    }
  }
  stream.isDirty = true;
  store.settle(stream, first, last);
}
