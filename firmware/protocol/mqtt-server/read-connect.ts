// The CONNECT packet of MQTT 3.1.1 (§3.1) and 5 (§3.1), read strictly.

import { ByteReader } from "./byte-reader.ts";
import type { Packet } from "./packet-stream.ts";
import { readProperties, type Properties } from "./properties.ts";
import { REASON, violation } from "./reason.ts";
import { isTopicName } from "./topics.ts";

export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
  readonly isRetained: boolean;
  /** 0 in MQTT 3.1.1. */
  readonly delaySeconds: number;
}

export interface ConnectRequest {
  readonly isVersion5: boolean;
  /** Empty where the client leaves it to the server. */
  readonly clientId: string;
  /** Clean session (3.1.1) or clean start (5). */
  readonly isClean: boolean;
  /** How long the session shall outlive the connection; in 3.1.1 for ever unless clean. */
  readonly sessionExpirySeconds: number;
  /** 0: the client promises no sign of life. */
  readonly keepAliveSeconds: number;
  readonly username?: string;
  readonly password?: Buffer;
  readonly will?: Will;
  /** What the client takes in flight, and the largest packet it takes. */
  readonly receiveMaximum: number;
  readonly maxPacketBytes: number;
}

/** The value of the session expiry interval that means "for ever" (MQTT 5 §3.1.2.11.2). */
export const FOREVER_SECONDS = 0xffff_ffff;

const MAX_CLIENT_ID_CHARACTERS = 256;

interface Flags {
  readonly isClean: boolean;
  readonly hasWill: boolean;
  readonly willQos: number;
  readonly isWillRetained: boolean;
  readonly hasUsername: boolean;
  readonly hasPassword: boolean;
}

/** 5, 4 or 3 for the first fields of a CONNECT, whatever follows. Throws a violation for what is no MQTT or a version nobody knows. */
export function readVersion(packet: Packet): 3 | 4 | 5 {
  const reader = new ByteReader(packet);
  const name = reader.text("protocol name");
  const level = reader.byte();
  if (name === "MQIsdp" && level === 3) return 3;
  if (name !== "MQTT") throw violation(REASON.protocolError, "begins with a CONNECT of another protocol");
  if (level !== 4 && level !== 5) throw violation(REASON.unsupportedVersion, `speaks MQTT with protocol level ${level}`, "Set the machine to MQTT 3.1.1 or 5.");
  return level;
}

/** Throws a violation whose reason code goes into the CONNACK. */
export function readConnect(packet: Packet, isVersion5: boolean): ConnectRequest {
  const reader = new ByteReader(packet);
  reader.binary();
  reader.byte();
  const flags = readFlags(reader.byte(), isVersion5);
  const keepAliveSeconds = reader.uint16();
  const properties: Properties = isVersion5 ? readProperties(reader, "connect") : new Map();
  const clientId = reader.text("client id");
  const will = flags.hasWill ? readWill(reader, flags, isVersion5) : undefined;
  const username = flags.hasUsername ? reader.text("user name") : undefined;
  const password = flags.hasPassword ? Buffer.from(reader.binary()) : undefined;
  if (!reader.isAtEnd) throw violation(REASON.malformed, "sent a CONNECT that is longer than its fields");
  demandKnown(properties);
  demandClientId(clientId, isVersion5, flags.isClean);
  return {
    isVersion5,
    clientId,
    isClean: flags.isClean,
    sessionExpirySeconds: isVersion5 ? (properties.get("session expiry interval") ?? 0) : flags.isClean ? 0 : FOREVER_SECONDS,
    keepAliveSeconds,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(will === undefined ? {} : { will }),
    receiveMaximum: properties.get("receive maximum") ?? 65_535,
    maxPacketBytes: properties.get("maximum packet size") ?? 268_435_460,
  };
}

function readFlags(byte: number, isVersion5: boolean): Flags {
  const flags = {
    isClean: (byte & 0x02) !== 0,
    hasWill: (byte & 0x04) !== 0,
    willQos: (byte >> 3) & 3,
    isWillRetained: (byte & 0x20) !== 0,
    hasPassword: (byte & 0x40) !== 0,
    hasUsername: (byte & 0x80) !== 0,
  };
  if ((byte & 1) !== 0) throw violation(REASON.malformed, "sent a CONNECT whose reserved flag is set");
  if (flags.willQos === 3 || (!flags.hasWill && (flags.willQos !== 0 || flags.isWillRetained))) throw violation(REASON.malformed, "sent a CONNECT whose will flags contradict each other");
  // MQTT 3.1.1 §3.1.2.9; MQTT 5 allows a password alone.
  if (!isVersion5 && flags.hasPassword && !flags.hasUsername) throw violation(REASON.malformed, "sent a CONNECT with a password and no user name");
  // MQTT 3.1.1 has no word for it; its will is published by ourselves, with nothing to hand over twice.
  if (isVersion5 && flags.willQos === 2) throw violation(REASON.qosNotSupported, "asks for a will with QoS 2", "Set the machine's will to QoS 1.");
  return flags;
}

function readWill(reader: ByteReader, flags: Flags, isVersion5: boolean): Will {
  const delaySeconds = isVersion5 ? (readProperties(reader, "will").get("will delay interval") ?? 0) : 0;
  const topic = reader.text("will topic");
  const payload = Buffer.from(reader.binary());
  if (!isTopicName(topic)) throw violation(REASON.topicInvalid, "names a will topic with a wildcard or without a character");
  return { topic, payload, isRetained: flags.isWillRetained, delaySeconds };
}

function demandKnown(properties: Properties): void {
  if (properties.has("authentication method")) throw violation(REASON.badAuthenticationMethod, "asks for enhanced authentication", "Set the machine to user and password or to a client certificate.");
  if (properties.has("authentication data")) throw violation(REASON.protocolError, "sent authentication data without a method");
}

function demandClientId(clientId: string, isVersion5: boolean, isClean: boolean): void {
  if (clientId.length > MAX_CLIENT_ID_CHARACTERS) throw violation(REASON.clientIdInvalid, `has a client id of ${clientId.length} characters`, `Give the machine one of at most ${MAX_CLIENT_ID_CHARACTERS}.`);
  // MQTT 3.1.1 §3.1.3.1: a session nobody can come back to.
  if (clientId === "" && !isVersion5 && !isClean) throw violation(REASON.clientIdInvalid, "asks for a lasting session without a client id", "Give the machine a client id.");
}
