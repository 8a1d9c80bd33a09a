// The cloud's ledger in its own order: repeats of a (stream, seq), what is missing, and the order per point within a lane.

import { hashOf, readingKey, type LedgerLine } from "./ledger-lines.ts";
import { makeRangeSet, type RangeSet } from "./range-set.ts";

export interface StreamFigures {
  /** Distinct (stream, seq). */
  readings: number;
  /** Came again under the same (stream, seq): what at least once allows. */
  sameSeq: number;
  /** Came for the first time after a later one of its stream and lane, or after a newer value of its point there. */
  outOfOrder: number;
  /** The first of them. */
  readonly orderExamples: string[];
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
  const figures: StreamFigures = { readings: 0, sameSeq: 0, outOfOrder: 0, orderExamples: [], gapReadings: 0 };
  const streams = new Map<string, RangeSet>();
  const order = makeOrderCheck(repeated);
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
      const overtaken = isNew ? order(line) : undefined;
      if (overtaken !== undefined) {
        figures.outOfOrder += 1;
        if (figures.orderExamples.length < examples) figures.orderExamples.push(overtaken);
      }
      return isNew;
    },
    streams: () => [...streams].map(([stream, set]) => ({ stream, received: set.size(), missing: set.holes(), last: set.max() })),
  };
}

const examples = 10;

/**
 * Says of a first arrival whether the first arrivals still rise: in seq within its stream and lane, and in the time of their source
 * within its point there. Undefined, or a sentence. What has no source time, or was given out twice, has its seq only.
 */
function makeOrderCheck(repeated: ReadonlySet<number>): (line: LedgerLine) => string | undefined {
  const highest = new Map<string, number>();
  const newest = new Map<string, string>();
  return (line) => {
    const seq = line.seq ?? 0;
    const lane = `${line.stream} ${line.lane ?? ""}`;
    const point = `${lane} ${line.asset} ${line.point ?? ""}`;
    const time = typeof line.sourceTime === "string" && !repeated.has(hashOf(readingKey(line))) ? line.sourceTime : "";
    const before = { seq: highest.get(lane) ?? 0, time: newest.get(point) ?? "" };
    if (seq > before.seq) highest.set(lane, seq);
    if (time > before.time) newest.set(point, time);
    if (seq > before.seq && (time === "" || time > before.time)) return undefined;
    return `${line.asset} ${line.point ?? line.event ?? ""} in ${lane}: ${seq} of ${time} after ${before.seq}, its point at ${before.time}`;
  };
}
