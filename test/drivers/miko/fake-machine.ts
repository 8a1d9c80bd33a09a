// A machine on the wire for tests: HTTP resources that a test may replace, and a broker that keeps what was not acknowledged.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { generate, parser as makeParser, type Packet } from "mqtt-packet";
import { findFreePort } from "../../support/free-port.ts";
import type { Defer } from "../../support/suite.ts";

export interface FakeEvent {
  readonly id: string;
  readonly type: string;
  readonly severity?: number;
  readonly message?: string;
  readonly time?: string;
}

export interface Tls {
  readonly key: string;
  readonly cert: string;
}

export type Answerer = (request: IncomingMessage, response: ServerResponse) => void;

export interface FakeMachine {
  readonly url: string;
  readonly httpPort: number;
  readonly broker: FakeBroker;
  readonly root: string;
  /** Present values by point id, as the list gives them. */
  readonly points: Map<string, { value: unknown; quality?: string; time?: string; unit?: string; dataType?: string }>;
  readonly events: FakeEvent[];
  /** Replaces the answer to a path (without query), until deleted. */
  readonly answers: Map<string, Answerer>;
  /** Paths with query, in the order they were asked for, and the headers. */
  readonly asked: string[];
  readonly headers: IncomingMessage["headers"][];
  /** What GET publish answers; undefined is 404. */
  publish: unknown;
  /** HTTP connections that stand. */
  open: number;
  /** Ends HTTP and broker as a machine that loses its power does. */
  lose(): Promise<void>;
  /** Comes back on the same ports. */
  comeBack(): Promise<void>;
}

export interface FakeMachineOptions {
  readonly serial?: string;
  readonly tls?: Tls;
  readonly pageSize?: number;
}

export async function startMachine(defer: Defer, options: FakeMachineOptions = {}): Promise<FakeMachine> {
  const serial = options.serial ?? "4711";
  const broker = makeBroker(options.tls);
  const machine = { points: new Map(), events: [], answers: new Map(), asked: [], headers: [], root: `miko/v1/${serial}`, broker } as unknown as Mutable<FakeMachine>;
  const http = makeHttp(machine, serial, options);
  machine.open = 0;
  http.on("connection", (socket: Socket) => {
    machine.open += 1;
    socket.on("close", () => void (machine.open -= 1));
  });
  // Not the kernel's choice: another program could be given them while the machine is lost.
  machine.httpPort = await findFreePort(2);
  const brokerPort = machine.httpPort + 1;
  await listen(http, machine.httpPort);
  await listen(broker.server, brokerPort);
  machine.url = `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${machine.httpPort}/`;
  machine.publish = { url: `${options.tls === undefined ? "mqtt" : "mqtts"}://127.0.0.1:${brokerPort}`, root: machine.root };
  machine.lose = async () => {
    broker.drop();
    (http as { closeAllConnections?: () => void }).closeAllConnections?.();
    await Promise.all([close(http), close(broker.server)]);
  };
  machine.comeBack = async () => {
    await listen(http, machine.httpPort);
    await listen(broker.server, brokerPort);
  };
  defer(() => machine.lose());
  return machine;
}

type Mutable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

function makeHttp(machine: FakeMachine, serial: string, { tls, pageSize = 100 }: FakeMachineOptions): Server {
  const json = (response: ServerResponse, document: unknown, status = 200): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
  const onRequest: Answerer = (request, response) => {
    const url = new URL(request.url ?? "/", "http://machine");
    machine.asked.push(url.pathname + url.search);
    machine.headers.push(request.headers);
    const answer = machine.answers.get(url.pathname);
    if (answer !== undefined) return answer(request, response);
    if (url.pathname === "/identification") return json(response, { manufacturer: "Test Works", model: "Cutter 7", serialNumber: serial, softwareRevision: "1.2" });
    if (url.pathname === "/points") return json(response, { points: [...machine.points].map(([id, point]) => ({ id, ...point })) });
    if (url.pathname === "/publish") return machine.publish === undefined ? json(response, { title: "Not Found" }, 404) : json(response, machine.publish);
    if (url.pathname === "/events") {
      const after = url.searchParams.get("after");
      const index = after === null ? -1 : machine.events.findIndex(({ id }) => id === after);
      if (after !== null && index === -1) return json(response, { title: "Gone" }, 410);
      return json(response, { events: machine.events.slice(index + 1, index + 1 + pageSize) });
    }
    const point = machine.points.get(decodeURIComponent(url.pathname.replace("/points/", "")));
    return point === undefined ? json(response, { title: "Not Found" }, 404) : json(response, point);
  };
  return tls === undefined ? createServer(onRequest) : createSecureServer(tls, onRequest);
}

