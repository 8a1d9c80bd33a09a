// Core's side of the audit log.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { CoreParts } from "../parts.ts";
import type { PeopleHandlers } from "./people-operations.ts";

const notYet = (): never => {
  throw new Fault("NOT_SUPPORTED", "not built yet");
};

export function makeAuditHandlers(_core: CoreParts): Pick<PeopleHandlers, "audit" | "verifyAudit"> {
  return { audit: notYet, verifyAudit: notYet };
}
