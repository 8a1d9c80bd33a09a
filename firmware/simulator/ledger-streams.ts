// The cloud's ledger in its own order: repeats of a (stream, seq), what is missing, and the order per point within a lane.

import { hashOf, readingKey, type LedgerLine } from "./ledger-lines.ts";
import { makeRangeSet, type RangeSet } from "./range-set.ts";

export interface StreamFigures {
  /** Distinct (stream, seq). */
  readings: number;
  /** Came again under the same (stream, seq): what at least once allows. */
  sameSeq: number;
  /** Came after a later one of its point in its lane. */
  outOfOrder: number;
  /** Readings that gap records name. */
  gapReadings: number;
}

export interface StreamCheck {
  readonly figures: StreamFigures;
  /** Takes one line; false for a gap record and for a repeat. */
  take(line: LedgerLine): boolean;
  streams(): { readonly stream: string; readonly received: number; readonly missing: number; readonly last: number }[];
}

/** `repeated` holds the hashes of the keys that their source gave out more than once: their times say nothing about order. */
export function makeStreamCheck(repeated: ReadonlySet<number>): StreamCheck {
  const figures: StreamFigures = { readings: 0, sameSeq: 0, outOfOrder: 0, gapReadings: 0 };
  const streams = new Map<string, RangeSet>();
  const isInOrder = makeOrderCheck(repeated);
  const received = (stream: string): RangeSet => {
    let set = streams.get(stream);
    if (set === undefined) streams.set(stream, (set = makeRangeSet()));
    return set;
  };
  return {
    figures,
    take(line) {
      const set = received(line.stream ?? "");
      if (line.gap !== undefined) {
        figures.gapReadings += line.gap.last - line.gap.first + 1;
        set.addRange(line.gap.first, line.gap.last);
        return false;
      }
      const isNew = set.add(line.seq ?? 0);
      figures[isNew ? "readings" : "sameSeq"] += 1;
      if (isNew && !isInOrder(line)) figures.outOfOrder += 1;
      return isNew;
    },
    streams: () => [...streams].map(([stream, set]) => ({ stream, received: set.size(), missing: set.holes(), last: set.max() })),
  };
}

/** Whether a line comes after all before it of its point and lane, by seq and by the time of its source. */
function makeOrderCheck(repeated: ReadonlySet<number>): (line: LedgerLine) => boolean {
  const lasts = new Map<string, { seq: number; time: string }>();
  return (line) => {
    const lane = line.event !== undefined ? "events" : line.historical === true ? "backlog" : "live";
    const key = `${line.stream} ${lane} ${line.asset} ${line.point ?? ""}`;
    const seq = line.seq ?? 0;
    const time = typeof line.sourceTime === "string" && !repeated.has(hashOf(readingKey(line))) ? line.sourceTime : "";
    const last = lasts.get(key);
    if (last === undefined) {
      lasts.set(key, { seq, time });
      return true;
    }
    const isLater = seq >= last.seq && (time === "" || time >= last.time);
    last.seq = Math.max(last.seq, seq);
    if (time > last.time) last.time = time;
    return isLater;
  };
}