export interface FakeBroker {
  readonly server: Server;
  /** Client ids in the order of their CONNECT, and what came with it. */
  readonly connects: { readonly clientId: string; readonly clean: boolean; readonly username: string | undefined }[];
  /** Packet ids acknowledged, in order. */
  readonly acknowledged: number[];
  readonly pings: number[];
  /** Published with QoS 1 and not acknowledged, kept over connections. */
  readonly pending: Map<number, Buffer>;
  /** Set to take over a connection's bytes from the CONNECT on. */
  onConnect: ((socket: Socket) => boolean) | undefined;
  answersPings: boolean;
  /** Connections that stand. */
  readonly open: number;
  publish(topic: string, payload: string | Buffer, options?: { readonly retain?: boolean }): number;
  write(bytes: Buffer): void;
  /** Cuts all connections. */
  drop(): void;
  /** Resolves when a subscription stands. */
  subscribed(signal: AbortSignal): Promise<readonly string[]>;
}

export function makeBroker(tls?: Tls): FakeBroker {
  const sockets = new Set<Socket>();
  let live: Socket | undefined;
  let filters: readonly string[] = [];
  let nextId = 1;
  const waiting: (() => void)[] = [];
  const taken = new WeakSet<Socket>();
  const onPacket = (socket: Socket, packet: Packet): void => {
    if (taken.has(socket)) return;
    if (packet.cmd === "connect") {
      broker.connects.push({ clientId: packet.clientId, clean: packet.clean ?? false, username: packet.username });
      if (broker.onConnect?.(socket) === true) return void taken.add(socket);
      socket.write(generate({ cmd: "connack", returnCode: 0, sessionPresent: broker.pending.size > 0 }));
      for (const bytes of broker.pending.values()) socket.write(bytes);
    } else if (packet.cmd === "subscribe") {
      filters = packet.subscriptions.map(({ topic }) => topic);
      live = socket;
      socket.write(generate({ cmd: "suback", messageId: packet.messageId ?? 0, granted: filters.map(() => 1) }));
      for (const wake of waiting.splice(0)) wake();
    } else if (packet.cmd === "puback") {
      broker.acknowledged.push(packet.messageId ?? 0);
      broker.pending.delete(packet.messageId ?? 0);
    } else if (packet.cmd === "pingreq") {
      broker.pings.push(1);
      if (broker.answersPings) socket.write(generate({ cmd: "pingresp" }));
    }
  };
  const onSocket = (socket: Socket): void => {
    sockets.add(socket);
    const parser = makeParser();
    parser.on("packet", (packet) => onPacket(socket, packet));
    socket.on("data", (chunk) => void parser.parse(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      if (live === socket) live = undefined;
    });
  };
  const broker: FakeBroker = {
    server: tls === undefined ? createTcpServer(onSocket) : createTlsServer(tls, onSocket),
    connects: [],
    acknowledged: [],
    pings: [],
    pending: new Map(),
    onConnect: undefined,
    answersPings: true,
    get open() {
      return sockets.size;
    },
    publish: (topic, payload, { retain = false } = {}) => {
      const messageId = nextId;
      nextId = (nextId % 65_535) + 1;
      const bytes = generate({ cmd: "publish", topic, payload, qos: 1, dup: false, retain, messageId });
      broker.pending.set(messageId, bytes);
      live?.write(bytes);
      return messageId;
    },
    write: (bytes) => void live?.write(bytes),
    drop: () => {
      live = undefined;
      for (const socket of sockets) socket.destroy();
    },
    subscribed: (signal) =>
      live !== undefined
        ? Promise.resolve(filters)
        : new Promise((resolve, reject) => {
            waiting.push(() => resolve(filters));
            signal.addEventListener("abort", () => reject(new Error("no subscription came")), { once: true });
          }),
  };
  return broker;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}
