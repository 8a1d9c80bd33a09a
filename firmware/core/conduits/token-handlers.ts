// Core's side of tokens and service windows: rights that are given for a while.

import { Fault } from "../../../drivers/contract/fault.ts";
import { checkScope, demandOver, isOver } from "../accounts/over-others.ts";
import { hasRights } from "../accounts/permissions.ts";
import type { CoreParts } from "../parts.ts";
import type { PeopleHandlers } from "./people-operations.ts";

export function makeTokenHandlers({ accounts, tokens, trail }: CoreParts): Pick<PeopleHandlers, "tokens" | "createToken" | "deleteToken"> {
  return {
    // Somebody's own, and of those that they have a say over.
    tokens: (_, { person }) => ({
      tokens: tokens.list().filter(({ owner }) => {
        const role = accounts.roster.find(owner)?.role ?? "systemadministrator";
        return owner === person.account || isOver(person.role, role);
      }),
    }),
    createToken: ({ name, role, scope, days }, { actor, person }) => {
      if (!hasRights(person.role, role)) throw new Fault("ACCESS_DENIED", `the role ${person.role} may not give the role ${role}`, { where: "role", remedy: "Choose one that you have yourself." });
      checkScope(scope, role, "token");
      const made = tokens.create({ name, role, scope, days }, person.account);
      trail.record({ actor, action: "token.created", target: name, result: "done", detail: { role, scope, days } });
      return made;
    },
    deleteToken: ({ name }, { actor, person }) => {
      const token = tokens.find(name);
      if (token === undefined) throw new Fault("NOT_FOUND", `there is no token called ${name}`, { where: "name", remedy: "`weir token list` shows them." });
      if (token.owner !== person.account) demandOver(person, { name: token.owner, role: accounts.roster.find(token.owner)?.role ?? "systemadministrator" });
      tokens.delete(name);
      trail.record({ actor, action: "token.deleted", target: name, result: "done", detail: { owner: token.owner } });
      return {};
    },
  };
}

export function makeWindowHandlers({ accounts, windows }: CoreParts): Pick<PeopleHandlers, "serviceWindows" | "openServiceWindow" | "closeServiceWindow"> {
  return {
    serviceWindows: () => ({ windows: windows.list() }),
    openServiceWindow: ({ account, purpose, scope, minutes }, { actor }) => {
      if (account !== null && accounts.roster.get(account).role !== "service") throw new Fault("INPUT_INVALID", `${account} is no service account, so it needs no window`, { where: "account" });
      if (purpose.trim() === "") throw new Fault("INPUT_INVALID", "a service window has a purpose", { where: "purpose", remedy: "Say what is to be done." });
      checkScope(scope, "service", "window");
      return { window: windows.open({ account, purpose, scope, minutes }, actor) };
    },
    closeServiceWindow: ({ id }, { actor }) => {
      windows.close(id, actor);
      return {};
    },
  };
}
