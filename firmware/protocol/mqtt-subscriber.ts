// The subscriber's side of MQTT 3.1.1 without a socket: bytes in, messages and bytes out. It acknowledges only when it is told to.
//
// Why not mqtt.js: it takes one message after another, the next only after the last was acknowledged (PLATFORM.md), so that a
// group commit behind it has groups of one.

import { generate, parser as makeParser, type Packet } from "mqtt-packet";
import { Fault } from "../../drivers/contract/fault.ts";
import { makeFraming, type Frame } from "./mqtt-framing.ts";

export interface SubscriberOptions {
  /** Stable over restarts: the broker keeps what was not acknowledged under it (clean session 0). */
  readonly clientId: string;
  readonly credentials?: { readonly user: string; readonly password: string };
  /** What the broker is told; it drops us after one and a half times of silence. */
  readonly keepAliveSeconds: number;
  /** Topic filters, all asked for with QoS 1. */
  readonly filters: readonly string[];
  readonly maxPacketBytes?: number;
  /** True for one who only looks on: the broker keeps nothing for it. */
  readonly isPassing?: boolean;
}

export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  /** To be acknowledged; 0 for QoS 0. */
  readonly packetId: number;
  readonly isRetained: boolean;
  /** True where the payload was longer than allowed: it holds the beginning only. */
  readonly isCut: boolean;
}

/** What the bytes just received came to. */
export interface Turn {
  readonly messages: readonly Message[];
  /** To be sent at once. */
  readonly send: Buffer | undefined;
  /** True in the turn in which the broker granted all subscriptions. */
  readonly isReady: boolean;
}

export interface Subscriber {
  /** The first bytes to send. */
  readonly hello: Buffer;
  /** Takes the next bytes. Throws PEER_PROTOCOL, CREDENTIALS_REFUSED, ACCESS_DENIED, NOT_SUPPORTED or PEER_OVERLOADED: then the connection is to be closed. */
  receive(chunk: Buffer): Turn;
}

const MAX_PACKET_BYTES = 1_048_576;
// A topic has 65,535 bytes at most; 64 KiB of payload are enough for a person to see what came.
const KEPT_BYTES = 2 * 65_536 + 16;
const PUBLISH = 3;

export const PING = Buffer.from([0xc0, 0]);
export const DISCONNECT = Buffer.from([0xe0, 0]);

export function makeSubscriber(options: SubscriberOptions): Subscriber {
  const frame = makeFraming({ maxPacketBytes: options.maxPacketBytes ?? MAX_PACKET_BYTES, keptBytes: KEPT_BYTES });
  let state: "connecting" | "subscribing" | "live" = "connecting";

  const control = (packet: Packet): Buffer | undefined => {
    if (packet.cmd === "connack" && state === "connecting") {
      demandAccepted(packet.returnCode ?? -1);
      state = "subscribing";
      return generate({ cmd: "subscribe", messageId: 1, subscriptions: options.filters.map((topic) => ({ topic, qos: 1 })) });
    }
    if (packet.cmd === "suback" && state === "subscribing") {
      demandGranted(packet.granted, options.filters);
      state = "live";
      return undefined;
    }
    if (packet.cmd === "pingresp" && state !== "connecting") return undefined;
    throw new Fault("PEER_PROTOCOL", `sent ${packet.cmd} while ${state}`);
  };

  return {
    hello: writeConnect(options),
    receive: (chunk) => {
      const messages: Message[] = [];
      const replies: Buffer[] = [];
      const before = state;
      for (const each of frame(chunk)) {
        if (each.head >> 4 === PUBLISH) {
          if (state === "connecting") throw new Fault("PEER_PROTOCOL", "sent a message before it accepted the connection");
          messages.push(readPublish(each));
          continue;
        }
        const reply = control(parsePacket(each.packet));
        if (reply !== undefined) replies.push(reply);
      }
      return { messages, send: replies.length === 0 ? undefined : Buffer.concat(replies), isReady: state === "live" && before !== "live" };
    },
  };
}

