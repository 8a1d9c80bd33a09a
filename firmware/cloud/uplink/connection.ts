// One open MQTT connection: publishes with QoS 1, tells what became of each message, and notices when the broker is gone.

import type { IConnackPacket, MqttClient } from "mqtt";
import type { Packet } from "mqtt-packet";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import { errorCode } from "../../runtime/error-code.ts";
import type { Names } from "../names/names.ts";
import { CONTENT_REASONS, hex, nameBrokerFault } from "./broker-fault.ts";
import { nameSocketFault } from "./socket-fault.ts";
import type { Target } from "./target.ts";
import type { Timing } from "./timing.ts";
import { watchPeer } from "./watch-peer.ts";

export interface ConnectPorts {
  readonly clock: Clock;
  readonly timing: Timing;
  readonly names: Names;
}

/** The largest packet we take from a broker; it has nothing to tell us but acknowledgements. */
export const MAX_INCOMING_BYTES = 65_536;

/** What became of a message. `lost`: the connection ended before the broker said anything, so it may or may not have it. */
export type Answer = { readonly kind: "confirmed" } | { readonly kind: "refused"; readonly code: number; readonly reason: string } | { readonly kind: "lost" };

export interface Connection {
  /** The broker's Maximum Packet Size and Receive Maximum (MQTT 5 §3.2.2.3); infinite and 65,535 where it states none. */
  readonly maxPacketBytes: number;
  readonly receiveMaximum: number;
  /** Resolves with what became of it; never rejects. */
  publish(topic: string, payload: Buffer, options?: { readonly retain?: boolean }): Promise<Answer>;
  /** False as soon as it is known that nothing can be sent any more. */
  isOpen(): boolean;
  /** Bytes handed to the socket and not yet taken by the network. */
  unsentBytes(): number;
  /** Resolves when it has ended, with the reason; never rejects. */
  readonly closed: Promise<Fault>;
  /** Says DISCONNECT, so that the broker keeps the will to itself, and closes; resolves when closed. */
  end(): Promise<void>;
  /** Breaks it off with this reason. */
  breakOff(fault: Fault): void;
}

const LOST: Answer = { kind: "lost" };
const CONFIRMED: Answer = { kind: "confirmed" };
const DEFAULT_RECEIVE_MAXIMUM = 65_535;
const GOODBYE_MS = 1000;

export function makeConnection(client: MqttClient, connack: IConnackPacket, target: Target, ports: ConnectPorts): Connection {
  const end = makeEnd(client, target);
  const pending = new Set<(answer: Answer) => void>();
  const fail = (message: string): void => end.breakOff(new Fault("PEER_TIMEOUT", `${target.host} ${message}`, { where: target.address, remedy: "It is connected again; what was not confirmed is sent again." }));
  const watch = watchPeer({ clock: ports.clock, timing: ports.timing, unsentBytes: () => client.stream.writableLength, ping: () => client.sendPing(), fail });
  const isOpen = (): boolean => !end.isKnown() && client.connected;
  guardAgainstFlood(client, target, end.breakOff, watch.sign);
  client.on("close", () => {
    watch.stop();
    for (const settle of pending) settle(LOST);
    end.conclude();
  });
  const mayRetain = connack.properties?.retainAvailable !== false;
  const publish: Connection["publish"] = (topic, payload, { retain = false } = {}) =>
    new Promise((resolve) => {
      if (!isOpen()) return resolve(LOST);
      const settle = (answer: Answer): void => {
        if (!pending.delete(settle)) return;
        watch.settled(pending.size, answer.kind === "confirmed");
        if (answer.kind === "refused" && !CONTENT_REASONS.has(answer.code)) end.suspect(nameBrokerFault(answer.code, target, { reason: answer.reason }));
        resolve(answer);
      };
      pending.add(settle);
      watch.sent();
      client.publish(topic, payload, { qos: 1, retain: retain && mayRetain }, (error, packet) => settle(readAnswer(error ?? undefined, packet)));
    });
  return {
    maxPacketBytes: connack.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    receiveMaximum: connack.properties?.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM,
    publish,
    isOpen,
    unsentBytes: () => client.stream.writableLength,
    closed: end.closed,
    end: () => sayGoodbye(client, target, end, ports),
    breakOff: end.breakOff,
  };
}

