// The broker of one simulated machine: MQTT 3.1.1 and 5, one subscriber with a persistent session, QoS 1 with resend.

import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import mqttPacket from "mqtt-packet";
import type { IConnectPacket, ISubscribePacket, IUnsubscribePacket, Packet } from "mqtt-packet";
import { headerEnd, makeFrameSplitter, makeFrameWriter, PACKET, packetType, type FrameWriter } from "./mqtt-frames.ts";
import type { OutgoingSession } from "./outgoing-session.ts";
import { topicMatches } from "./topic-filter.ts";

export interface MachineBrokerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly session: OutgoingSession;
  /** Called after each subscription: retained messages are due. */
  readonly subscribed: () => void;
  /** Called when acknowledgements or a new subscriber made room. */
  readonly roomMade: () => void;
}

export interface MachineBroker {
  readonly port: number;
  /** True once a subscriber with a persistent session was seen: from then on messages are kept for it. */
  hasSession(): boolean;
  close(): Promise<void>;
}

interface Subscriber {
  readonly clientId: string;
  /** Ends with the connection when the client asked for a clean start without expiry. */
  readonly isPersistent: boolean;
  readonly filters: Map<string, 0 | 1>;
}

/** Listens. A second client id takes the place of the first and begins a new session: one machine has one gateway. */
export async function startMachineBroker(options: MachineBrokerOptions): Promise<MachineBroker> {
  const sockets = new Set<Socket>();
  const state: BrokerState = { options, subscriber: undefined, socket: undefined };
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(state, socket);
  });
  await listen(server, options.host, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    hasSession: () => state.subscriber !== undefined && state.subscriber.filters.size > 0,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

interface BrokerState {
  readonly options: MachineBrokerOptions;
  subscriber: Subscriber | undefined;
  socket: Socket | undefined;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
}

function serve(state: BrokerState, socket: Socket): void {
  const splitter = makeFrameSplitter();
  const connection: Connection = { state, socket, writer: makeFrameWriter((bytes) => void socket.write(bytes)), version: 4, isOpen: false };
  const { session } = state.options;
  socket.on("error", () => undefined);
  socket.on("drain", () => state.socket === socket && session.pump());
  socket.on("close", () => {
    if (state.socket !== socket) return;
    state.socket = undefined;
    session.detach();
    if (state.subscriber?.isPersistent === false) state.subscriber = undefined;
  });
  socket.on("data", (chunk: Buffer) => {
    try {
      const frames = splitter.push(chunk);
      for (const frame of frames) take(connection, frame);
      if (state.socket !== socket) return;
      state.options.roomMade();
    } catch {
      socket.destroy();
    }
  });
}

interface Connection {
  readonly state: BrokerState;
  readonly socket: Socket;
  readonly writer: FrameWriter;
  version: 4 | 5;
  isOpen: boolean;
}

function take(connection: Connection, frame: Buffer): void {
  if (packetType(frame) === PACKET.puback) {
    if (connection.state.socket === connection.socket) connection.state.options.session.puback(frame.readUInt16BE(headerEnd(frame)));
    return;
  }
  const parser = mqttPacket.parser({ protocolVersion: connection.version });
  parser.on("packet", (packet: Packet) => takePacket(connection, packet));
  parser.on("error", () => connection.socket.destroy());
  parser.parse(frame);
}

function takePacket(connection: Connection, packet: Packet): void {
  if (!connection.isOpen && packet.cmd !== "connect") return void connection.socket.destroy();
  switch (packet.cmd) {
    case "connect":
      return open(connection, packet);
    case "subscribe":
      return subscribe(connection, packet);
    case "unsubscribe":
      return unsubscribe(connection, packet);
    case "pingreq":
      return answer(connection, { cmd: "pingresp" });
    default:
      return void connection.socket.end();
  }
}

function answer(connection: Connection, packet: Packet): void {
  connection.writer.flush();
  connection.socket.write(mqttPacket.generate(packet, { protocolVersion: connection.version }));
}

function open(connection: Connection, packet: IConnectPacket): void {
  const { state, socket } = connection;
  connection.version = packet.protocolVersion === 5 ? 5 : 4;
  connection.isOpen = true;
  const isVersion5 = connection.version === 5;
  const isClean = packet.clean ?? true;
  const isKnown = !isClean && state.subscriber?.clientId === packet.clientId;
  state.socket?.destroy();
  state.options.session.detach();
  if (!isKnown) {
    for (const left of state.options.session.drain()) state.options.session.offer(left);
    const isPersistent = isVersion5 ? (packet.properties?.sessionExpiryInterval ?? 0) > 0 : !isClean;
    state.subscriber = { clientId: packet.clientId, isPersistent, filters: new Map() };
  }
  state.socket = socket;
  answer(connection, isVersion5 ? { cmd: "connack", reasonCode: 0, sessionPresent: isKnown } : { cmd: "connack", returnCode: 0, sessionPresent: isKnown });
  state.options.session.attach({
    writer: connection.writer,
    isVersion5,
    window: packet.properties?.receiveMaximum ?? 65_535,
    qosFor: (topic) => grantedQos(state.subscriber, topic),
    mayTake: () => socket.writableLength < 1_048_576 && (state.subscriber?.filters.size ?? 0) > 0,
  });
}

function grantedQos(subscriber: Subscriber | undefined, topic: string): 0 | 1 | undefined {
  let granted: 0 | 1 | undefined;
  for (const [filter, qos] of subscriber?.filters ?? []) {
    if (topicMatches(filter, topic) && (granted === undefined || qos > granted)) granted = qos;
  }
  return granted;
}

function subscribe(connection: Connection, packet: ISubscribePacket): void {
  const { state } = connection;
  const granted: (0 | 1)[] = [];
  for (const { topic, qos } of packet.subscriptions) {
    const allowed = qos === 0 ? 0 : 1;
    state.subscriber?.filters.set(topic, allowed);
    granted.push(allowed);
  }
  answer(connection, { cmd: "suback", messageId: packet.messageId ?? 0, granted });
  state.options.subscribed();
}

function unsubscribe(connection: Connection, packet: IUnsubscribePacket): void {
  for (const topic of packet.unsubscriptions) connection.state.subscriber?.filters.delete(topic);
  const messageId = packet.messageId ?? 0;
  answer(connection, connection.version === 5 ? { cmd: "unsuback", messageId, granted: packet.unsubscriptions.map(() => 0) } : { cmd: "unsuback", messageId, granted: [] });
}
