// Core's side of what everybody may about themself.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { Me } from "../../conduit/accounts.ts";
import type { PersonCall } from "../accounts/actor.ts";
import { operationsOf } from "../accounts/may.ts";
import type { Own } from "../accounts/own-credentials.ts";
import type { CoreParts } from "../parts.ts";
import type { OwnHandlers } from "./people-operations.ts";

export function makeOwnHandlers(core: CoreParts): OwnHandlers {
  const { accounts, gateway } = core;
  const { own } = accounts;
  return {
    me: (_, call) => describe(core, call),
    logout: (_, call) => {
      accounts.logout(ownOf(call).bearer, call.actor);
      return {};
    },
    reauthenticate: (input, call) => own.reauthenticate(input, ownOf(call)),
    changePassword: (input, call) => own.changePassword(input, ownOf(call)),
    beginSecondFactor: (_, call) => own.beginSecondFactor(ownOf(call), gateway),
    confirmSecondFactor: (input, call) => own.confirmSecondFactor(input, ownOf(call)),
    removeSecondFactor: (_, call) => {
      own.removeSecondFactor(ownOf(call));
      return {};
    },
    renewRecoveryCodes: (_, call) => own.renewRecoveryCodes(ownOf(call)),
  };
}

function ownOf({ actor, bearer, signal }: PersonCall): Own {
  if (bearer === undefined) throw new Fault("SESSION_REQUIRED", "this asks for a login", { remedy: "Log in." });
  return { actor, bearer, signal };
}

function describe({ accounts, tokens }: CoreParts, call: PersonCall): Me {
  const { account, actor, role, session, step, window } = call.person;
  const own = session === null ? undefined : accounts.describeOwn(ownOf(call).bearer);
  if (session !== null && own === undefined) throw new Fault("SESSION_REQUIRED", "this login is over", { remedy: "Log in." });
  const token = session === null ? tokens.find(actor.replace(/^token /, "")) : undefined;
  const bare = { displayName: "", origin: "token", hasSecondFactor: false, recoveryCodesLeft: 0, passwordSecondsLeft: null, sessionSecondsLeft: token?.secondsLeft ?? 0, idleSecondsLeft: token?.secondsLeft ?? 0, authenticatedSecondsLeft: 0, csrf: "" } as const;
  return { name: session === null ? actor : account, role, step, operations: operationsOf(call.person), window, ...(own ?? bare) };
}
