// The Request interface of one machine over HTTP, with a limit on everything that a machine could do wrong.

import { Client, type Dispatcher } from "undici";
import type { Clock } from "../contract/clock.ts";
import { asFault, Fault, isFault } from "../contract/fault.ts";
import { hostOf } from "./config.ts";
import { connectPeer, type Trust } from "./peer-socket.ts";

export interface RequestOptions {
  /** Base URL with a final slash; paths are relative to it. */
  readonly url: string;
  readonly trust: Trust | undefined;
  readonly credentials: { readonly user: string; readonly password: string } | undefined;
  readonly connectTimeoutMs: number;
  /** From the request to the last byte of its answer. */
  readonly answerTimeoutMs: number;
}

export interface Answer {
  readonly status: number;
  /** The parsed body of a 200; undefined of every other. */
  readonly document: unknown;
  /** Its text, for numbers that JavaScript cannot hold. */
  readonly text: string;
}

export interface Requests {
  /** Gets a resource below the base URL. `also` are statuses beside 200 that the caller deals with. Throws a Fault that names the URL. */
  get(path: string, also: readonly number[], signal: AbortSignal): Promise<Answer>;
  /** Ends what runs; may be called twice. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 8 * 1_048_576;
const MAX_HEADER_BYTES = 16_384;

export function openRequests(options: RequestOptions, clock: Clock): Requests {
  const start = new URL(options.url);
  const closing = new AbortController();
  const client = makeClient(start, options, clock, closing.signal);
  const headers = { accept: "application/json, application/problem+json", ...authorization(options.credentials) };
  const limitMs = options.answerTimeoutMs + options.connectTimeoutMs;

  const get = async (path: string, also: readonly number[], signal: AbortSignal): Promise<Answer> => {
    const url = new URL(path, start);
    const deadline = new AbortController();
    const stopTimer = clock.after(limitMs, () => deadline.abort(new Fault("PEER_TIMEOUT", `no complete answer within ${limitMs} ms`)));
    try {
      const answer = await client.request({ method: "GET", path: url.pathname + url.search, headers, signal: AbortSignal.any([signal, closing.signal, deadline.signal]) });
      return judge(answer, await readText(answer), also);
    } catch (error) {
      const isCancelled = signal.aborted || closing.signal.aborted;
      const fault = isCancelled ? new Fault("CANCELLED", "the request was cancelled") : faultOf(deadline.signal.aborted ? deadline.signal.reason : error);
      throw placeFault(fault, `GET ${url.href}`);
    } finally {
      stopTimer();
    }
  };
  return {
    get,
    close: async () => {
      closing.abort();
      if (!client.destroyed) await client.destroy();
    },
  };
}

function makeClient(start: URL, options: RequestOptions, clock: Clock, closing: AbortSignal): Client {
  const port = Number(start.port === "" ? (start.protocol === "https:" ? 443 : 80) : start.port);
  const peer = { host: hostOf(start), port, ...(options.trust === undefined ? {} : { trust: options.trust }) };
  return new Client(start.origin, {
    connect: (_, callback) => {
      const connecting = connectPeer(peer, options.connectTimeoutMs, clock, closing);
      // undici takes a callback where we have a promise.
      // oxlint-disable-next-line promise/no-callback-in-promise
      connecting.then((socket) => callback(null, socket), (error: unknown) => callback(asFault(error), null));
    },
    maxHeaderSize: MAX_HEADER_BYTES,
    maxResponseSize: MAX_BODY_BYTES,
    headersTimeout: options.answerTimeoutMs + options.connectTimeoutMs,
    bodyTimeout: options.answerTimeoutMs,
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 60_000,
  });
}

function authorization(credentials: RequestOptions["credentials"]): { authorization?: string } {
  if (credentials === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString("base64")}` };
}

async function readText({ body, headers }: Dispatcher.ResponseData): Promise<string> {
  if (Number(headers["content-length"] ?? 0) > MAX_BODY_BYTES) {
    body.destroy();
    throw new Fault("PEER_LIMIT", `announces more than ${MAX_BODY_BYTES} bytes`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Fault("PEER_LIMIT", `answers with more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString("utf8");
}

function judge({ statusCode: status, headers }: Dispatcher.ResponseData, text: string, also: readonly number[]): Answer {
  if (also.includes(status)) return { status, document: undefined, text };
  if (status === 200) return { status, document: parse(text), text };
  if (status >= 300 && status < 400) {
    throw new Fault("PEER_PROTOCOL", `redirects (${status}) to ${JSON.stringify(headers["location"] ?? "nowhere")}; redirects are not followed`, { remedy: "Write the machine's final URL into the configuration." });
  }
  if (status === 401) throw new Fault("CREDENTIALS_REFUSED", "asks for a user and password (401)", { remedy: "Give or correct `credentials`." });
  if (status === 403) throw new Fault("ACCESS_DENIED", "refuses access (403)", { remedy: "Allow this gateway at the machine." });
  if (status === 429 || status === 503) throw new Fault("PEER_OVERLOADED", `is overloaded (${status})`);
  throw new Fault("PEER_PROTOCOL", `answers with status ${status}: ${excerpt(text)}`, { remedy: "Try the profile with `weir try miko --url URL`." });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault("PEER_PROTOCOL", `answers with something that is no JSON: ${excerpt(text)}`, { cause: error });
  }
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

const CODES: Readonly<Record<string, ConstructorParameters<typeof Fault>>> = {
  UND_ERR_HEADERS_TIMEOUT: ["PEER_TIMEOUT", "does not answer in time"],
  UND_ERR_BODY_TIMEOUT: ["PEER_TIMEOUT", "stops in the middle of its answer"],
  UND_ERR_HEADERS_OVERFLOW: ["PEER_LIMIT", `answers with more than ${MAX_HEADER_BYTES} bytes of headers`],
  UND_ERR_RES_EXCEEDED_MAX_SIZE: ["PEER_LIMIT", `answers with more than ${MAX_BODY_BYTES} bytes`],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["PEER_PROTOCOL", "answers with another length than it announced"],
  UND_ERR_SOCKET: ["PEER_CLOSED", "closed the connection before its answer was complete"],
  ECONNRESET: ["PEER_CLOSED", "closed the connection before its answer was complete"],
  EPIPE: ["PEER_CLOSED", "closed the connection before its answer was complete"],
};

function faultOf(error: unknown): Fault {
  if (isFault(error)) return error;
  const { code = "", message = "", name } = error as { code?: string; message?: string; name?: string };
  const known = CODES[code];
  if (known !== undefined) return new Fault(known[0], known[1], { cause: error });
  if (name === "HTTPParserError") return new Fault("PEER_PROTOCOL", `answers with something that is no HTTP (${message})`, { cause: error });
  return new Fault("PEER_UNREACHABLE", `the request failed (${code === "" ? message : code})`, { cause: error });
}

/** The same fault with the place, so that it names the machine. */
function placeFault(fault: Fault, where: string): Fault {
  if (fault.where !== undefined) return new Fault(fault.code, fault.message, { where: `${where} (${fault.where})`, remedy: fault.remedy, cause: fault });
  return new Fault(fault.code, fault.message, { where, remedy: fault.remedy, cause: fault.cause });
}
