// Reads a telemetry message as docs/cloud-interface describes it: topic, compression, and the readings inside.

import { inflateSync, zstdDecompressSync } from "node:zlib";

export interface TelemetryReading {
  readonly seq?: number;
  readonly asset?: string;
  readonly point?: string;
  readonly value?: unknown;
  readonly quality?: string;
  readonly reason?: string;
  readonly sourceTime?: string | null;
  readonly historical?: boolean;
  readonly event?: { readonly id: string; readonly sourceTime?: string | null };
  readonly gap?: { readonly first: number; readonly last: number; readonly reason: string };
}

export interface Telemetry {
  readonly gateway: string;
  readonly stream: string;
  /** Absent from a gateway that does not tell it. */
  readonly lane?: string;
  readonly readings: readonly TelemetryReading[];
}

const topicPattern = /^weir\/v1\/([^/]+)\/telemetry(?:\/(deflate|zstd))?$/;
const inflatedLimit = 64 * 1_048_576;

export function isTelemetryTopic(topic: string): boolean {
  return topicPattern.test(topic);
}

/** The message's content; a sentence that says why where it is none. Bounded: at most 64 MiB are inflated. */
export function readTelemetry(topic: string, payload: Buffer): Telemetry | string {
  const match = topicPattern.exec(topic);
  if (match === null) return `topic ${topic} is not one of telemetry`;
  try {
    const parsed: unknown = JSON.parse(inflate(match[2], payload).toString("utf8"));
    return isTelemetry(parsed) ? parsed : "the payload has no gateway, stream or readings";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function inflate(compression: string | undefined, payload: Buffer): Buffer {
  if (compression === "deflate") return inflateSync(payload, { maxOutputLength: inflatedLimit });
  if (compression === "zstd") return zstdDecompressSync(payload, { maxOutputLength: inflatedLimit });
  return payload;
}

function isTelemetry(parsed: unknown): parsed is Telemetry {
  if (typeof parsed !== "object" || parsed === null) return false;
  const { gateway, stream, lane, readings } = parsed as Partial<Record<keyof Telemetry, unknown>>;
  return typeof gateway === "string" && typeof stream === "string" && (lane === undefined || typeof lane === "string") && Array.isArray(readings);
}
