// Core's side of the local conduit: whoever reaches it owns the gateway and may all that people may.

import type { localConduit } from "../../conduit/local.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import { LOCAL_ACTOR } from "../accounts/actor.ts";
import { LOCAL_IDENTITY } from "../accounts/identity.ts";
import type { CoreParts } from "../parts.ts";
import { makeCustodyHandlers } from "./account-handlers.ts";
import { asPerson, makePeopleHandlers } from "./people-handlers.ts";

export function makeLocalHandlers(core: CoreParts): Handlers<typeof localConduit> {
  const { namespaces, zones } = core;
  return {
    ...asPerson(makePeopleHandlers(core), LOCAL_ACTOR, LOCAL_IDENTITY),
    ...makeCustodyHandlers(core),
    zones: ({ zones: standings }) => {
      zones.tell(standings);
      return {};
    },
    namespaces: () => ({ namespaces: [...namespaces] }),
  };
}
