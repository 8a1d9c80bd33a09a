// Answers what is no HTTP, or none that is understood: written by hand, since Node has no answer to give headers to.

import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { Fault } from "../../../drivers/contract/fault.ts";
import { errorCode } from "../../runtime/error-code.ts";
import { PROBLEM_TYPE, refusalOf } from "./problems.ts";

const STATUS_OF: Readonly<Record<string, readonly [status: number, words: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "the headers are longer than 16 KiB"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "the body's chunks say too much about themselves"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request did not arrive in time"],
};

/** For the event `clientError`: says what is wrong where somebody still listens, and closes. */
export function answerBroken(error: Error, socket: Duplex, headers: Readonly<Record<string, string>>): void {
  const code = errorCode(error) ?? "";
  if (!socket.writable || code === "ECONNRESET" || code === "EPIPE") return void socket.destroy();
  const [status, words] = STATUS_OF[code] ?? [400, "this is not HTTP as RFC 9112 has it"];
  answerRaw(socket, status, words, headers);
}

/** Writes the whole answer and closes. */
export function answerRaw(socket: Duplex, status: number, words: string, headers: Readonly<Record<string, string>>): void {
  const { problem, headers: own } = refusalOf(new Fault("INPUT_INVALID", words), status);
  const body = JSON.stringify(problem);
  const all = { ...headers, ...own, "content-type": PROBLEM_TYPE, "content-length": String(Buffer.byteLength(body)), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\n${lines.join("")}\r\n${body}`);
}
