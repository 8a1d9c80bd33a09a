// Stands between a gateway and its broker, passes every byte on, and tells which messages the broker confirmed, whatever it forgets later.

import { createServer, connect as dial, type Socket } from "node:net";
import { parser as makeParser, type IPublishPacket, type Packet } from "mqtt-packet";

import { listenOnLoopback, type Listening } from "./listen.ts";

/** From here on a PUBACK's reason is a refusal (MQTT 5 §3.4.2.1). */
const REFUSED = 0x80;

/**
 * Listens in front of the broker's port, on a free one unless one is named. `confirmed` hears of each QoS 1 message when its successful PUBACK
 * comes back, before the gateway can: what the gateway knows as confirmed was told here. A broker that is away closes.
 */
export function startIngressTap(brokerPort: number, confirmed: (topic: string, payload: Buffer) => void, port = 0): Promise<Listening> {
  const server = createServer({ noDelay: true }, (gateway) => {
    const broker = dial({ host: "127.0.0.1", port: brokerPort, noDelay: true });
    broker.on("error", () => undefined);
    const listener = listenIn(confirmed);
    relay(gateway, broker, listener.up);
    relay(broker, gateway, listener.down);
  });
  return listenOnLoopback(server, port);
}

/** Passes on what `from` says, after `see` has seen it, as fast as `to` takes it; the end too, behind everything that was said. */
function relay(from: Socket, to: Socket, see: (chunk: Buffer) => void): void {
  from.on("data", (chunk) => {
    see(chunk);
    if (to.writable && !to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => to.end());
  from.on("close", (hadError) => (hadError ? to.destroy() : to.end()));
  to.on("close", () => from.destroy());
}

/** Follows one connection in both directions. Throws what mqtt-packet finds wrong: then the test's own assumption is wrong. */
function listenIn(confirmed: (topic: string, payload: Buffer) => void): { up(chunk: Buffer): void; down(chunk: Buffer): void } {
  const open = new Map<number, IPublishPacket>();
  const up = makeParser();
  let down = makeParser();
  const hear = (packet: Packet): void => {
    if (packet.cmd !== "puback" || packet.messageId === undefined) return;
    const message = open.get(packet.messageId);
    open.delete(packet.messageId);
    if (message !== undefined && (packet.reasonCode ?? 0) < REFUSED) confirmed(message.topic, Buffer.from(message.payload));
  };
  up.on("packet", (packet) => {
    if (packet.cmd === "connect") {
      // The version decides how the answers are read; none comes before CONNECT.
      down = makeParser({ protocolVersion: packet.protocolVersion ?? 4 });
      down.on("packet", hear);
      down.on("error", fail);
    } else if (packet.cmd === "publish" && packet.qos === 1 && packet.messageId !== undefined) open.set(packet.messageId, packet);
  });
  up.on("error", fail);
  return { up: (chunk) => void up.parse(chunk), down: (chunk) => void down.parse(chunk) };
}

function fail(error: unknown): never {
  throw error;
}
