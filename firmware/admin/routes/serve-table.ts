// Serves the table: who asks, how often, from which page, with what input; then core's answer.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Fault } from "../../../drivers/contract/fault.ts";
import { sendRefusal } from "../server/app.ts";
import type { Asker } from "../server/core-calls.ts";
import { readCredentials } from "../server/credentials.ts";
import { refusalOf } from "../server/problems.ts";
import { CSRF_HEADER, hasCsrf, isForeign } from "../server/same-origin.ts";
import { addressOf, sourceOf } from "../server/source-address.ts";
import { ANSWERS } from "./answers.ts";
import { API, bodyLimitOf, isChange, isForNobody, type ApiRoute } from "./api-route.ts";
import type { ApiParts } from "./asked.ts";
import { makeReadInput } from "./read-input.ts";

/** Operations that take a password or a code. */
const PROOFS: readonly string[] = ["login", "claim", "reauthenticate", "changePassword", "confirmSecondFactor"];
/** The framework refuses a limit of 0. */
const LEAST_BODY_LIMIT = 1;
/** Of whoever is not logged in. */
const STRANGERS_BODY_LIMIT = 4096;

export function serveTable(app: FastifyInstance, table: readonly ApiRoute[], parts: ApiParts): void {
  for (const route of table) serveRoute(app, route, parts);
}

function serveRoute(app: FastifyInstance, route: ApiRoute, parts: ApiParts): void {
  const readInput = makeReadInput(route);
  const answer = ANSWERS[route.answer ?? "json"];
  app.route({
    method: route.method,
    url: `${API}${route.path.replace(/\{(\w+)\}/g, ":$1")}`,
    bodyLimit: limitOf(route),
    // Before a byte of the body is read.
    onRequest: (request, reply) => admit(request, reply, { isOpen: isForNobody(route), isChange: isChange(route), isProof: PROOFS.includes(route.operation) }, parts),
    handler: async (request, reply) => {
      const input = readInput({ params: request.params, query: request.query, body: request.body });
      return answer({ route, input, request, reply, parts, asker: askerOf(request), signal: signalOf(reply, parts.ending) });
    },
  });
}

function limitOf(route: ApiRoute): number {
  const limit = Math.max(LEAST_BODY_LIMIT, bodyLimitOf(route));
  return isForNobody(route) ? Math.min(limit, STRANGERS_BODY_LIMIT) : limit;
}

export interface Demands {
  /** Asked by whoever is not logged in yet. */
  readonly isOpen: boolean;
  readonly isChange: boolean;
  readonly isProof: boolean;
}

/** Answers what is refused, and then resolves with the reply that was sent. What it lets through is still for core to judge. */
export async function admit(request: FastifyRequest, reply: FastifyReply, demands: Demands, parts: ApiParts): Promise<FastifyReply | undefined> {
  const asker = askerOf(request);
  const tooMuch = parts.rates.find(asker, demands.isProof);
  if (tooMuch !== undefined) return sendRefusal(reply, tooMuch);
  if (isForeign(request.headers, demands.isChange)) return sendRefusal(reply, refusalOf(new Fault("ACCESS_DENIED", "the request was made by another site")));
  if (demands.isOpen) return undefined;
  const { credentials } = asker;
  if (credentials.kind === "nobody") return sendRefusal(reply, refusalOf(new Fault("SESSION_REQUIRED", "this asks for a login", { remedy: "Log in, or send a token." })));
  // Whom core does not know gets no further: neither is their body read nor their input judged.
  if (parts.people.csrfOf(credentials.bearer) === undefined) await parts.calls.call("me", {}, asker, { signal: signalOf(reply, parts.ending) });
  if (!demands.isChange || credentials.kind === "token") return undefined;
  if (hasCsrf(request.headers, parts.people.csrfOf(credentials.bearer) ?? "")) return undefined;
  return sendRefusal(reply, refusalOf(new Fault("ACCESS_DENIED", `the header ${CSRF_HEADER} is not that of the session`, { remedy: "Send `csrf` of GET /api/v1/me in it." })));
}

export function askerOf({ headers, raw }: FastifyRequest): Asker {
  const { socket } = raw;
  return { credentials: readCredentials(headers), address: addressOf(socket.remoteAddress), source: sourceOf(socket.remoteAddress), socket };
}

/** Aborts when the one who asked goes away, or the page closes. */
export function signalOf(reply: FastifyReply, ending: AbortSignal): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return AbortSignal.any([gone.signal, ending]);
}
