// The packets that the server sends beside PUBACK; they are rare and written by mqtt-packet.

import { generate, type Packet } from "mqtt-packet";
import { REASON, returnCodeOf } from "./reason.ts";

export const PINGRESP = Buffer.from([0xd0, 0]);

/** CONNACK of MQTT 3.1.1 with return code 1: what a client of another version is told (§3.1.2.2). */
export const UNSUPPORTED = Buffer.from([0x20, 2, 0, 1]);

export interface Accepted {
  readonly isVersion5: boolean;
  readonly isSessionPresent: boolean;
  readonly receiveMaximum: number;
  readonly maxPacketBytes: number;
  /** Given where it is another than the client asked for. */
  readonly sessionExpirySeconds?: number;
  readonly keepAliveSeconds?: number;
  readonly clientId?: string;
}

export function writeAccepted(accepted: Accepted): Buffer {
  const { isVersion5, isSessionPresent: sessionPresent, sessionExpirySeconds, keepAliveSeconds, clientId } = accepted;
  if (!isVersion5) return generate({ cmd: "connack", returnCode: 0, sessionPresent });
  const properties = {
    receiveMaximum: accepted.receiveMaximum,
    maximumQoS: 1,
    maximumPacketSize: accepted.maxPacketBytes,
    topicAliasMaximum: 0,
    wildcardSubscriptionAvailable: true,
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionAvailable: false,
    ...(sessionExpirySeconds === undefined ? {} : { sessionExpiryInterval: sessionExpirySeconds }),
    ...(keepAliveSeconds === undefined ? {} : { serverKeepAlive: keepAliveSeconds }),
    ...(clientId === undefined ? {} : { assignedClientIdentifier: clientId }),
  };
  return write({ cmd: "connack", reasonCode: REASON.success, sessionPresent, properties }, true);
}

/** Undefined where MQTT 3.1.1 has no word for it and only closes. */
export function writeRefused(isVersion5: boolean, reasonCode: number, text: string, maxPacketBytes = Number.POSITIVE_INFINITY): Buffer | undefined {
  const returnCode = returnCodeOf(reasonCode);
  if (isVersion5) {
    const full = write({ cmd: "connack", reasonCode, sessionPresent: false, properties: { reasonString: text } }, true);
    return full.length <= maxPacketBytes ? full : Buffer.from([0x20, 3, 0, reasonCode, 0]);
  }
  return returnCode === undefined ? undefined : generate({ cmd: "connack", returnCode, sessionPresent: false });
}

/** Undefined in MQTT 3.1.1, where the server only closes. A text is left out where it is too long for the client. */
export function writeDisconnect(isVersion5: boolean, reasonCode: number, text: string, maxPacketBytes: number): Buffer | undefined {
  if (!isVersion5) return undefined;
  const full = write({ cmd: "disconnect", reasonCode, properties: { reasonString: text } }, true);
  if (full.length <= maxPacketBytes) return full;
  return maxPacketBytes < 4 ? undefined : Buffer.from([0xe0, 2, reasonCode, 0]);
}

export function writeSuback(isVersion5: boolean, messageId: number, granted: number[]): Buffer {
  return write({ cmd: "suback", messageId, granted: isVersion5 ? granted : granted.map((code) => (code > 2 ? 0x80 : code)) }, isVersion5);
}

export function writeUnsuback(isVersion5: boolean, messageId: number, granted: number[]): Buffer {
  return write({ cmd: "unsuback", messageId, granted }, isVersion5);
}

export interface Outgoing {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
}

export function writePublish(isVersion5: boolean, { topic, payload, qos }: Outgoing, messageId: number, dup: boolean): Buffer {
  return write({ cmd: "publish", topic, payload, qos, retain: false, dup, ...(qos === 0 ? {} : { messageId }) }, isVersion5);
}

function write(packet: Packet, isVersion5: boolean): Buffer {
  return generate(packet, { protocolVersion: isVersion5 ? 5 : 4 });
}
