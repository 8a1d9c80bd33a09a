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

interface Last {
  seq: number;
  time: string;
}

/** `repeated` holds the hashes of the keys that their source gave out more than once: their times say nothing about order. */
export function makeStreamCheck(repeated: ReadonlySet<number>): StreamCheck {
  const figures: StreamFigures = { readings: 0, sameSeq: 0, outOfOrder: 0, gapReadings: 0 };
  const streams = new Map<string, RangeSet>();
  const lasts = new Map<string, Last>();
  const received = (stream: string): RangeSet => {
    let set = streams.get(stream);
    if (set === undefined) streams.set(stream, (set = makeRangeSet()));
    return set;
  };
  const checkOrder = (line: LedgerLine, seq: number): void => {
    const lane = line.event !== undefined ? "events" : line.historical === true ? "backlog" : "live";
    const lastKey = `${line.stream} ${lane} ${line.asset} ${line.point ?? ""}`;
    const last = lasts.get(lastKey);
    const time = line.sourceTime ?? "";
    const tellsTime = time !== "" && !repeated.has(hashOf(readingKey(line)));
    if (last === undefined) return void lasts.set(lastKey, { seq, time: tellsTime ? time : "" });
    if (seq < last.seq || (tellsTime && time < last.time)) figures.outOfOrder += 1;
    last.seq = Math.max(last.seq, seq);
    if (tellsTime && time > last.time) last.time = time;
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
      const seq = line.seq ?? 0;
      if (!set.add(seq)) {
        figures.sameSeq += 1;
        return false;
      }
      figures.readings += 1;
      checkOrder(line, seq);
      return true;
    },
    streams: () => [...streams].map(([stream, set]) => ({ stream, received: set.size(), missing: set.holes(), last: set.max() })),
  };
}
