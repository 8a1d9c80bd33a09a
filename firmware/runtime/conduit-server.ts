// Core's side of a conduit: checks what comes in, hands it to a typed handler, and answers with its reply or its fault.

import { Readable } from "node:stream";
import Fastify from "fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Compile } from "typebox/compile";
import type { TSchema } from "typebox";
import type { Clock } from "../../drivers/contract/clock.ts";
import { Fault, asFault, isFault } from "../../drivers/contract/fault.ts";
import type { Contract, InputOf, ReplyOf, RequestIdentity, Route } from "../conduit/route.ts";
import { readBodies, type TakeTurn } from "./conduit-body.ts";
import { HEAD_HEADER, readIdentity, readPerson, writeHead } from "./conduit-headers.ts";
import { listenOn } from "./conduit-listen.ts";
import { AWAY_STATUS, PROBLEM_TYPE, statusOf, writeProblem } from "./conduit-problem.ts";
import { errorCode } from "./error-code.ts";
import type { Log } from "./journal.ts";
import { systemClock } from "./system-clock.ts";

/** What a handler knows of the call besides its input. */
export interface Call {
  /** Present on every POST of a zone; a repeat carries the same one. */
  readonly identity?: RequestIdentity;
  /** The session or token of the person for whom the zone asks: a claim, to be checked at each call. */
  readonly bearer?: string;
  /** The address that the person comes from, as the zone says. */
  readonly source?: string;
  /**
   * Aborts when the caller goes away or the server closes. A long poll throws CANCELLED then (as `clock.sleep` does) and the
   * caller comes again; what is being committed is committed regardless.
   */
  readonly signal: AbortSignal;
}

/** A reply of type T that its handler wrote in portions, because in one turn it would hold the event loop. */
export class WrittenReply<T> {
  /** JSON text in pieces of some 10 KiB, which go out one after the other as the caller takes them. */
  readonly pieces: readonly string[];
  /** Only so that replies of different types are different: never there. */
  declare readonly reply?: T;

  constructor(...pieces: readonly string[]) {
    this.pieces = pieces;
  }
}

/** The answer of a route of bytes that its handler gathered in portions: joined and sent in one turn it would hold the event loop. */
export class WrittenBytes<Head> {
  readonly head: Head;
  /** Of some 64 KiB each; they go out one after the other as the caller takes them. */
  readonly pieces: readonly Uint8Array[];

  constructor(head: Head, pieces: readonly Uint8Array[]) {
    this.head = head;
    this.pieces = pieces;
  }
}

type Reply<T> = T | (T extends { readonly head: infer Head; readonly body: Uint8Array } ? WrittenBytes<Head> : never) | WrittenReply<T>;

/** One function per route of the contract. A thrown Fault reaches the caller with its code; anything else is a DEFECT, logged here. */
export type Handlers<C extends Contract> = { readonly [Name in keyof C]: (input: InputOf<C[Name]>, call: Call) => Promise<Reply<ReplyOf<C[Name]>>> | Reply<ReplyOf<C[Name]>> };

/** One answer to whatever is asked, for a side that cannot work yet. */
export function answerAll<C extends Contract>(contract: C, answer: () => never): Handlers<C> {
  return Object.fromEntries(Object.keys(contract).map((name) => [name, answer])) as unknown as Handlers<C>;
}

export interface ServeOptions {
  readonly socket: string;
  readonly log: Log;
  /** Closes the server when it aborts. */
  readonly signal?: AbortSignal;
  /** How long `close` waits for requests that run; 2,000 unless said. */
  readonly closeMs?: number;
  readonly clock?: Clock;
  /** A turn of the event loop of its own: long bodies are read, and written replies go out, in as many as they take. */
  readonly turn?: TakeTurn;
  /** Told of each request that ends in a fault, those included that reached no handler. */
  readonly onRefused?: (fault: Fault, route: string) => void;
}

export interface ConduitServer {
  /** Takes no new request, aborts long polls, waits for what runs, at most `closeMs`. May be called twice. */
  close(): Promise<void>;
}

/** How long the bytes of one request may take to arrive. */
const REQUEST_TIMEOUT_MS = 5000;
/** Node takes the larger of this and the request's time-out for the whole request, so both are set. */
const HEADERS_TIMEOUT_MS = 4000;
/** fastify refuses a limit of 0. */
const LEAST_BODY_LIMIT = 1;

