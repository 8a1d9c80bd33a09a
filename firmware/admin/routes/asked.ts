// What the functions that answer a request are given.

import type { FastifyReply, FastifyRequest } from "fastify";
import type { Asker, CoreCalls } from "../server/core-calls.ts";
import type { KnownPeople } from "../server/known-people.ts";
import type { RequestRates } from "../server/request-limits.ts";
import type { Slots } from "../server/slots.ts";
import type { ApiRoute } from "./api-route.ts";

export interface ApiParts {
  readonly calls: CoreCalls;
  readonly people: KnownPeople;
  readonly rates: RequestRates;
  /** Long polls and streams that stand at a time. */
  readonly standing: Slots;
  /** Aborts when the page closes. */
  readonly ending: AbortSignal;
}

export interface Asked {
  readonly route: ApiRoute;
  /** Checked by the operation's schema. */
  readonly input: object;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly parts: ApiParts;
  readonly asker: Asker;
  readonly signal: AbortSignal;
}
