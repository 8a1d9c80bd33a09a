// The stream of changes (server-sent events): last values, and how the gateway stands. It goes on where it broke off, and ends with the session.

import type { ServerResponse } from "node:http";
import { once } from "node:events";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault, isFault } from "../../../drivers/contract/fault.ts";
import { sendRefusal } from "../server/app.ts";
import type { Asker } from "../server/core-calls.ts";
import { digest } from "../server/known-people.ts";
import { refusalOf } from "../server/problems.ts";
import type { ApiParts } from "./asked.ts";
import { EVENTS_PATH } from "./route-table.ts";
import { admit, askerOf, signalOf } from "./serve-table.ts";

/** Values of one point come at most that often. */
const GATHER_MS = 500;
const VALUES_WAIT_MS = 20_000;
/** How old the figures of the outbox may be. */
const STANDING_WAIT_MS = 5000;
/** Keeps proxies and walls from taking the connection for dead. */
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 3000;

/** Where a stream stands: one revision of each of its two sources. */
interface Place {
  values: number;
  standing: number;
}

export function serveEvents(app: FastifyInstance, parts: ApiParts, clock: Clock): void {
  app.get(EVENTS_PATH, { onRequest: (request, reply) => admit(request, reply, { isOpen: false, isChange: false, isProof: false }, parts) }, async (request, reply) => {
    const asker = askerOf(request);
    const signal = signalOf(reply, parts.ending);
    // Says 401 while there is a status to say it with.
    await parts.calls.call("me", {}, asker, { signal });
    const release = parts.standing.take(asker.credentials.kind === "nobody" ? "" : digest(asker.credentials.bearer));
    if (release === undefined) return sendRefusal(reply, refusalOf(new Fault("PEER_OVERLOADED", "this session has too many streams", { remedy: "Close one of them." })));
    reply.raw.once("close", release);
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" });
    await stream(new EventWriter(reply.raw), placeOf(request.headers["last-event-id"]), { parts, asker, clock, signal });
    return reply;
  });
}

interface Watch {
  readonly parts: ApiParts;
  readonly asker: Asker;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

async function stream(writer: EventWriter, place: Place, { signal, ...watch }: Watch): Promise<void> {
  const ending = new AbortController();
  const own: Watch = { ...watch, signal: AbortSignal.any([signal, ending.signal]) };
  writer.write(`retry: ${RETRY_MS}\n\n`);
  try {
    await Promise.all([watchValues(writer, place, own), watchStanding(writer, place, own), beat(writer, own)]);
  } catch (error) {
    // The page may say why; without a session the browser would come again for ever.
    if (!signal.aborted) writer.event("end", place, { code: asFault(error).code });
  } finally {
    ending.abort();
    writer.end();
  }
}

async function watchValues(writer: EventWriter, place: Place, { parts, asker, clock, signal }: Watch): Promise<never> {
  for (;;) {
    const { revision, values } = await parts.calls.poll("values", { after: place.values, waitMs: VALUES_WAIT_MS }, asker, signal);
    place.values = revision;
    if (values.length > 0) writer.event("values", place, { values });
    await writer.drained(signal);
    await clock.sleep(GATHER_MS, signal);
  }
}

async function watchStanding(writer: EventWriter, place: Place, { parts, asker, clock, signal }: Watch): Promise<never> {
  let before = "";
  for (;;) {
    const { revision, uptimeSeconds, ...standing } = await parts.calls.poll("standing", { after: place.standing, waitMs: before === "" && place.standing === 0 ? 0 : STANDING_WAIT_MS }, asker, signal);
    place.standing = revision;
    const now = JSON.stringify(standing);
    if (now !== before) writer.event("standing", place, { ...standing, uptimeSeconds });
    before = now;
    await writer.drained(signal);
    await clock.sleep(GATHER_MS, signal);
  }
}

async function beat(writer: EventWriter, { clock, signal }: Watch): Promise<never> {
  for (;;) {
    await clock.sleep(HEARTBEAT_MS, signal);
    writer.write(": \n\n");
    await writer.drained(signal);
  }
}

/** `values.standing`; what is none is the beginning. */
function placeOf(id: string | readonly string[] | undefined): Place {
  const [, values, standing] = /^(\d{1,15})\.(\d{1,15})$/.exec(typeof id === "string" ? id : "") ?? [];
  return { values: Number(values ?? 0), standing: Number(standing ?? 0) };
}

class EventWriter {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** JSON has no line break, so that nothing in it can be another event. */
  event(name: string, { values, standing }: Place, content: object): void {
    this.write(`id: ${values}.${standing}\nevent: ${name}\ndata: ${JSON.stringify(content)}\n\n`);
  }

  write(text: string): void {
    this.#response.write(text);
  }

  /** Whoever does not read is asked for nothing more; the connection's own limit ends it. */
  async drained(signal: AbortSignal): Promise<void> {
    if (!this.#response.writableNeedDrain) return;
    try {
      await once(this.#response, "drain", { signal });
    } catch (error) {
      if (!isFault(error)) throw new Fault("CANCELLED", "the stream is closed", { cause: error });
      throw error;
    }
  }

  end(): void {
    this.#response.end();
  }
}