/** Listens when it resolves. Throws CONFIG_INVALID when another process answers on the socket, ACCESS_DENIED when its folder is not ours. */
export async function serveConduit<C extends Contract>(contract: C, handlers: Handlers<C>, options: ServeOptions): Promise<ConduitServer> {
  const running = new Set<AbortController>();
  const app = Fastify({ logger: false, requestTimeout: REQUEST_TIMEOUT_MS, forceCloseConnections: "idle", http: { connectionsCheckingInterval: 1000, headersTimeout: HEADERS_TIMEOUT_MS } });
  app.setValidatorCompiler(({ schema, httpPart }) => compileCheck(schema as TSchema, httpPart ?? "body"));
  if (options.turn !== undefined) readBodies(app, options.turn);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.slice(0, 100);
    const fault = new Fault("NOT_FOUND", `the conduit has no route ${request.method} ${path}`);
    options.onRefused?.(fault, path);
    return sendFault(reply, fault);
  });
  app.setErrorHandler((error, request, reply) => {
    const fault = faultOf(error, request, options.log);
    options.onRefused?.(fault, request.routeOptions.url ?? request.url.slice(0, 100));
    return sendFault(reply, fault);
  });
  for (const [name, route] of Object.entries(contract)) {
    // Sound by the type of `handlers`; TypeScript cannot follow a key and its value through a loop.
    addRoute(app, route, handlers[name] as unknown as AnyHandler, running, options.turn);
  }
  try {
    await listenOn(app, options.socket);
  } catch (error) {
    await app.close();
    throw error;
  }
  return closable(app, running, options);
}

type AnyHandler = (input: unknown, call: Call) => unknown;

function addRoute(app: FastifyInstance, route: Route, handler: AnyHandler, running: Set<AbortController>, turn?: TakeTurn): void {
  const isGet = route.method === "GET";
  app.route({
    method: route.method,
    url: route.path,
    bodyLimit: Math.max(route.bodyLimit, LEAST_BODY_LIMIT),
    schema: isGet ? { querystring: route.input } : { body: route.input },
    handler: async (request, reply) => {
      const identity = isGet ? undefined : readIdentity(request.headers);
      const abort = new AbortController();
      running.add(abort);
      reply.raw.once("close", () => {
        running.delete(abort);
        if (!reply.raw.writableFinished) abort.abort();
      });
      const answer = await handler(isGet ? request.query : request.body, { ...(identity === undefined ? {} : { identity }), ...readPerson(request.headers), signal: abort.signal });
      if (answer instanceof WrittenReply) return reply.type("application/json; charset=utf-8").send(Readable.from(inTurns(answer.pieces, turn)));
      if (answer instanceof WrittenBytes) return sendBytes(reply, { head: answer.head, body: Readable.from(inTurns(answer.pieces, turn)) });
      return route.kind === "raw" ? sendBytes(reply, answer as ReplyOf<typeof route>) : answer;
    },
  });
}

/** A caller that takes them as fast as they come would else be given all of them at once. */
async function* inTurns<Piece>(pieces: readonly Piece[], turn: TakeTurn | undefined): AsyncIterable<Piece> {
  for (const piece of pieces) {
    await turn?.();
    yield piece;
  }
}

function sendBytes(reply: FastifyReply, answer: { readonly head: unknown; readonly body: Uint8Array | Readable }): FastifyReply {
  return reply.header(HEAD_HEADER, writeHead(answer.head)).type("application/octet-stream").send(answer.body);
}

function sendFault(reply: FastifyReply, fault: Fault): FastifyReply {
  const status = statusOf(fault.code);
  if (status === AWAY_STATUS) void reply.header("connection", "close");
  return reply.code(status).type(PROBLEM_TYPE).send(JSON.stringify(writeProblem(fault)));
}

/** Query strings hold text only, so they are converted first; a body says its types itself. */
function compileCheck(schema: TSchema, part: string): (value: unknown) => { value: unknown } | { error: Error } {
  const check = Compile(schema);
  return (value) => {
    const converted = part === "querystring" ? check.Convert({ ...Object(value) }) : value;
    if (check.Check(converted)) return { value: converted };
    const [first] = check.Errors(converted);
    return { error: new Fault("INPUT_INVALID", `${part}${first?.instancePath ?? ""} ${first?.message ?? "does not fit the contract"}`) };
  };
}

function faultOf(error: unknown, request: FastifyRequest, log: Log): Fault {
  if (isFault(error)) return error;
  const code = errorCode(error);
  // fastify's own refusals: body too large, no JSON, wrong content type, a length that lies.
  if (code?.startsWith("FST_ERR_CTP") === true || error instanceof SyntaxError) return new Fault("INPUT_INVALID", asFault(error).message, { where: request.url });
  const defect = new Fault("DEFECT", "the request met a defect in core; its journal says more", { where: request.routeOptions.url ?? request.url, cause: error });
  log.error({ fault: defect }, "a conduit's handler failed");
  return defect;
}

function closable(app: FastifyInstance, running: ReadonlySet<AbortController>, options: ServeOptions): ConduitServer {
  const { signal, closeMs = 2000, clock = systemClock, log } = options;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= closeServer());
  const stop = (): void => void close().catch((error: unknown) => log.error({ fault: asFault(error) }, "the conduit did not close cleanly"));
  const closeServer = async (): Promise<void> => {
    signal?.removeEventListener("abort", stop);
    const cancelDeadline = clock.after(closeMs, () => app.server.closeAllConnections());
    const closing = app.close();
    for (const abort of running) abort.abort();
    await closing;
    cancelDeadline();
  };
  if (signal?.aborted === true) stop();
  else signal?.addEventListener("abort", stop, { once: true });
  return { close };
}
