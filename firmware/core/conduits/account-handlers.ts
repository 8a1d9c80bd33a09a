// Core's side of accounts and of their custody.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { Account, Group, Role, accountRoutes, custodyRoutes } from "../../conduit/accounts.ts";
import type { InputOf } from "../../conduit/route.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import { LOCAL_ACTOR } from "../accounts/actor.ts";
import type { Identity } from "../accounts/identity.ts";
import { demandGiveable, demandOver, isOver, refuseOneself, refuseReserved } from "../accounts/over-others.ts";
import { hasRights } from "../accounts/permissions.ts";
import type { CoreParts } from "../parts.ts";
import type { PeopleHandlers } from "./people-operations.ts";
import { makeTokenHandlers, makeWindowHandlers } from "./token-handlers.ts";

type AccountHandlers = Pick<PeopleHandlers, keyof typeof accountRoutes>;

export function makeAccountHandlers(core: CoreParts): AccountHandlers {
  return { ...makeRosterHandlers(core), ...makeProofHandlers(core), ...makeSessionHandlers(core), ...makeTokenHandlers(core), ...makeWindowHandlers(core) };
}

function makeRosterHandlers(core: CoreParts): Pick<AccountHandlers, "contacts" | "accounts" | "createAccount" | "changeAccount" | "deleteAccount"> {
  const { roster } = core.accounts;
  return {
    contacts: () => {
      const { itSecurity = null, otAdministration = null, vendor = null } = core.configuration.current.contacts;
      return { itSecurity, otAdministration, vendor };
    },
    // Service sees whom it may make; those above see all [K2.1.4].
    accounts: (_, { person }) => ({ accounts: roster.list().filter(({ role }) => hasRights(person.role, "manager") || role === "customer") }),
    createAccount: async ({ role, group, ...named }, { actor, person }) => {
      refuseReserved(named.name);
      const given = role ?? (group === undefined ? undefined : presetOf(core, group));
      if (given === undefined) throw new Fault("INPUT_INVALID", "an account has a role, or a group that gives it one", { where: "role" });
      demandGiveable(person, given);
      if (group !== undefined) demandGiveable(person, presetOf(core, group));
      return roster.create({ ...named, role: given, ...(group === undefined ? {} : { group }) }, actor);
    },
    changeAccount: ({ name, ...change }, { actor, person }) => {
      const before = roster.get(name);
      const role = change.role ?? (change.group === undefined || change.group === null ? undefined : presetOf(core, change.group));
      const whole = { ...change, ...(role === undefined ? {} : { role }) };
      refuseChange(core, before, whole, person);
      const account = roster.change(name, whole, actor);
      // Who has lost the right to make them loses those made.
      if (!hasRights(account.role, "manager")) core.tokens.deleteOf(name);
      return { account };
    },
    deleteAccount: ({ name }, { actor, person }) => {
      demandOver(person, roster.get(name));
      roster.delete(name, actor);
      return {};
    },
  };
}

/** The role that the plant's group gives. */
function presetOf({ configuration }: CoreParts, group: Group): Role {
  return configuration.current.accounts.groups[group];
}

type Change = Omit<InputOf<typeof accountRoutes.changeAccount>, "name">;

/** Everybody may write who they are; what decides rights is for those above. */
function refuseChange(core: CoreParts, before: Account, { role, group, isDisabled }: Change, person: Identity): void {
  const isOnlyPersonal = role === undefined && group === undefined && isDisabled === undefined;
  if (!(isOnlyPersonal && before.name === person.account)) demandOver(person, before);
  if (role !== undefined && role !== before.role) {
    demandGiveable(person, role);
    if (before.origin === "directory") throw new Fault("INPUT_INVALID", `the role of ${before.name} comes from the directory's groups`, { where: "role", remedy: "Change the groups there, or `plant.directory.groups` in the configuration." });
  }
  if (group !== undefined && group !== null) demandGiveable(person, presetOf(core, group));
}

function makeProofHandlers({ accounts }: CoreParts): Pick<AccountHandlers, "resetPassword" | "resetSecondFactor" | "unlockAccount"> {
  const { roster } = accounts;
  return {
    resetPassword: async ({ name }, { actor, person }) => {
      refuseOneself(person, name, "Change it with your present one, or ask another administrator.");
      demandOver(person, roster.get(name));
      const temporaryPassword = await roster.resetPassword(name, actor);
      // It took a while: whoever has risen meanwhile is not taken over with it.
      demandOver(person, roster.get(name));
      return { temporaryPassword };
    },
    resetSecondFactor: ({ name }, { actor, person }) => {
      refuseOneself(person, name, "Set up a new one with a recovery code, or ask another administrator.");
      demandOver(person, roster.get(name));
      roster.resetSecondFactor(name, actor);
      return {};
    },
    unlockAccount: ({ name }, { actor, person }) => {
      demandOver(person, roster.get(name));
      roster.unlock(name, actor);
      return {};
    },
  };
}

function makeSessionHandlers({ accounts }: CoreParts): Pick<AccountHandlers, "sessions" | "endSession"> {
  const roleOf = (name: string): Account["role"] => accounts.roster.find(name)?.role ?? "systemadministrator";
  return {
    sessions: (_, { person }) => ({ sessions: accounts.listSessions(person.session).filter(({ account }) => account === person.account || isOver(person.role, roleOf(account))) }),
    endSession: ({ id }, { actor, person }) => {
      const owner = accounts.ownerOf(id);
      if (owner !== undefined && owner !== person.account) demandOver(person, { name: owner, role: roleOf(owner) });
      accounts.endSession(id, actor);
      return {};
    },
  };
}

export function makeCustodyHandlers({ accounts, page, tokens, windows }: CoreParts): Handlers<typeof custodyRoutes> {
  return {
    firstPassword: () => ({ oneTimePassword: accounts.claim.oneTimePassword, urls: [...page.urls], fingerprint: page.fingerprint ?? null }),
    resetAccounts: () => {
      const deleted = accounts.roster.deleteAll(LOCAL_ACTOR);
      tokens.deleteAll();
      windows.closeAll(LOCAL_ACTOR);
      return { deleted };
    },
  };
}
