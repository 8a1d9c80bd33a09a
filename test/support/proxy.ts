// A small HTTP CONNECT proxy that asks for credentials, and a pipe that is slow: the two things that stand between.

import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type Socket } from "node:net";

import type { Defer } from "./attempt.ts";
import { listenOnLoopback } from "./listen.ts";

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
  const server = createHttpServer();
  const expected = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`;
  server.on("connect", (request, socket: Socket) => {
    const answer = (status: number, text: string): void => void socket.end(`HTTP/1.1 ${status} ${text}\r\n\r\n`);
    if (refuse !== undefined) return answer(refuse, "Refused");
    if (expected !== undefined && request.headers["proxy-authorization"] !== expected) return answer(407, "Proxy Authentication Required");
    const target = new URL(`http://${request.url ?? ""}`);
    const far = connect({ host: target.hostname, port: Number(target.port === "" ? 80 : target.port) });
    far.on("error", () => answer(502, "Bad Gateway"));
    socket.on("close", () => far.destroy());
    far.once("connect", () => {
      opened.push(request.url ?? "");
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(far).pipe(socket);
    });
  });
  const { port, close } = await listenOnLoopback(server);
  defer(close);
  return { port, opened };
}

/** Carries bytes to a loopback port, at most so many per second towards it. */
export async function startSlowPipe(defer: Defer, port: number, bytesPerSecond: number): Promise<{ readonly port: number }> {
  const server = createServer((near) => {
    const far = connect({ host: "127.0.0.1", port });
    far.on("error", () => undefined).on("close", () => near.destroy());
    far.pipe(near);
    near.on("data", (chunk) => {
      near.pause();
      far.write(chunk);
      setTimeout(() => near.resume(), (chunk.length / bytesPerSecond) * 1000);
    });
    near.on("close", () => far.destroy());
  });
  const listening = await listenOnLoopback(server);
  defer(listening.close);
  return { port: listening.port };
}
