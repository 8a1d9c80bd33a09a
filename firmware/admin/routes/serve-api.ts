// Everything that the page answers: the operations, the stream of changes, the description, the front page.

import type { FastifyInstance } from "fastify";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { PageSettings } from "../../conduit/admin.ts";
import type { CoreCalls } from "../server/core-calls.ts";
import type { KnownPeople } from "../server/known-people.ts";
import { RequestRates } from "../server/request-limits.ts";
import { Slots } from "../server/slots.ts";
import { serveEvents } from "./events.ts";
import { serveFrontPage } from "./front-page.ts";
import { writeDescription } from "./openapi.ts";
import { DESCRIPTION_PATH, ROUTE_TABLE } from "./route-table.ts";
import { admit, serveTable } from "./serve-table.ts";

export interface ServeApiParts {
  readonly calls: CoreCalls;
  readonly people: KnownPeople;
  readonly clock: Clock;
  readonly settings: () => PageSettings;
  readonly ending: AbortSignal;
}

/** Each of them holds two long polls at core. */
const MOST_STREAMS = 32;
const MOST_STREAMS_EACH = 4;

export function serveApi(app: FastifyInstance, { calls, people, clock, settings, ending }: ServeApiParts): void {
  const parts = { calls, people, rates: new RequestRates(clock, people), standing: new Slots(MOST_STREAMS, MOST_STREAMS_EACH), ending };
  serveTable(app, ROUTE_TABLE, parts);
  serveEvents(app, parts, clock);
  serveFrontPage(app, { rates: parts.rates, settings, clock });
  const description = writeDescription();
  // Everybody can read it in the documentation too, so it asks for no login.
  app.get(DESCRIPTION_PATH, { onRequest: (request, reply) => admit(request, reply, { isOpen: true, isChange: false, isProof: false }, parts) }, (_request, reply) => reply.type("application/json; charset=utf-8").send(description));
}
