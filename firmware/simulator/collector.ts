// The collector of the simulated cloud: checks each stream, counts, and writes down every reading it receives.

import type { Clock } from "../../drivers/contract/clock.ts";
import { makeFineTime, parseMicros } from "./fine-time.ts";
import { makeLatencies, type Latencies } from "./latency.ts";
import type { LedgerFile } from "./ledger-file.ts";
import { makeRangeSet, type RangeSet } from "./range-set.ts";
import { isTelemetryTopic, readTelemetry, type TelemetryReading } from "./telemetry.ts";

export interface CollectorFigures {
  /** Messages of any kind. */
  readonly messages: number;
  /** Readings received for the first time; what is no telemetry counts as one reading each. */
  readonly readings: number;
  readonly events: number;
  /** Received again under the same (gateway, stream, seq). */
  readonly duplicates: number;
  /** Readings that gap records say were given up. */
  readonly dropped: number;
  /** Sequence numbers missing between the least and the greatest of their stream. */
  readonly missing: number;
  readonly streams: number;
  /** Messages that could not be read. */
  readonly unreadable: number;
  /** Milliseconds from source to here of live readings since the last question; null where there were none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface Collector {
  take(topic: string, payload: Buffer): void;
  /** The figures so far. The latencies begin anew with each call. */
  figures(): CollectorFigures;
}

interface Stream {
  readonly received: RangeSet;
  /** JSON text of the stream's id. */
  readonly label: string;
}

/** `ledger` gets one line for each reading, also for each repeat. */
export function makeCollector(clock: Clock, ledger: LedgerFile): Collector {
  const streams = new Map<string, Stream>();
  const latencies = makeLatencies();
  const fine = makeFineTime(clock);
  const counts: Counts = { messages: 0, readings: 0, events: 0, duplicates: 0, dropped: 0, unreadable: 0 };
  return {
    take(topic, payload) {
      counts.messages += 1;
      const micros = fine.now();
      if (!isTelemetryTopic(topic)) return takeForeign(payload, micros, counts, latencies);
      const telemetry = readTelemetry(topic, payload);
      if (typeof telemetry === "string") return void (counts.unreadable += 1);
      const stream = streamOf(streams, telemetry.gateway, telemetry.stream);
      const start = `{"stream":${stream.label}${telemetry.lane === undefined ? "" : `,"lane":${quoted(telemetry.lane)}`}`;
      for (const reading of telemetry.readings) {
        countReading(stream, reading, counts);
        ledger.add(start + (reading.gap === undefined ? readingText(reading, micros) : `,"gap":${JSON.stringify(reading.gap)}}`));
        if (reading.historical !== true && typeof reading.sourceTime === "string") latencies.add((micros - parseMicros(reading.sourceTime)) / 1000);
      }
    },
    figures() {
      const all = [...streams.values()];
      const missing = all.reduce((sum, { received }) => sum + received.holes(), 0);
      const answer = { ...counts, missing, streams: all.length, p50Ms: latencies.quantile(0.5), p99Ms: latencies.quantile(0.99) };
      latencies.reset();
      return answer;
    },
  };
}

type Counts = Record<"messages" | "readings" | "events" | "duplicates" | "dropped" | "unreadable", number>;

function countReading({ received }: Stream, { seq, event, gap }: TelemetryReading, counts: Counts): void {
  if (gap !== undefined) {
    counts.dropped += gap.last - gap.first + 1;
    received.addRange(gap.first, gap.last);
  } else if (!received.add(seq ?? 0)) counts.duplicates += 1;
  else counts[event === undefined ? "readings" : "events"] += 1;
}

/** A message that a plain broker bridge moved: a machine's sample as it is. */
function takeForeign(payload: Buffer, micros: number, counts: Counts, latencies: Latencies): void {
  counts.readings += 1;
  const at = payload.indexOf('"time":"');
  if (at < 0) return;
  const end = payload.indexOf(0x22, at + 8);
  latencies.add((micros - parseMicros(payload.toString("latin1", at + 8, end))) / 1000);
}

function streamOf(streams: Map<string, Stream>, gateway: string, id: string): Stream {
  const key = `${gateway} ${id}`;
  let stream = streams.get(key);
  if (stream === undefined) {
    stream = { received: makeRangeSet(), label: JSON.stringify(id) };
    streams.set(key, stream);
  }
  return stream;
}

const labels = new Map<string, string>();

/** JSON text of an id; remembered, since the same ids come again and again. */
function quoted(id: string | undefined): string {
  if (id === undefined) return "null";
  let label = labels.get(id);
  if (label === undefined) {
    label = JSON.stringify(id);
    if (labels.size < 100_000) labels.set(id, label);
  }
  return label;
}

function qualityText({ quality, reason }: TelemetryReading): string {
  return quality === undefined || quality === "good" ? "" : `,"quality":${JSON.stringify(quality)},"reason":${JSON.stringify(reason ?? null)}`;
}

/** What follows stream and lane in the ledger's line. */
function readingText(reading: TelemetryReading, micros: number): string {
  const start = `,"seq":${reading.seq ?? 0},"asset":${quoted(reading.asset)}`;
  const end = `${reading.historical === true ? ',"historical":true' : ""},"receivedMicros":${micros}}`;
  if (reading.event !== undefined) return `${start},"event":${JSON.stringify(reading.event.id)}${end}`;
  const time = typeof reading.sourceTime === "string" ? `"${reading.sourceTime}"` : "null";
  return `${start},"point":${quoted(reading.point)},"value":${JSON.stringify(reading.value ?? null)},"sourceTime":${time}${qualityText(reading)}${end}`;
}