/** How a connection ends, and which of the reasons that were heard is told. */
interface End {
  readonly closed: Promise<Fault>;
  isKnown(): boolean;
  explain(fault: Fault): void;
  /** The reason where the peer closes without another one: some brokers (mosquitto 2.0.11) break off right after a refusal. */
  suspect(fault: Fault): void;
  breakOff(fault: Fault): void;
  conclude(): void;
}

function makeEnd(client: MqttClient, target: Target): End {
  const { promise: closed, resolve } = Promise.withResolvers<Fault>();
  let why: Fault | undefined;
  let refusal: Fault | undefined;
  const explain = (fault: Fault): void => void (why ??= fault);
  const breakOff = (fault: Fault): void => {
    explain(fault);
    client.end(true);
  };
  // mqtt.js lives on after some errors; a broker that does not keep to the protocol is left.
  client.on("error", (error) => breakOff(nameRunningFault(error, target)));
  client.stream.on("error", (error: Error) => explain(nameRunningFault(error, target)));
  client.on("disconnect", (packet) => explain(nameBrokerFault(packet.reasonCode ?? 0x80, target, { reason: packet.properties?.reasonString, server: packet.properties?.serverReference })));
  return {
    closed,
    isKnown: () => why !== undefined,
    explain,
    suspect: (fault) => void (refusal ??= fault),
    breakOff,
    conclude: () => {
      if (refusal !== undefined && (why === undefined || why.code === "PEER_CLOSED")) why = refusal;
      why ??= new Fault("PEER_CLOSED", `${target.host} closed the connection`, { where: target.address, remedy: "It is connected again." });
      resolve(why);
    },
  };
}

async function sayGoodbye(client: MqttClient, target: Target, end: End, { clock }: ConnectPorts): Promise<void> {
  end.explain(new Fault("CANCELLED", "the uplink was stopped", { where: target.address }));
  const stopTimer = clock.after(GOODBYE_MS, () => client.stream.destroy());
  // mqtt.js waits for acknowledgements before it says DISCONNECT; the ones still open will not come any more.
  client.outgoing = {};
  client.end(false);
  await end.closed;
  stopTimer();
}

function readAnswer(error: Error | undefined, packet: Packet | undefined): Answer {
  if (error === undefined) return CONFIRMED;
  const code = "code" in error && typeof error.code === "number" ? error.code : undefined;
  if (code === undefined) return LOST;
  const said = packet?.cmd === "puback" ? packet.properties?.reasonString : undefined;
  const name = error.message.replace(/^Publish error: /, "");
  return { kind: "refused", code, reason: `${name} (${hex(code)})${said === undefined ? "" : `: ${said.slice(0, 256)}`}` };
}

/** A broker owes us acknowledgements and nothing else: an endless packet or messages nobody subscribed to end the connection. */
function guardAgainstFlood(client: MqttClient, target: Target, breakOff: (fault: Fault) => void, sign: () => void): void {
  let unread = 0;
  const accuse = (what: string): void => breakOff(new Fault("PEER_PROTOCOL", `${target.host} ${what}`, { where: target.address, remedy: "Check that this is the right broker." }));
  client.stream.on("data", (chunk: Buffer) => {
    unread += chunk.length;
    if (unread > 2 * MAX_INCOMING_BYTES) accuse(`sends a packet larger than ${MAX_INCOMING_BYTES} bytes`);
  });
  client.on("packetreceive", (packet) => {
    unread = 0;
    sign();
    if (packet.cmd === "publish") accuse(`sends messages that were not asked for (topic ${packet.topic.slice(0, 80)})`);
  });
}

function nameRunningFault(error: Error, target: Target): Fault {
  if (errorCode(error) !== undefined) return nameSocketFault(error, target.host, target.port, target.address);
  if (/keepalive/i.test(error.message)) return new Fault("PEER_TIMEOUT", `${target.host} does not answer pings any more`, { where: target.address, remedy: "It is connected again.", cause: error });
  return new Fault("PEER_PROTOCOL", `${target.host} does not keep to MQTT: ${error.message}`, { where: target.address, remedy: "It is connected again; if it stays so, look into the broker's log.", cause: error });
}
