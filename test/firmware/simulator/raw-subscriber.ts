// A subscriber that acknowledges only what a test tells it to.

import { connect } from "node:net";
import mqttPacket from "mqtt-packet";
import type { IPublishPacket, Packet } from "mqtt-packet";
import type { Defer } from "../../support/suite.ts";

export interface RawSubscriber {
  /** Resolves with all publishes so far as soon as there are `count`. */
  publishes(count: number): Promise<readonly IPublishPacket[]>;
  readonly sessionPresent: boolean;
  acknowledge(packet: IPublishPacket): void;
  /** Cuts the connection. */
  cut(): Promise<void>;
}

/** Connects with a persistent session and subscribes to everything with QoS 1. */
export async function subscribeRaw(defer: Defer, port: number, version: 4 | 5, clientId = "gateway"): Promise<RawSubscriber> {
  const socket = connect(port, "127.0.0.1");
  const parser = mqttPacket.parser({ protocolVersion: version });
  const publishes: IPublishPacket[] = [];
  const waiters = new Set<() => void>();
  const opened = Promise.withResolvers<boolean>();
  const send = (packet: Packet): void => void socket.write(mqttPacket.generate(packet, { protocolVersion: version }));
  parser.on("packet", (packet: Packet) => {
    if (packet.cmd === "connack") opened.resolve(packet.sessionPresent);
    if (packet.cmd === "publish") publishes.push(packet);
    for (const waiter of waiters) waiter();
  });
  socket.on("data", (chunk: Buffer) => void parser.parse(chunk));
  socket.on("error", opened.reject);
  const closed = new Promise<void>((resolve) => void socket.on("close", () => resolve()));
  const cut = (): Promise<void> => {
    socket.destroy();
    return closed;
  };
  defer(cut);
  send({ cmd: "connect", clientId, clean: false, keepalive: 0, protocolId: "MQTT", protocolVersion: version, ...(version === 5 ? { properties: { sessionExpiryInterval: 1000 } } : {}) });
  const sessionPresent = await opened.promise;
  if (!sessionPresent) send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "#", qos: 1 }] });
  return {
    sessionPresent,
    cut,
    acknowledge: ({ messageId }) => send({ cmd: "puback", messageId: messageId ?? 0 }),
    publishes: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (publishes.length < count) return;
          waiters.delete(check);
          resolve(publishes);
        };
        waiters.add(check);
        check();
      }),
  };
}
