// Connections for the tests of the server's side: let in by a machine's rights, fed with packets or bytes.

import { generate, parser as makeParser, type Packet } from "mqtt-packet";
import { makeCommands, type Commands } from "../../../../firmware/protocol/mqtt-server/commands.ts";
import { makeConnection, type Admission, type Connection, type ConnectionLimits, type ServerEvent, type Turn } from "../../../../firmware/protocol/mqtt-server/connection.ts";
import { isBelow, isCommandFilter } from "../../../../firmware/protocol/mqtt-server/topics.ts";

export const LIMITS: ConnectionLimits = { receiveMaximum: 10, maxPacketBytes: 1000, maxConnectBytes: 400 };

export type Version = 4 | 5;

export function connectOf(version: Version, more: object = {}): Packet {
  return { cmd: "connect", protocolId: "MQTT", protocolVersion: version, clean: true, clientId: "c1", keepalive: 60, ...more };
}

export function publishOf(messageId: number, more: object = {}): Packet {
  return { cmd: "publish", topic: "root/p", payload: `${messageId}`, qos: 1, messageId, dup: false, retain: false, ...more };
}

export function write(version: Version, ...packets: readonly (Packet | Buffer)[]): Buffer {
  return Buffer.concat(packets.map((packet) => (Buffer.isBuffer(packet) ? packet : generate(packet, { protocolVersion: version }))));
}

export function parse(version: Version, bytes: Buffer | undefined): Packet[] {
  const packets: Packet[] = [];
  const parser = makeParser({ protocolVersion: version });
  parser.on("packet", (packet) => packets.push(packet));
  parser.on("error", (error) => {
    throw error;
  });
  if (bytes !== undefined) parser.parse(bytes);
  return packets;
}

export function admissionOf(commands: Commands, more: Partial<Admission> = {}): Admission {
  return {
    mayPublish: (topic) => isBelow("root", topic),
    maySubscribe: (filter) => isCommandFilter("root", filter),
    commands,
    isSessionPresent: false,
    clientId: "c1",
    sessionExpirySeconds: 0,
    keepAliveSeconds: 60,
    ...more,
  };
}

export interface Opened {
  readonly connection: Connection;
  readonly commands: Commands;
  /** What followed the admission. */
  readonly turn: Turn;
  feed(...packets: readonly (Packet | Buffer)[]): Turn;
}

/** A connection that was let in with the rights of `root`. */
export function openConnection(version: Version, connect: object = {}, admission: Partial<Admission> = {}, limits: ConnectionLimits = LIMITS): Opened {
  const connection = makeConnection(limits);
  const commands = admission.commands ?? makeCommands();
  connection.receive(write(version, connectOf(version, connect)));
  const turn = connection.admit(admissionOf(commands, admission));
  return { connection, commands, turn, feed: (...packets) => connection.receive(write(version, ...packets)) };
}

export function kinds({ events }: Turn): string[] {
  return events.map(({ kind }) => kind);
}

export function eventOf<Kind extends ServerEvent["kind"]>(turn: Turn, kind: Kind): Extract<ServerEvent, { kind: Kind }> {
  const found = turn.events.find((event): event is Extract<ServerEvent, { kind: Kind }> => event.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} among ${kinds(turn).join(", ")}`);
  return found;
}

/** The reason code with which MQTT 5 was told that it broke the protocol; undefined where it was not. */
export function reasonIn(turn: Turn): number | undefined {
  const last = parse(5, turn.send).at(-1);
  return last?.cmd === "disconnect" || last?.cmd === "connack" ? last.reasonCode : undefined;
}
