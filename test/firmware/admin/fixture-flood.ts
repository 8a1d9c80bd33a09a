// Strangers with bad intentions, one address for each kind: 500 connections, some silent, some that send a byte a second, 200 logins a second, and uploads of a gigabyte.
//
// Argument: the port. Prints `under way` once all of it is tried, and at each line on its standard input a line of JSON of what came of it.

import { createInterface } from "node:readline";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";

const port = Number(process.argv[2]);
const stopping = new AbortController();
const told = { silent: 0, slow: 0, logins: 0, answers: {} as Record<string, number>, refusedConnections: 0, uploadedBytes: 0 };

const ignore = (): void => undefined;
const at = { host: "127.0.0.1", port };
/** TLS over a connection from this address. */
function overTls(localAddress: string, secured: (socket: TLSSocket) => void): TLSSocket {
  const raw = connect({ ...at, localAddress });
  raw.on("error", ignore);
  const socket: TLSSocket = connectTls({ socket: raw, rejectUnauthorized: false }, () => secured(socket));
  return socket;
}

const FROM = { silent: "127.0.0.2", slow: "127.0.0.4", logins: "127.0.0.5", uploads: "127.0.0.6" };

/** Comes again whenever it is closed, until the end. */
async function insist(open: () => Socket, pauseMs: number, closed: () => void): Promise<void> {
  while (!stopping.signal.aborted) {
    const socket = open();
    socket.on("error", ignore);
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
    closed();
    await systemClock.sleep(pauseMs, stopping.signal).catch(ignore);
  }
}

const openSilent = (): Socket => connect({ ...at, localAddress: FROM.silent }, () => (told.silent += 1));

function openSlow(): Socket {
  const opened = overTls(FROM.slow, (socket) => {
    told.slow += 1;
    socket.write(`GET / HTTP/1.1\r\nHost: localhost:${port}\r\nX: `);
    const drip = (): void => {
      if (socket.destroyed) return;
      socket.write("a");
      systemClock.after(1000, drip);
    };
    drip();
  });
  return opened;
}

function openUpload(): Socket {
  const piece = Buffer.alloc(65_536, 0x78);
  const opened = overTls(FROM.uploads, (socket) => {
    socket.write(`POST /api/v1/assets HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\nAuthorization: Bearer wt_${"A".repeat(43)}\r\nContent-Length: 1000000000\r\n\r\n`);
    const pump = (): void => {
      for (let goesOn = true; goesOn && !socket.destroyed; told.uploadedBytes += piece.length) goesOn = socket.write(piece);
    };
    socket.on("drain", pump);
    pump();
  });
  return opened;
}

/** One connection on which logins follow each other, `perSecond` of them. */
function openLogins(perSecond: number): Socket {
  const body = JSON.stringify({ user: "anna", password: "guess" });
  const opened = overTls(FROM.logins, (socket) => {
    const next = (): void => {
      if (socket.destroyed) return;
      told.logins += 1;
      socket.write(`POST /api/v1/session HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      systemClock.after(1000 / perSecond, next);
    };
    next();
  });
  opened.setEncoding("latin1").on("data", (text: string) => {
    for (const [, status = ""] of text.matchAll(/HTTP\/1\.1 (\d{3})/g)) told.answers[status] = (told.answers[status] ?? 0) + 1;
  });
  return opened;
}

const PAUSE_MS = 500;
for (let count = 0; count < 300; count += 1) void insist(openSilent, PAUSE_MS, () => (told.refusedConnections += 1));
for (let count = 0; count < 175; count += 1) void insist(openSlow, PAUSE_MS, () => (told.refusedConnections += 1));
for (let count = 0; count < 5; count += 1) void insist(openUpload, PAUSE_MS, () => (told.refusedConnections += 1));
for (let count = 0; count < 20; count += 1) void insist(() => openLogins(10), PAUSE_MS, () => (told.refusedConnections += 1));
process.stdout.write("under way\n");
createInterface({ input: process.stdin }).on("line", () => process.stdout.write(`${JSON.stringify(told)}\n`));
process.on("SIGTERM", () => process.exit(0));
