// A stranger who attacks the page, in a process of its own: node page-attacker.ts KIND PORT. Ends on SIGTERM; prints what it saw as one line of JSON each second.
//
// KIND: `connections` holds 500 connections; `slowloris` sends one byte a second in 300 of them; `logins` tries 200 logins a second; `upload` sends 1 GB.

import { connect as connectTcp } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { systemClock } from "../../firmware/runtime/system-clock.ts";

const [kind = "", portText = "0"] = process.argv.slice(2);
const port = Number(portText);
const CONNECTIONS = 500;
const SLOW = 300;
const LOGINS_PER_SECOND = 200;
const UPLOAD_BYTES = 1_000_000_000;
/** Strangers come from everywhere. */
const SOURCES = 25;

const seen = { opened: 0, closed: 0, answers: {} as Record<string, number>, sentBytes: 0 };
every(1000, () => void process.stdout.write(`${JSON.stringify(seen)}\n`));

/** Again and again until the returned function is called. */
function every(ms: number, work: () => void): () => void {
  let cancel = (): void => undefined;
  const next = (): void => {
    cancel = systemClock.after(ms, () => {
      work();
      next();
    });
  };
  next();
  return () => cancel();
}

let count = 0;
function open(onAnswer: (status: string) => void = () => undefined): TLSSocket {
  count += 1;
  const socket = connect({ socket: connectTcp({ host: "127.0.0.1", port, localAddress: `127.0.1.${1 + (count % SOURCES)}` }), rejectUnauthorized: false });
  socket.on("secureConnect", () => (seen.opened += 1));
  socket.on("data", (bytes: Buffer) => {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(bytes.toString("latin1"))?.[1] ?? "";
    if (status === "") return;
    seen.answers[status] = (seen.answers[status] ?? 0) + 1;
    onAnswer(status);
  });
  socket.on("error", () => undefined);
  socket.on("close", () => (seen.closed += 1));
  return socket;
}

/** Anew where it was closed. */
function keepOpen(use: (socket: TLSSocket) => void): void {
  const socket = open();
  use(socket);
  socket.once("close", () => void systemClock.after(200, () => keepOpen(use)));
}

function spread(howMany: number, use: (socket: TLSSocket) => void): void {
  for (let index = 0; index < howMany; index += 1) systemClock.after(index * 4, () => keepOpen(use));
}

function dribble(socket: TLSSocket): void {
  const text = `POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n${"{".repeat(60_000)}`;
  let at = 0;
  const stop = every(1000, () => void socket.write(text.slice(at, (at += 1))));
  socket.once("close", stop);
}

function login(): void {
  const body = JSON.stringify({ user: `stranger-${count}`, password: "a guess, whatever" });
  const socket = open(() => socket.end());
  socket.end(`POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
}

function upload(socket: TLSSocket): void {
  const piece = Buffer.alloc(65_536, 0x20);
  let left = UPLOAD_BYTES;
  const send = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= piece.length;
      seen.sentBytes += piece.length;
      if (!socket.write(piece)) return void socket.once("drain", send);
    }
  };
  socket.write(`POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`);
  send();
}

if (kind === "connections") spread(CONNECTIONS, () => undefined);
else if (kind === "slowloris") spread(SLOW, dribble);
else if (kind === "logins") every(50, () => void Array.from({ length: LOGINS_PER_SECOND / 20 }, login));
else if (kind === "upload") for (let index = 0; index < 4; index += 1) keepOpen(upload);
else throw new Error(`there is no attack ${kind}`);
