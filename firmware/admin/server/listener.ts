// One address that the page listens at: HTTPS with its limits of time, behind the gate.

import { once } from "node:events";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContextOptions } from "node:tls";
import { Fault } from "../../../drivers/contract/fault.ts";
import { errorCode } from "../../runtime/error-code.ts";
import type { Gate } from "./gate.ts";
import { answerBroken, answerRaw } from "./raw-answer.ts";

/** A client that says nothing, or one byte a second, is gone after these (slowloris); Node looks every second. */
const TIMES = { handshakeTimeout: 5000, headersTimeout: 5000, requestTimeout: 30_000, keepAliveTimeout: 30_000, connectionsCheckingInterval: 1000 };
/** Longer than core may take for its longest answer; an answer that nobody takes is given up after it. */
const SILENT_MS = 150_000;
const MOST_HEADER_BYTES = 16_384;
const MOST_HEADERS = 64;

export interface Listener {
  readonly server: Server;
  close(): Promise<void>;
}

export interface ListenerParts {
  readonly tls: SecureContextOptions;
  readonly gate: Gate;
  /** Answers a request whatever it is. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** What every answer carries where the host that was asked is not known. */
  readonly headers: () => Readonly<Record<string, string>>;
}

/** Listens when it resolves. CONFIG_INVALID where the address is not there or the port is taken. */
export async function openListener(address: string, port: number, parts: ListenerParts): Promise<Listener> {
  const { tls, gate, answer, headers } = parts;
  const server = createServer({ ...tls, ...TIMES, ALPNProtocols: ["http/1.1"], maxHeaderSize: MOST_HEADER_BYTES, requireHostHeader: false, keepAlive: true, noDelay: true }, answer);
  server.maxHeadersCount = MOST_HEADERS;
  server.timeout = SILENT_MS;
  putBefore(server, gate);
  const refuse = (status: number, words: string) => (_: IncomingMessage, socket: Duplex) => answerRaw(socket, status, words, headers());
  server.on("clientError", (error: Error, socket: Duplex) => answerBroken(error, socket, headers()));
  server.on("connect", refuse(405, "the page is no proxy"));
  server.on("upgrade", refuse(400, "the page speaks no other protocol"));
  server.on("checkExpectation", (request: IncomingMessage) => answerRaw(request.socket, 417, "the request expects what is not offered", headers()));
  server.on("tlsClientError", (_error: Error, socket: Socket) => void socket.destroy());
  await listen(server, address, port);
  return { server, close: () => closeServer(server) };
}

/** The gate sees a connection before TLS does: what it turns away costs no handshake. */
function putBefore(server: Server, gate: Gate): void {
  const toTls = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    // Until TLS takes it over, an error of it would be nobody's.
    socket.on("error", () => undefined);
    if (gate.admit(socket)) for (const listener of toTls) Reflect.apply(listener, server, [socket]);
    else socket.destroy();
  });
}

async function listen(server: Server, address: string, port: number): Promise<void> {
  // Without `::` taking IPv4 too, which has an address of its own in the settings.
  server.listen({ host: address, port, ipv6Only: address.includes(":") });
  try {
    await once(server, "listening");
  } catch (error) {
    const why = errorCode(error) === "EADDRINUSE" ? "another program listens there" : (errorCode(error) ?? "it cannot be opened");
    throw new Fault("CONFIG_INVALID", `the page cannot listen at ${address}, port ${port}: ${why}`, { where: "page", remedy: "Name another address or port under `page`.", cause: error });
  }
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  await promise;
}
