// Core's side of accounts and of their custody.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { custodyRoutes } from "../../conduit/accounts.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { CoreParts } from "../parts.ts";
import type { PeopleHandlers } from "./people-operations.ts";

const notYet = (): never => {
  throw new Fault("NOT_SUPPORTED", "not built yet");
};

export function makeAccountHandlers(_core: CoreParts): Pick<PeopleHandlers, "accounts" | "createAccount" | "changeAccount" | "deleteAccount" | "resetPassword" | "resetSecondFactor" | "unlockAccount" | "sessions" | "endSession" | "tokens" | "createToken" | "deleteToken" | "serviceWindows" | "openServiceWindow" | "closeServiceWindow"> {
  return { accounts: notYet, createAccount: notYet, changeAccount: notYet, deleteAccount: notYet, resetPassword: notYet, resetSecondFactor: notYet, unlockAccount: notYet, sessions: notYet, endSession: notYet, tokens: notYet, createToken: notYet, deleteToken: notYet, serviceWindows: notYet, openServiceWindow: notYet, closeServiceWindow: notYet };
}

export function makeCustodyHandlers(_core: CoreParts): Handlers<typeof custodyRoutes> {
  return { firstPassword: notYet, resetAccounts: notYet };
}
