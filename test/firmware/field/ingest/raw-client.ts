// An MQTT client of a few lines that does exactly what a test says, and what no proper client would do.

import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { generate, parser as makeParser, type Packet } from "mqtt-packet";
import type { Defer } from "../../../support/attempt.ts";

export interface RawClient {
  readonly socket: Socket;
  readonly received: Packet[];
  send(...packets: (Packet | Buffer)[]): void;
  /** The next packet that was not asked for before; rejects when the connection ends or the signal aborts first. */
  next(signal: AbortSignal): Promise<Packet>;
  /** Resolves when the other side has closed the connection. */
  readonly closed: Promise<void>;
}

export interface RawOptions {
  readonly version?: 4 | 5;
  readonly tls?: ConnectionOptions;
}

export function openRaw(defer: Defer, port: number, { version = 4, tls }: RawOptions = {}): RawClient {
  const socket = tls === undefined ? connectPlain({ port, host: "127.0.0.1", noDelay: true }) : connectTls({ port, host: "127.0.0.1", ...tls });
  socket.on("error", () => undefined);
  defer(() => socket.destroy());
  const parser = makeParser({ protocolVersion: version });
  const received: Packet[] = [];
  const watchers = new Set<() => void>();
  let isClosed = false;
  let asked = 0;
  const changed = (): void => watchers.forEach((watcher) => watcher());
  parser.on("packet", (packet) => {
    received.push(packet);
    changed();
  });
  socket.on("data", (chunk) => void parser.parse(chunk));
  const closed = new Promise<void>((resolve) =>
    socket.on("close", () => {
      isClosed = true;
      changed();
      resolve();
    }),
  );
  return {
    socket,
    received,
    closed,
    send: (...packets) => void socket.write(Buffer.concat(packets.map((packet) => (Buffer.isBuffer(packet) ? packet : generate(packet, { protocolVersion: version }))))),
    next: (signal) =>
      new Promise((resolve, reject) => {
        const index = asked;
        asked += 1;
        const look = (): void => {
          const packet = received[index];
          if (packet !== undefined) resolve(packet);
          else if (isClosed) reject(new Error(`the connection ended before packet ${index + 1}`));
          else return;
          watchers.delete(look);
        };
        watchers.add(look);
        signal.addEventListener("abort", () => reject(new Error(`packet ${index + 1} did not come`)), { once: true });
        look();
      }),
  };
}

/** Fails unless the next packet lets the client in. */
export async function connected(client: RawClient, signal: AbortSignal): Promise<void> {
  const packet = await client.next(signal);
  if (packet.cmd !== "connack" || (packet.returnCode ?? packet.reasonCode) !== 0) throw new Error(`not let in: ${JSON.stringify(packet)}`);
}

/** A CONNECT of machine `name` with its password. */
export function connectOf(name: string, more: object = {}, version: 4 | 5 = 4): Packet {
  return { cmd: "connect", protocolId: "MQTT", protocolVersion: version, clean: true, clientId: `client-${name}`, keepalive: 60, username: name, password: Buffer.from(`secret ${name}`), ...more };
}

export function publishOf(name: string, messageId: number, payload: string | Buffer = `value ${messageId}`, more: object = {}): Packet {
  return { cmd: "publish", topic: `miko/v1/${name}/points/p`, payload, qos: 1, messageId, dup: false, retain: false, ...more };
}
