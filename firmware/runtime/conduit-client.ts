// A zone's side of a conduit: typed calls to core that wait while core is away and repeat with the same number.

import { Pool } from "undici";
import type { Clock } from "../../drivers/contract/clock.ts";
import { Fault, isFault } from "../../drivers/contract/fault.ts";
import type { Contract, InputOf, ReplyOf, Route } from "../conduit/route.ts";
import { makeBackoff } from "./backoff.ts";
import type { Backoff } from "./backoff.ts";
import { BEARER_HEADER, EPOCH_HEADER, HEAD_HEADER, MAX_HEAD_BYTES, NUMBER_HEADER, SOURCE_HEADER } from "./conduit-headers.ts";
import { refuseForeignFolder } from "./conduit-path.ts";
import { AWAY_STATUS, readProblem } from "./conduit-problem.ts";
import { errorCode } from "./error-code.ts";
import type { Log } from "./journal.ts";

export interface OpenOptions {
  readonly socket: string;
  readonly clock: Clock;
  /** The epoch of this process (`context.epoch`). One client per conduit and epoch: it numbers the requests. */
  readonly epoch: string;
  readonly log: Log;
}

/** Somebody for whom a zone asks: what core knows them by, and where they come from. */
export interface Person {
  readonly bearer?: string | undefined;
  readonly source?: string | undefined;
}

export interface ConduitClient<C extends Contract> {
  /**
   * The reply, trusted as core wrote it. While core is away the call waits and comes again with the same (epoch, number), for
   * ever, until it is answered or the signal aborts (CANCELLED). Core's faults are thrown with their code. The input is not
   * checked on this side. `person`: for whom it is asked.
   */
  call<Name extends keyof C & string>(name: Name, input: InputOf<C[Name]>, signal: AbortSignal, person?: Person): Promise<ReplyOf<C[Name]>>;
  /** Ends all calls with CANCELLED and closes the connections. */
  close(): Promise<void>;
}

/** Added to what a long poll may wait; the whole time of any other call. */
const ATTEMPT_MARGIN_MS = 15_000;
const QUICK_CONNECTIONS = 4;
const RETRY = { firstMs: 10, maxMs: 250 };

/** Connects with the first call. Throws ACCESS_DENIED when the socket's folder belongs to somebody else. */
export function openConduit<C extends Contract>(contract: C, options: OpenOptions): ConduitClient<C> {
  refuseForeignFolder(options.socket);
  const settings = { socketPath: options.socket, maxHeaderSize: MAX_HEAD_BYTES, pipelining: 1, bodyTimeout: ATTEMPT_MARGIN_MS };
  // Long polls stand for a minute on a connection of their own, so that they never hold up the others.
  const wire: Wire = { ...options, quick: new Pool("http://core", { ...settings, connections: QUICK_CONNECTIONS }), polls: new Pool("http://core", settings), isAway: false };
  let lastNumber = 0;
  return {
    call: (name, input, signal, person = {}) => {
      const route: Route = contract[name] as Route;
      if (route.method === "POST") lastNumber += 1;
      // Sound by the contract, which core's handlers are typed with too.
      return callUntilAnswered(wire, toRequest(route, input, { ...writePerson(person), [EPOCH_HEADER]: options.epoch }, lastNumber), signal) as Promise<ReplyOf<C[typeof name]>>;
    },
    close: async () => void (await Promise.all([wire.quick.destroy(), wire.polls.destroy()])),
  };
}

interface Wire extends OpenOptions {
  readonly quick: Pool;
  readonly polls: Pool;
  isAway: boolean;
}

interface Request {
  readonly route: Route;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  /** How long core may wait before it answers; undefined for what is no long poll. */
  readonly waitMs: number | undefined;
}

function writePerson({ bearer, source }: Person): Record<string, string> {
  return { ...(bearer === undefined ? {} : { [BEARER_HEADER]: bearer }), ...(source === undefined ? {} : { [SOURCE_HEADER]: source }) };
}

