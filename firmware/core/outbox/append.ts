// What one append or quarantine request does within its transaction.

import type { AppendAnswer, AppendRequest, QuarantineRequest, SetApart } from "./contract.ts";
import { ANSWERS_PER_EPOCH, type Bounds } from "./limits.ts";
import type { RequestIdentity } from "../../conduit/route.ts";
import { describeReading } from "./reading-text.ts";
import { SAMPLE } from "./schema.ts";
import type { Store } from "./store.ts";

export const QUARANTINE_DROPPED = "quarantine.dropped";

/** Stores the request, or finds the answer that its first coming got. */
export function appendRequest(store: Store, limits: Bounds, request: AppendRequest, nowMs: number): AppendAnswer {
  const first = firstAnswer(store, request);
  if (first !== undefined) return first;
  const apart = request.apart ?? [];
  for (const one of apart) setApart(store, limits, request.zone, one, nowMs);
  const answer = { ...storeReadings(store, request), quarantined: apart.length };
  for (const { asset, cursor } of request.cursors ?? []) store.sql.setCursor.run(asset, cursor, (store.lastMove += 1));
  remember(store, request, answer);
  return answer;
}

/** Puts one payload into the quarantine, once per request number. */
export function quarantineRequest(store: Store, limits: Bounds, request: QuarantineRequest, nowMs: number): void {
  if (firstAnswer(store, request) !== undefined) return;
  setApart(store, limits, request.zone, request, nowMs);
  remember(store, request, { accepted: 0, repeated: 0, quarantined: 1 });
}

function storeReadings(store: Store, { readings }: AppendRequest): { readonly accepted: number; readonly repeated: number } {
  const streams = store.openStreams();
  let repeated = 0;
  for (const reading of readings) {
    const text = describeReading(reading);
    const known = text.identity === undefined ? undefined : store.recent.look(text.identity);
    if (known?.isRepeat === true) {
      repeated += 1;
      continue;
    }
    let place: number | string = text.identity ?? "";
    for (const stream of streams) {
      const seq = stream.next;
      store.insertReading(stream, seq, text, known?.key ?? null);
      stream.next = seq + 1;
      stream.isDirty = true;
      if ((text.class & SAMPLE) === 0) stream.lastEvent = seq;
      place = stream.origin + seq;
    }
    if (known !== undefined) store.recent.add(known.key, place);
  }
  return { accepted: readings.length - repeated, repeated };
}

function firstAnswer(store: Store, { zone, identity }: { readonly zone: string; readonly identity?: RequestIdentity | undefined }): AppendAnswer | undefined {
  return identity === undefined ? undefined : store.sql.answer.get(zone, identity.epoch, identity.number);
}

function remember(store: Store, { zone, identity }: { readonly zone: string; readonly identity?: RequestIdentity | undefined }, answer: AppendAnswer): void {
  if (identity === undefined) return;
  const begun = store.epochBegun(zone, identity.epoch);
  store.sql.insertAnswer.run(zone, identity.epoch, identity.number, begun, answer.accepted, answer.repeated, answer.quarantined);
  store.sql.deleteAnswers.run(zone, identity.epoch, identity.number - ANSWERS_PER_EPOCH);
}

function setApart(store: Store, limits: Bounds, zone: string, { asset, reason, payload }: SetApart, nowMs: number): void {
  const { sql, quarantine } = store;
  sql.insertQuarantine.run(zone, asset, reason, nowMs, payload);
  quarantine.count += 1;
  quarantine.bytes += payload.length;
  while (quarantine.count > limits.maxQuarantineCount || quarantine.bytes > limits.maxQuarantineBytes) {
    const oldest = sql.oldestQuarantined.get();
    if (oldest === undefined) break;
    sql.deleteQuarantined.run(oldest.id);
    quarantine.count -= 1;
    quarantine.bytes -= oldest.bytes;
    sql.setMeta.run(QUARANTINE_DROPPED, String(Number(sql.meta.get(QUARANTINE_DROPPED) ?? 0) + 1));
  }
}

/** A rough size without writing it all out: it bounds what waits, no more. */
export function sizeOf(request: AppendRequest): number {
  let bytes = 256 * (request.readings.length + (request.cursors?.length ?? 0));
  for (const reading of request.readings) if ("value" in reading && (typeof reading.value === "string" || Array.isArray(reading.value))) bytes += 8 * reading.value.length;
  for (const { payload } of request.apart ?? []) bytes += payload.length;
  return bytes;
}
