// A fast MQTT 3.1.1 subscriber with a persistent session: takes what a foreign broker hands out and acknowledges it at once.

import { connect, type Socket } from "node:net";
import mqttPacket from "mqtt-packet";
import type { Packet } from "mqtt-packet";
import type { Clock } from "../../drivers/contract/clock.ts";
import { Fault } from "../../drivers/contract/fault.ts";
import { headerEnd, makeFrameSplitter, makeFrameWriter, PACKET, packetType, type FrameWriter } from "./mqtt-frames.ts";

export interface SubscriberOptions {
  /** mqtt://host:port */
  readonly url: string;
  readonly clientId: string;
  readonly filters: readonly string[];
  /** Returns before the message is acknowledged. */
  readonly received: (topic: string, payload: Buffer) => void;
  /** Called after each SUBACK. */
  readonly subscribed: () => void;
}

const retryMs = 200;
const keepAliveSeconds = 30;

/** Runs until the signal aborts (resolves); connects again for ever. Throws INPUT_INVALID for a url it cannot use. */
export async function runSubscriber(options: SubscriberOptions, clock: Clock, signal: AbortSignal): Promise<void> {
  const { hostname, port, protocol } = new URL(options.url);
  if (protocol !== "mqtt:") throw new Fault("INPUT_INVALID", `${options.url} is not mqtt://host:port.`, { remedy: "The collector speaks plain MQTT to a broker on this host." });
  while (!signal.aborted) {
    await serveOnce(options, connect({ host: hostname, port: Number(port === "" ? 1883 : port), noDelay: true }), clock, signal);
    await clock.sleep(retryMs, signal).catch(() => undefined);
  }
}

function serveOnce(options: SubscriberOptions, socket: Socket, clock: Clock, signal: AbortSignal): Promise<void> {
  const splitter = makeFrameSplitter();
  const writer = makeFrameWriter((bytes) => void socket.write(bytes));
  const send = (packet: Packet): void => void socket.write(mqttPacket.generate(packet));
  const stop = (): void => void socket.destroy();
  let cancelPing = (): void => undefined;
  const ping = (): void => {
    cancelPing = clock.after(keepAliveSeconds * 500, () => {
      send({ cmd: "pingreq" });
      ping();
    });
  };
  socket.on("connect", () => {
    send({ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: false, clientId: options.clientId, keepalive: keepAliveSeconds });
    send({ cmd: "subscribe", messageId: 1, subscriptions: options.filters.map((topic) => ({ topic, qos: 1 })) });
    ping();
  });
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const frame of splitter.push(chunk)) take(options, writer, frame);
      writer.flush();
    } catch {
      socket.destroy();
    }
  });
  socket.on("error", () => undefined);
  signal.addEventListener("abort", stop, { once: true });
  return new Promise((resolve) => {
    socket.on("close", () => {
      cancelPing();
      signal.removeEventListener("abort", stop);
      resolve();
    });
  });
}

const subackType = 9;

function take(options: SubscriberOptions, writer: FrameWriter, frame: Buffer): void {
  if (packetType(frame) === subackType) return options.subscribed();
  if (packetType(frame) !== PACKET.publish) return;
  const at = headerEnd(frame);
  const topicEnd = at + 2 + frame.readUInt16BE(at);
  const hasId = ((frame[0] ?? 0) & 0x06) !== 0;
  options.received(frame.toString("utf8", at + 2, topicEnd), frame.subarray(topicEnd + (hasId ? 2 : 0)));
  if (hasId) writer.puback(frame.readUInt16BE(topicEnd));
}
