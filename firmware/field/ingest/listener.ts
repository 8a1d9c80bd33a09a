// A TCP or TLS port of the endpoint: counts connections in all and by address, and hands on those that may speak.

import { constants } from "node:crypto";
import { createServer as createPlainServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, Server as TlsServer, type TLSSocket } from "node:tls";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import { serveClient } from "./client.ts";
import { readCertificate } from "./peer-certificate.ts";
import type { PeerCertificate } from "./ports.ts";
import type { Room } from "./room.ts";

/** PEM texts. */
export interface ListenerTls {
  readonly certificate: string;
  readonly key: string;
  /** The machine CA: a client certificate is asked for and must be issued by it. None is asked for without it. */
  readonly clientCa?: string;
}

export interface ListenerOptions {
  /** The IP address to listen on. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Without it, everything goes in the clear, passwords too. */
  readonly tls?: ListenerTls;
}

export interface Listener {
  readonly port: number;
  /** New certificates for new connections. Throws CONFIG_INVALID for what is none. */
  renew(tls: ListenerTls): void;
  /** Takes no new connections; those that are open are the clients' business. */
  stop(): void;
  /** After `stop`: cuts off what is still open; resolves when nothing is. */
  close(): Promise<void>;
}

/** Connections of all listeners: in all and by address. */
export interface Census {
  enter(address: string): "welcome" | "tooMany" | "tooManyFromAddress";
  leave(address: string): void;
}

export function makeCensus(maxConnections: number, maxPerAddress: number): Census {
  const byAddress = new Map<string, number>();
  let all = 0;
  return {
    enter: (address) => {
      if (all >= maxConnections) return "tooMany";
      const own = byAddress.get(address) ?? 0;
      if (own >= maxPerAddress) return "tooManyFromAddress";
      byAddress.set(address, own + 1);
      all += 1;
      return "welcome";
    },
    leave: (address) => {
      const own = (byAddress.get(address) ?? 1) - 1;
      if (own === 0) byAddress.delete(address);
      else byAddress.set(address, own);
      all -= 1;
    },
  };
}

/** Resolves when it listens. Rejects with CONFIG_INVALID where it cannot. */
export function openListener(options: ListenerOptions, room: Room, census: Census): Promise<Listener> {
  const { tls } = options;
  let clientCa = tls?.clientCa;
  const open = new Set<Socket>();
  const server = tls === undefined ? createPlainServer(SOCKET, (socket) => admitPlain(socket, room, census)) : makeTlsServer(tls, room, census, () => clientCa);
  const { promise, resolve, reject } = Promise.withResolvers<Listener>();
  const closed = new Promise<void>((done) => server.once("close", done));
  server.on("connection", (raw: Socket) => {
    open.add(raw);
    raw.once("close", () => open.delete(raw));
  });
  server.once("error", (error) => {
    reject(new Fault("CONFIG_INVALID", `cannot listen: ${error.message}`, { where: `ingest ${options.host}:${options.port}`, remedy: "Give the ingest endpoint an address of this gateway and a port that is free.", cause: error }));
  });
  server.listen({ host: options.host, port: options.port, backlog: 511 }, () => {
    server.on("error", (error) => room.report(asFault(error), { address: `ingest ${options.host}:${options.port}` }));
    const { port } = server.address() as AddressInfo;
    resolve({
      port,
      stop: () => void server.close(),
      close: () => {
        for (const raw of open) raw.destroy();
        return closed;
      },
      renew: (next) => {
        if (!(server instanceof TlsServer)) return;
        try {
          server.setSecureContext(contextOf(next));
        } catch (error) {
          throw new Fault("CONFIG_INVALID", "certificate and key of the ingest endpoint do not fit", { where: `ingest ${options.host}:${options.port}`, cause: error });
        }
        clientCa = next.clientCa;
      },
    });
  });
  return promise;
}

/** A machine that lost its power says nothing: where it promised no keep-alive, TCP finds out. */
const SOCKET = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

function contextOf({ certificate, key, clientCa }: ListenerTls) {
  // Without tickets: a resumed session would keep a certificate's verdict after the CA has changed.
  return { cert: certificate, key, ...(clientCa === undefined ? {} : { ca: clientCa }), minVersion: "TLSv1.2", secureOptions: constants.SSL_OP_NO_TICKET } as const;
}

function makeTlsServer(tls: ListenerTls, room: Room, census: Census, clientCa: () => string | undefined): Server {
  const server = createTlsServer({ ...SOCKET, ...contextOf(tls), requestCert: tls.clientCa !== undefined, rejectUnauthorized: false, handshakeTimeout: room.limits.handshakeMs });
  server.on("connection", (raw: Socket) => void enter(raw, room, census));
  server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
    const { address } = nameOf(socket);
    room.report(new Fault("PEER_PROTOCOL", `no TLS connection came about (${error.message})`, { where: address, cause: error }), { address });
    socket.destroy();
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    const { address } = nameOf(socket);
    let certificate: PeerCertificate | undefined;
    try {
      certificate = readCertificate(socket, clientCa(), room.clock);
    } catch (error) {
      const fault = asFault(error);
      room.penalties.refused(address);
      room.report(new Fault(fault.code, fault.message, { where: address, remedy: fault.remedy, cause: fault }), { address });
      socket.on("error", () => undefined).destroy();
      return;
    }
    serveClient(socket, { ...nameOf(socket), isTls: true, certificate }, room);
  });
  return server;
}

function admitPlain(socket: Socket, room: Room, census: Census): void {
  if (enter(socket, room, census)) serveClient(socket, { ...nameOf(socket), isTls: false, certificate: undefined }, room);
}

/** Counts the connection, or closes it without a word. */
function enter(raw: Socket, room: Room, census: Census): boolean {
  const { address } = nameOf(raw);
  const verdict = census.enter(address);
  if (verdict === "welcome") {
    raw.once("close", () => census.leave(address));
    return true;
  }
  const message = verdict === "tooMany" ? `is turned away: ${room.limits.maxConnections} connections are open` : `is turned away: it has ${room.limits.maxConnectionsPerAddress} connections open`;
  room.report(new Fault("PEER_LIMIT", message, { where: address, remedy: "Find out what opens so many connections." }), { address });
  raw.on("error", () => undefined).destroy();
  return false;
}

function nameOf(socket: Socket): { readonly address: string; readonly port: number } {
  const address = socket.remoteAddress ?? "an address that is gone";
  return { address: address.startsWith("::ffff:") ? address.slice(7) : address, port: socket.remotePort ?? 0 };
}
