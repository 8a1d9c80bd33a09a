// A reading as the outbox keeps it: the JSON that goes on the wire, and what recognises it when its source sends it again.

import { crc32 } from "node:zlib";
import type { EventBody, EventReading, Reading, Sample } from "../../../drivers/contract/reading.ts";
import { isEvent } from "../../../drivers/contract/reading.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import { LATE, SAMPLE } from "./schema.ts";

export interface ReadingText {
  readonly class: number;
  /** Gateway time in milliseconds. */
  readonly timeMs: number;
  /** The JSON members without `seq` and `historical`, without braces. */
  readonly body: string;
  /** What is equal when a source sends the reading again; undefined when it cannot be recognised. */
  readonly identity: string | undefined;
}

/** Throws INPUT_INVALID when the gateway time is no time. */
export function describeReading(reading: Reading): ReadingText {
  const timeMs = Date.parse(isEvent(reading) ? reading.event.gatewayTime : reading.gatewayTime);
  if (Number.isNaN(timeMs)) throw new Fault("INPUT_INVALID", "a reading's gatewayTime is no time", { where: reading.asset, remedy: "Send ISO 8601 in UTC." });
  const late = reading.historical === true ? LATE : 0;
  if (isEvent(reading)) return { class: late, timeMs, body: eventBody(reading), identity: eventIdentity(reading) };
  return { class: SAMPLE | late, timeMs, body: sampleBody(reading), identity: sampleIdentity(reading) };
}

function sampleBody(sample: Sample): string {
  const { asset, point, value, quality, reason, unit, dataType, sourceTime, gatewayTime, timeQuality } = sample;
  return JSON.stringify({ asset, point, value, quality, reason, unit, dataType, sourceTime, gatewayTime, timeQuality }).slice(1, -1);
}

function eventBody({ asset, event }: EventReading): string {
  return JSON.stringify({ asset, event }).slice(1, -1);
}

/** All but when and how the gateway received it: a source repeats the rest unchanged, and what differs in it is another reading. */
function sampleIdentity({ asset, point, sourceTime, value, quality, reason, unit, dataType }: Sample): string | undefined {
  return sourceTime === null ? undefined : JSON.stringify([asset, point, sourceTime, value, quality, reason, unit, dataType]);
}

function eventIdentity({ asset, event }: EventReading): string {
  const { id, type, severity, message, active, acknowledged, sourceTime }: EventBody = event;
  return JSON.stringify([asset, id, type, severity, message, active, acknowledged, sourceTime]);
}

/** The identity of a stored body. Throws SyntaxError when it is no JSON. */
export function identityOfBody(body: string): string | undefined {
  const reading = JSON.parse(`{${body}}`) as Reading;
  return isEvent(reading) ? eventIdentity(reading) : sampleIdentity(reading);
}

/** A 53-bit hash (two lanes of FNV-like multiplication); a collision costs a comparison, never a reading. */
export function hashIdentity(identity: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < identity.length; index += 1) {
    const code = identity.charCodeAt(index);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
}

/** What `checksum` starts from for the rows of one stream. */
export function checksumSeed(uuid: string): number {
  return crc32(uuid);
}

export function checksum(seed: number, seq: number, body: string): number {
  return crc32(body, (seed ^ (seq >>> 0) ^ Math.floor(seq / 4_294_967_296)) >>> 0);
}