function writeConnect({ clientId, keepAliveSeconds, credentials, isPassing = false }: SubscriberOptions): Buffer {
  return generate({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: isPassing,
    clientId,
    keepalive: keepAliveSeconds,
    ...(credentials === undefined ? {} : { username: credentials.user, password: Buffer.from(credentials.password) }),
  });
}

/** PUBACKs of these packets in their order, as one run of bytes. */
export function acknowledgeAll(packetIds: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(packetIds.length * 4);
  let at = 0;
  for (const id of packetIds) {
    bytes[at] = 0x40;
    bytes[at + 1] = 2;
    bytes[at + 2] = id >> 8;
    bytes[at + 3] = id & 0xff;
    at += 4;
  }
  return bytes;
}

/** PUBLISH by hand (MQTT 3.1.1 §3.3), because a cut one has no end that a parser could find. */
function readPublish({ head, packet, bodyStart, isCut }: Frame): Message {
  const qos = (head >> 1) & 3;
  if (qos > 1) throw new Fault("PEER_PROTOCOL", `sent a message with QoS ${qos} where 1 was granted`);
  const topicStart = bodyStart + 2;
  const topicEnd = topicStart + (((packet[bodyStart] ?? 0) << 8) | (packet[bodyStart + 1] ?? 0));
  const payloadStart = topicEnd + (qos === 0 ? 0 : 2);
  if (topicEnd === topicStart || payloadStart > packet.length) throw new Fault("PEER_PROTOCOL", "sent a message whose topic does not fit into it");
  const packetId = qos === 0 ? 0 : ((packet[topicEnd] ?? 0) << 8) | (packet[topicEnd + 1] ?? 0);
  if (qos === 1 && packetId === 0) throw new Fault("PEER_PROTOCOL", "sent a message with packet id 0");
  return { topic: packet.toString("utf8", topicStart, topicEnd), payload: packet.subarray(payloadStart), packetId, isRetained: (head & 1) === 1, isCut };
}

function parsePacket(bytes: Buffer): Packet {
  const parser = makeParser({ protocolVersion: 4 });
  const found: Packet[] = [];
  let failure: unknown;
  parser.on("packet", (packet) => found.push(packet));
  parser.on("error", (error) => void (failure = error));
  try {
    parser.parse(bytes);
  } catch (error) {
    failure = error;
  }
  const [packet] = found;
  if (packet === undefined || failure !== undefined) {
    throw new Fault("PEER_PROTOCOL", `sent a malformed MQTT packet (${failure instanceof Error ? failure.message : "incomplete"})`, { cause: failure });
  }
  return packet;
}

/** MQTT 3.1.1 §3.2.2.3. */
function demandAccepted(returnCode: number): void {
  if (returnCode === 0) return;
  if (returnCode === 4 || returnCode === 5) throw new Fault("CREDENTIALS_REFUSED", "the broker refuses user and password", { remedy: "Correct `credentials`; over mqtt:// none are sent." });
  if (returnCode === 3) throw new Fault("PEER_OVERLOADED", "the broker says that it is unavailable");
  if (returnCode === 1) throw new Fault("NOT_SUPPORTED", "the broker does not speak MQTT 3.1.1", { remedy: "Set `publish: false` to poll the machine instead." });
  throw new Fault("PEER_PROTOCOL", `the broker refuses the connection with code ${returnCode}`);
}

function demandGranted(granted: readonly unknown[], filters: readonly string[]): void {
  const refused = filters.filter((_, index) => granted[index] !== 0 && granted[index] !== 1);
  if (refused.length > 0) throw new Fault("ACCESS_DENIED", `the broker refuses the subscription to ${refused.join(", ")}`, { remedy: "Allow it at the machine, or set `publish: false` to poll instead." });
}
