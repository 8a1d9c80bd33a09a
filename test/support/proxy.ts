// A small HTTP CONNECT proxy that asks for credentials, and a pipe that is slow: the two things that stand between.

import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";

import type { Defer } from "./attempt.ts";

export interface Proxy {
  readonly port: number;
  /** The authorities that tunnels were opened to. */
  readonly opened: readonly string[];
}

export interface ProxyOptions {
  /** `user:password`; anybody may pass unless said. */
  readonly credentials?: string;
  /** Refuses every CONNECT with this status. */
  readonly refuse?: number;
}

/** Listens on a free loopback port; closed at the test's end. */
export async function startProxy(defer: Defer, { credentials, refuse }: ProxyOptions = {}): Promise<Proxy> {
  const opened: string[] = [];
  const sockets = new Set<Socket>();
  const server = createHttpServer();
  const expected = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`;
  server.on("connection", (socket) => track(sockets, socket));
  server.on("connect", (request, socket: Socket) => {
    socket.on("error", () => undefined);
    const answer = (status: number, text: string): void => void socket.end(`HTTP/1.1 ${status} ${text}\r\n\r\n`);
    if (refuse !== undefined) return answer(refuse, "Refused");
    if (expected !== undefined && request.headers["proxy-authorization"] !== expected) return answer(407, "Proxy Authentication Required");
    const target = new URL(`http://${request.url ?? ""}`);
    const far = connect({ host: target.hostname, port: Number(target.port === "" ? 80 : target.port) });
    track(sockets, far);
    far.once("error", () => answer(502, "Bad Gateway"));
    far.once("connect", () => {
      opened.push(request.url ?? "");
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(far).pipe(socket);
    });
  });
  return { port: await listen(defer, server, sockets), opened };
}

/** Carries bytes to a loopback port, at most so many per second towards it. */
export async function startSlowPipe(defer: Defer, port: number, bytesPerSecond: number): Promise<{ readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ host: "127.0.0.1", port });
    track(sockets, near);
    track(sockets, far);
    far.pipe(near);
    near.on("data", (chunk) => {
      near.pause();
      far.write(chunk);
      setTimeout(() => near.resume(), (chunk.length / bytesPerSecond) * 1000);
    });
    near.on("close", () => far.destroy());
  });
  return { port: await listen(defer, server, sockets) };
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on("error", () => undefined);
  socket.on("close", () => sockets.delete(socket));
}

async function listen(defer: Defer, server: Server, sockets: ReadonlySet<Socket>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  defer(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return address.port;
}
