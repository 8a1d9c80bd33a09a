// Stands between a gateway and its broker, passes every byte on, and tells which messages the broker confirmed, whatever it forgets later.

import { createServer, connect as dial, type AddressInfo, type Socket } from "node:net";
import { parser as makeParser, type IPublishPacket, type Packet } from "mqtt-packet";

export interface IngressTap {
  /** Where the gateway connects, on 127.0.0.1. */
  readonly port: number;
  close(): Promise<void>;
}

/** From here on a PUBACK's reason is a refusal (MQTT 5 §3.4.2.1). */
const REFUSED = 0x80;

/**
 * Listens on a free loopback port in front of the broker's. `confirmed` hears of each QoS 1 message when its successful PUBACK
 * comes back, before the gateway can: what the gateway knows as confirmed was told here. A broker that is away closes.
 */
export async function startIngressTap(brokerPort: number, confirmed: (topic: string, payload: Buffer) => void): Promise<IngressTap> {
  const sockets = new Set<Socket>();
  const server = createServer((gateway) => {
    const broker = dial({ host: "127.0.0.1", port: brokerPort, noDelay: true });
    gateway.setNoDelay(true);
    for (const socket of [gateway, broker]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    const listener = listenIn(confirmed);
    relay(gateway, broker, listener.up);
    relay(broker, gateway, listener.down);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
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
