// The cloud's ledger in its own order: repeats of a (stream, seq), what is missing, and the order per point within a lane.

import { hashOf, readingKey, type LedgerLine } from "./ledger-lines.ts";
import { makeRangeSet, type RangeSet } from "./range-set.ts";

export interface StreamFigures {
  /** Distinct (stream, seq). */
  readings: number;
  /** Came again under the same (stream, seq): what at least once allows. */
  sameSeq: number;
  /** Came directly after a later one of its point in its lane. */
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

interface Place {
  seq: number;
  time: string;
}

/**
 * Whether a line follows the one before it of its point and lane, by seq and by the time of its source. The live lane carries
 * `historical` too, where a machine caught up; such a reading may follow either lane, the one whose end is nearest.
 */
function makeOrderCheck(repeated: ReadonlySet<number>): (line: LedgerLine) => boolean {
  const ends = new Map<string, Place>();
  const endOf = (line: LedgerLine, lane: string): Place => {
    const key = `${line.stream} ${lane} ${line.asset} ${line.point ?? ""}`;
    let end = ends.get(key);
    if (end === undefined) ends.set(key, (end = { seq: 0, time: "" }));
    return end;
  };
  return (line) => {
    const seq = line.seq ?? 0;
    const time = typeof line.sourceTime === "string" && !repeated.has(hashOf(readingKey(line))) ? line.sourceTime : "";
    const live = endOf(line, line.event === undefined ? "live" : "events");
    const backlog = line.historical === true && line.event === undefined ? endOf(line, "backlog") : live;
    const isLive = seq >= live.seq && (live.seq >= backlog.seq || seq < backlog.seq);
    const end = isLive ? live : backlog;
    const isInOrder = seq >= end.seq && (time === "" || time >= end.time);
    // Only one step back is counted: one reading that came too early is one fault, not as many as it overtook.
    end.seq = seq;
    if (time !== "") end.time = time;
    return isInOrder;
  };
}
