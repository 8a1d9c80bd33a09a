// Whom somebody has a say over: nobody gives, takes or takes over more rights than they have themselves.

import type { Account, Role } from "../../conduit/accounts.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { Identity } from "./identity.ts";
import { hasRights, OPERATIONS, PERMISSIONS, rankOf } from "./permissions.ts";
import type { Operation, Permission } from "./permissions.ts";

/** Names by which the audit log and the walls know parts of the gateway: nobody is called so. */
const RESERVED: ReadonlySet<string> = new Set(["local", "core", "host", "field", "cloud", "plant", "devices", "stranger", "others", "unknown", "token"]);

export function isReserved(name: string): boolean {
  return RESERVED.has(name) || name.startsWith("source-");
}

/** Throws INPUT_INVALID for a name that would be mistaken for a part of the gateway. */
export function refuseReserved(name: string): void {
  if (isReserved(name)) throw new Fault("INPUT_INVALID", `${name} is the name of a part of the gateway`, { where: "name", remedy: "Choose another name." });
}

/** Throws ACCESS_DENIED where somebody may not give this role: a systemadministrator gives all, a manager those below, service customers alone [U4.1.2d]. */
export function demandGiveable({ role: own }: Identity, role: Role): void {
  const isGiveable = own === "systemadministrator" || (own === "service" ? role === "customer" : rankOf(role) < rankOf(own));
  if (!isGiveable) throw new Fault("ACCESS_DENIED", `the role ${own} may not give the role ${role}`, { where: "role", remedy: "Ask somebody with more rights." });
}

/** The same for accounts that are there: their passwords, locks, second factors, sessions and tokens. */
export function demandOver({ role: own }: Identity, { name, role }: Pick<Account, "name" | "role">): void {
  if (!isOver(own, role)) throw new Fault("ACCESS_DENIED", `the role ${own} has no say over ${name}, whose role is ${role}`, { where: name, remedy: "Ask somebody with more rights." });
}

export function isOver(own: Role, role: Role): boolean {
  return own === "systemadministrator" || (own === "manager" && rankOf(role) < rankOf(own));
}

/** Throws ACCESS_DENIED: what one proves oneself with is changed by oneself, with the proof, or by somebody else. */
export function refuseOneself({ account, kind }: Identity, name: string, remedy: string): void {
  if (kind !== "local" && account === name) throw new Fault("ACCESS_DENIED", "nobody does this to their own account", { where: name, remedy });
}

/** Throws INPUT_INVALID for what is no operation, what the role may not, and what no token may. */
export function checkScope(scope: readonly string[], role: Role, by: "token" | "window"): void {
  for (const name of scope) {
    const operation = OPERATIONS.find((known) => known === name);
    if (operation === undefined) throw new Fault("INPUT_INVALID", `there is no operation ${name}`, { where: "scope", remedy: "docs/permissions.md lists them." });
    refuseEmpty(operation, role, by);
  }
}

function refuseEmpty(operation: Operation, role: Role, by: "token" | "window"): void {
  const { role: least, needsFresh }: Permission = PERMISSIONS[operation];
  if (!hasRights(role, least)) throw new Fault("INPUT_INVALID", `the role ${role} may not ${operation}`, { where: "scope", remedy: `It takes the role ${least}.` });
  if (by === "token" && needsFresh === true) throw new Fault("INPUT_INVALID", `no token may ${operation}: it asks for a person's proof`, { where: "scope", remedy: "Leave it out." });
}