function toRequest(route: Route, input: unknown, caller: Record<string, string>, number: number): Request {
  const waitMs = typeof input === "object" && input !== null && "waitMs" in input && typeof input.waitMs === "number" ? input.waitMs : undefined;
  if (route.method === "GET") {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(input ?? {})) query.append(name, String(value));
    return { route, path: query.size === 0 ? route.path : `${route.path}?${query.toString()}`, headers: caller, body: null, waitMs };
  }
  const headers = { ...caller, "content-type": "application/json", [NUMBER_HEADER]: String(number) };
  return { route, path: route.path, headers, body: JSON.stringify(input), waitMs };
}

async function callUntilAnswered(wire: Wire, request: Request, signal: AbortSignal): Promise<unknown> {
  let backoff: Backoff | undefined;
  for (;;) {
    try {
      const answer = await attempt(wire, request, signal);
      if (wire.isAway) noteBack(wire);
      return answer;
    } catch (error) {
      const fault = explain(error, wire, signal);
      if (fault.code !== "CONDUIT_UNAVAILABLE") throw fault;
      if (!wire.isAway) noteAway(wire, fault);
      backoff ??= makeBackoff(RETRY);
      await wire.clock.sleep(backoff.nextMs(), signal);
    }
  }
}

async function attempt(wire: Wire, request: Request, signal: AbortSignal): Promise<unknown> {
  const { route, path, headers, body, waitMs } = request;
  const pool = waitMs === undefined ? wire.quick : wire.polls;
  const response = await pool.request({ method: route.method, path, headers, body, signal, headersTimeout: (waitMs ?? 0) + ATTEMPT_MARGIN_MS });
  if (response.statusCode === AWAY_STATUS) {
    await response.body.dump();
    throw new Fault("CONDUIT_UNAVAILABLE", "core is going down");
  }
  if (response.statusCode !== 200) throw readProblem(response.statusCode, await response.body.text(), route.path);
  if (route.kind === "json") return response.body.json();
  const head: unknown = JSON.parse(String(response.headers[HEAD_HEADER]));
  return { head, body: await response.body.bytes() };
}

/** Errors of the wire that a restart of core explains, or a core that is too busy to answer. */
const AWAY_CODES: ReadonlySet<string> = new Set(
  `ENOENT ECONNREFUSED ECONNRESET ECONNABORTED EPIPE EAGAIN ENOTCONN ETIMEDOUT
  UND_ERR_SOCKET UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT UND_ERR_CONNECT_TIMEOUT UND_ERR_RES_CONTENT_LENGTH_MISMATCH`.split(/\s+/),
);

function explain(error: unknown, wire: Wire, signal: AbortSignal): Fault {
  if (signal.aborted) return new Fault("CANCELLED", "the call over the conduit was cancelled", { where: wire.socket, cause: signal.reason });
  if (isFault(error)) return error;
  const code = errorCode(error) ?? "";
  if (AWAY_CODES.has(code)) return new Fault("CONDUIT_UNAVAILABLE", `core does not answer (${code})`, { where: wire.socket, cause: error });
  if (code === "UND_ERR_DESTROYED" || code === "UND_ERR_CLOSED") return new Fault("CANCELLED", "the conduit was closed", { where: wire.socket });
  if (code === "EACCES" || code === "EPERM") {
    return new Fault("ACCESS_DENIED", "this user may not use the conduit", { where: wire.socket, remedy: "Run it as the user who started Weir.", cause: error });
  }
  return new Fault("DEFECT", "the conduit failed in a way that is not known", { where: wire.socket, cause: error });
}

function noteAway(wire: Wire, fault: Fault): void {
  wire.isAway = true;
  wire.log.warn({ fault }, "core is away; calls wait");
}

function noteBack(wire: Wire): void {
  wire.isAway = false;
  wire.log.info({}, "core is back");
}
