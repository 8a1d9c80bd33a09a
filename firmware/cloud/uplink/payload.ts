// Builds the payload of a telemetry message around bytes that core wrote, without parsing them, and packs it where asked.

import { promisify } from "node:util";
import { deflate, zstdCompress } from "node:zlib";
import { encodeId } from "../../../drivers/contract/identity.ts";
import type { CloudLink } from "../../config/cloud-section.ts";
import { TELEMETRY_LANES, TOPICS } from "../../protocol/cloud-payloads.ts";
import type { Telemetry } from "../../protocol/cloud-payloads.ts";

const packDeflate = promisify(deflate);
const packZstd = promisify(zstdCompress);
const SUFFIX = Buffer.from("}");

export type Compression = CloudLink["compression"];

/** The topics of this gateway; its id is one level whatever it holds. */
export function topicOf(name: keyof typeof TOPICS, gateway: string): string {
  return TOPICS[name].replace("{gateway}", encodeId(gateway));
}

/** Of one task, whose id is a UUID. */
export function taskTopic(gateway: string, id: string): string {
  return topicOf("task", gateway).replace("{task}", id);
}

export function telemetryTopic(gateway: string, compression: Compression): string {
  return topicOf(compression === "none" ? "telemetry" : compression === "deflate" ? "telemetryDeflate" : "telemetryZstd", gateway);
}

/** What a payload says of all its readings; stream and lane as in the lease's head. */
export type Envelope = Omit<Telemetry, "readings">;

/** The payload for `readings`, the JSON text of an array. Compression runs outside the event loop. */
export async function writeTelemetry(envelope: Envelope, readings: Uint8Array, compression: Compression): Promise<Buffer> {
  const text = Buffer.concat([Buffer.from(prefixOf(envelope)), readings, SUFFIX]);
  if (compression === "none") return text;
  return compression === "deflate" ? packDeflate(text) : packZstd(text);
}

/** What a payload has beside the readings at most; a stream's id is a UUID of 36 characters. */
export function envelopeBytes(gateway: string): number {
  const lengths = TELEMETRY_LANES.map((lane) => Buffer.byteLength(prefixOf({ gateway, stream: "0".repeat(36), lane })));
  return Math.max(...lengths) + SUFFIX.length;
}

/** Bytes of the whole PUBLISH packet at most (MQTT 5 §3.3): type, length, topic, packet id, properties' length, payload. */
export function packetBytes(topic: string, payloadBytes: number): number {
  return 1 + 4 + 2 + Buffer.byteLength(topic) + 2 + 1 + payloadBytes;
}

function prefixOf({ gateway, stream, lane }: Envelope): string {
  return `{"gateway":${JSON.stringify(gateway)},"stream":${JSON.stringify(stream)},"lane":${JSON.stringify(lane)},"readings":`;
}
