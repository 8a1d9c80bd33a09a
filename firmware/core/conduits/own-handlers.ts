// Core's side of what everybody may about themself.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { CoreParts } from "../parts.ts";
import type { OwnHandlers } from "./people-operations.ts";

const notYet = (): never => {
  throw new Fault("NOT_SUPPORTED", "not built yet");
};

export function makeOwnHandlers(_core: CoreParts): OwnHandlers {
  return { me: notYet, logout: notYet, reauthenticate: notYet, changePassword: notYet, beginSecondFactor: notYet, confirmSecondFactor: notYet, removeSecondFactor: notYet, renewRecoveryCodes: notYet };
}
