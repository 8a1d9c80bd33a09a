// Core's side of how one becomes somebody.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { loginRoutes } from "../../conduit/accounts.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { CoreParts } from "../parts.ts";

const notYet = (): never => {
  throw new Fault("NOT_SUPPORTED", "not built yet");
};

export function makeLoginHandlers(_core: CoreParts): Handlers<typeof loginRoutes> {
  return { welcome: notYet, claim: notYet, login: notYet };
}
