// The packets of a connected client, read strictly: PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT.

import { ByteReader } from "./byte-reader.ts";
import type { Packet } from "./packet-stream.ts";
import { readProperties } from "./properties.ts";
import { REASON, violation } from "./reason.ts";

export interface Message {
  readonly topic: string;
  /** A view of the bytes as they came; keeps them alive. */
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  /** 0 for QoS 0. */
  readonly packetId: number;
  readonly isRetained: boolean;
  /** The client says that it may have sent it before. */
  readonly isDuplicate: boolean;
}

export interface FilterRequest {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
}

export interface SubscribeRequest {
  readonly packetId: number;
  readonly filters: readonly FilterRequest[];
  /** MQTT 5 §3.8.2.1.2; not offered. */
  readonly hasIdentifier: boolean;
}

/** `readTopic` gives the checked topic of the bytes between two places, or throws a violation. */
export function readPublish({ head, bytes, start, end }: Packet, isVersion5: boolean, readTopic: (bytes: Buffer, start: number, end: number) => string): Message {
  const qos = (head >> 1) & 3;
  if (qos === 2) throw violation(REASON.qosNotSupported, "sent a message with QoS 2", "Set the machine to publish with QoS 1.");
  if (qos === 3) throw violation(REASON.malformed, "sent a message with both QoS bits set");
  const isDuplicate = (head & 8) !== 0;
  if (qos === 0 && isDuplicate) throw violation(REASON.protocolError, "sent a message with QoS 0 and the DUP flag");
  const topicStart = start + 2;
  const topicEnd = topicStart + (((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0));
  let at = topicEnd + (qos === 0 ? 0 : 2);
  if (topicStart > end || at > end) throw violation(REASON.malformed, "sent a message that ends within its topic");
  const packetId = qos === 0 ? 0 : ((bytes[topicEnd] ?? 0) << 8) | (bytes[topicEnd + 1] ?? 0);
  if (qos === 1 && packetId === 0) throw violation(REASON.protocolError, "sent a message with packet id 0");
  if (isVersion5) {
    if (at < end && bytes[at] === 0) at += 1;
    else at = skipProperties({ bytes, start: at, end });
  }
  if (topicEnd === topicStart) throw violation(isVersion5 ? REASON.protocolError : REASON.malformed, "sent a message without a topic");
  return { topic: readTopic(bytes, topicStart, topicEnd), payload: bytes.subarray(at, end), qos: qos === 0 ? 0 : 1, packetId, isRetained: (head & 1) !== 0, isDuplicate };
}

function skipProperties(place: Pick<Packet, "bytes" | "start" | "end">): number {
  const reader = new ByteReader(place);
  const properties = readProperties(reader, "publish");
  // MQTT 5 §3.3.2.3.4: we announce a topic alias maximum of 0.
  if (properties.has("topic alias")) throw violation(REASON.topicAliasInvalid, "uses a topic alias where none is offered");
  return reader.position;
}

/** The packet id of a PUBACK and whether the client took the message. */
export function readPuback(packet: Packet, isVersion5: boolean): { readonly packetId: number; readonly reasonCode: number } {
  demandFlags(packet, 0, "PUBACK");
  const reader = new ByteReader(packet);
  const packetId = readPacketId(reader, "PUBACK");
  const reasonCode = isVersion5 && !reader.isAtEnd ? reader.byte() : 0;
  if (isVersion5 && !reader.isAtEnd) readProperties(reader, "puback");
  demandEnd(reader, "PUBACK");
  return { packetId, reasonCode };
}

export function readSubscribe(packet: Packet, isVersion5: boolean): SubscribeRequest {
  demandFlags(packet, 2, "SUBSCRIBE");
  const reader = new ByteReader(packet);
  const packetId = readPacketId(reader, "SUBSCRIBE");
  const hasIdentifier = isVersion5 && readProperties(reader, "subscribe").has("subscription identifier");
  const filters: FilterRequest[] = [];
  do filters.push({ filter: reader.text("topic filter"), qos: readOptions(reader.byte(), isVersion5) });
  while (!reader.isAtEnd);
  return { packetId, filters, hasIdentifier };
}

function readOptions(options: number, isVersion5: boolean): 0 | 1 | 2 {
  const qos = options & 3;
  const retainHandling = (options >> 4) & 3;
  if (qos === 3 || retainHandling === 3 || (options & (isVersion5 ? 0xc0 : 0xfc)) !== 0) throw violation(REASON.malformed, `sent a SUBSCRIBE with options 0x${options.toString(16)}`);
  return qos === 0 ? 0 : qos === 1 ? 1 : 2;
}

export function readUnsubscribe(packet: Packet, isVersion5: boolean): { readonly packetId: number; readonly filters: readonly string[] } {
  demandFlags(packet, 2, "UNSUBSCRIBE");
  const reader = new ByteReader(packet);
  const packetId = readPacketId(reader, "UNSUBSCRIBE");
  if (isVersion5) readProperties(reader, "unsubscribe");
  const filters: string[] = [];
  do filters.push(reader.text("topic filter"));
  while (!reader.isAtEnd);
  return { packetId, filters };
}

/** What a client may give as its reason to go (MQTT 5 §3.14.2.1). */
const GOING: ReadonlySet<number> = new Set([0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]);

export function readDisconnect(packet: Packet, isVersion5: boolean): { readonly reasonCode: number; readonly sessionExpirySeconds: number | undefined } {
  demandFlags(packet, 0, "DISCONNECT");
  const reader = new ByteReader(packet);
  const reasonCode = isVersion5 && !reader.isAtEnd ? reader.byte() : REASON.success;
  if (!GOING.has(reasonCode)) throw violation(REASON.protocolError, `sent a DISCONNECT with reason 0x${reasonCode.toString(16)}, which is not a client's`);
  const sessionExpirySeconds = isVersion5 && !reader.isAtEnd ? readProperties(reader, "disconnect").get("session expiry interval") : undefined;
  demandEnd(reader, "DISCONNECT");
  return { reasonCode, sessionExpirySeconds };
}

export function readPing(packet: Packet): void {
  demandFlags(packet, 0, "PINGREQ");
  demandEnd(new ByteReader(packet), "PINGREQ");
}

function demandFlags({ head }: Packet, flags: number, name: string): void {
  if ((head & 0x0f) !== flags) throw violation(REASON.malformed, `sent a ${name} with flags 0x${(head & 0x0f).toString(16)}`);
}

function readPacketId(reader: ByteReader, name: string): number {
  const packetId = reader.uint16();
  if (packetId === 0) throw violation(REASON.protocolError, `sent a ${name} with packet id 0`);
  return packetId;
}

function demandEnd(reader: ByteReader, name: string): void {
  if (!reader.isAtEnd) throw violation(REASON.malformed, `sent a ${name} that is longer than its fields`);
}
