// Compares what machines saw acknowledged with what the cloud received, in bounded memory: both are split by key into portions.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../drivers/contract/fault.ts";
import { openLedger } from "./ledger-file.ts";
import { hashOf, parseLine, readingKey, textLines, type LedgerLine } from "./ledger-lines.ts";
import { makeStreamCheck, type StreamCheck, type StreamFigures } from "./ledger-streams.ts";

export interface Comparison {
  /** Readings acknowledged to their machines. */
  readonly acknowledged: number;
  /** Readings that machines made and nobody acknowledged. */
  readonly unacknowledged: number;
  /** Acknowledged and not in the cloud's ledger. */
  readonly lost: number;
  /** The first of them, for a look. */
  readonly lostExamples: readonly string[];
  /** Distinct (stream, seq) that the cloud received. */
  readonly received: number;
  readonly uplinkDuplicates: {
    /** The same (stream, seq) again: what a receiver drops by rule. */
    readonly sameSeq: number;
    /** The same reading under another seq of its stream, though its source gave it once. Must be 0. */
    readonly otherSeq: number;
    /** The same reading under another stream (an outbox was set aside or restored between), though its source gave it once. Must be 0. */
    readonly otherStream: number;
    /** A (stream, seq) that named two different readings. Must be 0. */
    readonly reusedSeq: number;
  };
  /** The same reading under several (stream, seq), because its source gave it out as often. */
  readonly sourceDuplicates: number;
  /** Received, but in no machine's ledger. */
  readonly unknown: number;
  /** First arrivals that came after a higher seq of their stream and lane, or after a newer source time of their point there. Must be 0. */
  readonly outOfOrder: number;
  readonly orderExamples: readonly string[];
  readonly gapReadings: number;
  readonly streams: ReturnType<StreamCheck["streams"]>;
}

const portionBytes = 24 * 1_048_576;
const examples = 10;

/** Reads both ledgers twice at most; needs their size again under the temporary directory. Throws INPUT_INVALID for a file that is not there, SyntaxError for a line that is no JSON. */
export function compareLedgers(machines: readonly string[], clouds: readonly string[]): Comparison {
  const bytes = [...machines, ...clouds].reduce((sum, path) => sum + sizeOf(path), 0);
  const folder = mkdtempSync(join(tmpdir(), "weir-ledger-"));
  try {
    const portions = Array.from({ length: Math.ceil(bytes / portionBytes) + 1 }, (_, index) => join(folder, String(index)));
    const { check, unacknowledged } = splitByKey(machines, clouds, portions);
    const sums = { acknowledged: 0, lost: 0, otherSeq: 0, otherStream: 0, sameSeq: 0, sourceDuplicates: 0, unknown: 0 };
    const lostExamples: string[] = [];
    for (const portion of portions) comparePortion(portion, sums, lostExamples);
    return summary(sums, check, { unacknowledged, lostExamples });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() !== true) throw new Fault("INPUT_INVALID", "there is no such ledger.", { where: path, remedy: "Name the files that `--ledger` wrote, the machines' first." });
  return found.size;
}

/** Whether the comparison shows what must never happen. */
export function hasFailed({ lost, outOfOrder, uplinkDuplicates: { otherSeq, otherStream, reusedSeq } }: Comparison): boolean {
  return lost + outOfOrder + otherSeq + otherStream + reusedSeq > 0;
}

function summary(sums: PortionSums, check: StreamCheck, more: Pick<Comparison, "unacknowledged" | "lostExamples">): Comparison {
  const { readings, sameSeq, outOfOrder, orderExamples, gapReadings }: StreamFigures = check.figures;
  const { acknowledged, lost, otherSeq, otherStream, sourceDuplicates, unknown } = sums;
  const uplinkDuplicates = { sameSeq, otherSeq, otherStream, reusedSeq: sameSeq - sums.sameSeq };
  return { acknowledged, ...more, lost, received: readings, uplinkDuplicates, sourceDuplicates, unknown, outOfOrder, orderExamples, gapReadings, streams: check.streams() };
}

function splitByKey(machines: readonly string[], clouds: readonly string[], paths: readonly string[]): { check: StreamCheck; unacknowledged: number } {
  const portions = paths.map(openLedger);
  const repeated = new Set<number>();
  let unacknowledged = 0;
  const put = (key: string, hash: number, line: string): void => portions[hash % portions.length]?.add(`${line}\t${key}`);
  for (const path of machines) {
    for (const text of textLines(path)) {
      const line = parseLine(text);
      const key = readingKey(line);
      const hash = hashOf(key);
      if (line.read === true || (line.sent ?? 1) > 1) repeated.add(hash);
      if (line.acknowledged === false) unacknowledged += 1;
      put(key, hash, line.acknowledged === true ? `A\t${line.sent ?? 1}` : `M\t${line.read === true ? 1 : (line.sent ?? 1)}`);
    }
  }
  const check = makeStreamCheck(repeated);
  for (const path of clouds) {
    for (const text of textLines(path)) {
      const line: LedgerLine = parseLine(text);
      check.take(line);
      if (line.gap !== undefined) continue;
      const key = readingKey(line);
      put(key, hashOf(key), `C\t${line.stream} ${line.seq}`);
    }
  }
  for (const portion of portions) portion.close();
  return { check, unacknowledged };
}

interface PortionSums {
  acknowledged: number;
  lost: number;
  otherSeq: number;
  otherStream: number;
  sameSeq: number;
  sourceDuplicates: number;
  unknown: number;
}

interface Found {
  given: number;
  isAcknowledged: boolean;
  /** `stream seq` of each place where the cloud has it. */
  places: string[];
}

function comparePortion(path: string, sums: PortionSums, lostExamples: string[]): void {
  const found = new Map<string, Found>();
  for (const text of textLines(path)) {
    const [kind = "", detail = "", key = ""] = text.split("\t");
    let entry = found.get(key);
    if (entry === undefined) found.set(key, (entry = { given: 0, isAcknowledged: false, places: [] }));
    if (kind === "C") {
      if (entry.places.includes(detail)) sums.sameSeq += 1;
      else entry.places.push(detail);
      continue;
    }
    entry.given += Number(detail);
    if (kind === "A") {
      entry.isAcknowledged = true;
      sums.acknowledged += 1;
    }
  }
  for (const [key, entry] of found) {
    if (entry.isAcknowledged && entry.places.length === 0) {
      sums.lost += 1;
      if (lostExamples.length < examples) lostExamples.push(key);
    }
    if (entry.given === 0) sums.unknown += 1;
    else if (entry.places.length > 1) countRepeats(entry, sums);
  }
}

function countRepeats({ given, places }: Found, sums: PortionSums): void {
  const streams = new Set(places.map((place) => place.slice(0, place.indexOf(" "))));
  const bySource = Math.min(places.length, given) - 1;
  const beyond = places.length - 1 - bySource;
  const otherStream = Math.min(beyond, streams.size - 1);
  sums.sourceDuplicates += bySource;
  sums.otherStream += otherStream;
  sums.otherSeq += beyond - otherStream;
}
