// A scripted MQTT server for what no real broker does on demand: to refuse, to delay, to close, to flood.

import { createServer, type Socket } from "node:net";
import mqttPacket, { type IConnackPacket, type IConnectPacket, type IPublishPacket, type Packet } from "mqtt-packet";

import type { Defer } from "./attempt.ts";
import { listenOnLoopback } from "./listen.ts";

/** What is done with a PUBLISH: `confirm` it, `refuse` it with a code, `ignore` it, `close` the connection. */
export type Verdict = "confirm" | "ignore" | "close" | { readonly refuse: number; readonly reason?: string };

export interface Script {
  /** The answer to CONNECT; success unless said. `close` hangs up, `silent` says nothing, a Buffer is sent as it is. */
  readonly connack?: (connect: IConnectPacket) => Partial<IConnackPacket> | "close" | "silent" | Buffer;
  /** The verdict on a PUBLISH with QoS 1; confirmed unless said. */
  readonly publish?: (packet: IPublishPacket, connection: BrokerConnection) => Verdict;
}

export interface BrokerConnection {
  readonly connect: IConnectPacket;
  readonly socket: Socket;
  send(packet: Packet): void;
}

export interface ScriptedBroker {
  readonly port: number;
  /** Every PUBLISH that was confirmed, in the order of arrival. */
  readonly confirmed: readonly IPublishPacket[];
  readonly connections: readonly BrokerConnection[];
  /** Every packet that came, by command. */
  count(command: Packet["cmd"]): number;
}

/** Listens on a free loopback port; closed at the test's end. */
export async function startBroker(defer: Defer, script: Script = {}): Promise<ScriptedBroker> {
  const confirmed: IPublishPacket[] = [];
  const connections: BrokerConnection[] = [];
  const counts = new Map<string, number>();
  const { port, close } = await listenOnLoopback(createServer((socket) => serve(socket, { script, confirmed, connections, counts })));
  defer(close);
  return { port, confirmed, connections, count: (command) => counts.get(command ?? "") ?? 0 };
}

interface Shared {
  readonly script: Script;
  readonly confirmed: IPublishPacket[];
  readonly connections: BrokerConnection[];
  readonly counts: Map<string, number>;
}

function serve(socket: Socket, { script, confirmed, connections, counts }: Shared): void {
  const parser = mqttPacket.parser();
  let connection: BrokerConnection | undefined;
  const version = (): 4 | 5 => (connection?.connect.protocolVersion === 5 ? 5 : 4);
  const send = (packet: Packet): void => void (socket.writable && mqttPacket.writeToStream(packet, socket, { protocolVersion: version() }));
  parser.on("error", () => socket.destroy());
  parser.on("packet", (packet) => {
    counts.set(packet.cmd ?? "", (counts.get(packet.cmd ?? "") ?? 0) + 1);
    if (packet.cmd === "connect") {
      connection = { connect: packet, socket, send };
      connections.push(connection);
      greet(socket, send, script.connack?.(packet) ?? {}, version());
    } else if (packet.cmd === "publish" && connection !== undefined) {
      const verdict = script.publish?.(packet, connection) ?? "confirm";
      if (verdict === "close") socket.destroy();
      else if (verdict === "confirm") {
        confirmed.push(packet);
        acknowledge(send, packet, version(), 0);
      } else if (verdict !== "ignore") acknowledge(send, packet, version(), verdict.refuse, verdict.reason);
    } else if (packet.cmd === "pingreq") send({ cmd: "pingresp" });
    else if (packet.cmd === "disconnect") socket.end();
  });
  socket.on("data", (chunk) => void parser.parse(chunk));
}

function greet(socket: Socket, send: (packet: Packet) => void, answer: Partial<IConnackPacket> | "close" | "silent" | Buffer, version: 4 | 5): void {
  if (answer === "silent") return;
  if (answer === "close") return void socket.destroy();
  if (Buffer.isBuffer(answer)) return void socket.write(answer);
  send({ cmd: "connack", sessionPresent: false, ...(version === 5 ? { reasonCode: 0 } : { returnCode: 0 }), ...answer });
}

function acknowledge(send: (packet: Packet) => void, { messageId = 0 }: IPublishPacket, version: 4 | 5, code: number, reason?: string): void {
  const properties = reason === undefined ? {} : { properties: { reasonString: reason } };
  send(version === 5 ? { cmd: "puback", messageId, reasonCode: code, ...properties } : { cmd: "puback", messageId });
}
