// Core's side of the admin zone's own affairs: where it serves the page, and how it is.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { pageRoutes } from "../../conduit/admin.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { CoreParts } from "../parts.ts";

const notYet = (): never => {
  throw new Fault("NOT_SUPPORTED", "not built yet");
};

export function makePageHandlers(_core: CoreParts): Handlers<typeof pageRoutes> {
  return { settings: notYet, listening: notYet, alive: notYet };
}
