// Core's side of the admin conduit: the zone's own affairs and the login are open to it, everything else goes by the guard.

import type { adminConduit } from "../../conduit/admin.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { CoreParts } from "../parts.ts";
import { guardOwn, guardPeople } from "./guard.ts";
import { makeLoginHandlers } from "./login-handlers.ts";
import { makeOwnHandlers } from "./own-handlers.ts";
import { makePageHandlers } from "./page-handlers.ts";
import { makePeopleHandlers } from "./people-handlers.ts";

export const ADMIN = "admin";

export function makeAdminHandlers(core: CoreParts): Handlers<typeof adminConduit> {
  const options = { zone: ADMIN, identify: core.identify, refusals: core.refusals, trail: core.trail };
  return { ...makePageHandlers(core), ...makeLoginHandlers(core, ADMIN), ...guardOwn(makeOwnHandlers(core), options), ...guardPeople(makePeopleHandlers(core), options) };
}
