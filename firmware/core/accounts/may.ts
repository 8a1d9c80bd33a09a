// What somebody may at this moment: by role, scope and service window, and how lately they proved themself.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { Identity } from "./identity.ts";
import { hasRights, neededFor, OPERATIONS, OWN_OPERATIONS, OWN_PERMISSIONS, PERMISSIONS } from "./permissions.ts";
import type { Operation, OwnOperation } from "./permissions.ts";

/** Why the operation is refused with this input; undefined where it may be done. Whoever may not do it at all is not asked for a proof. */
export function findRefusal(identity: Identity, operation: Operation, input: unknown): Fault | undefined {
  const { role, needsFresh } = neededFor(operation, input);
  const words = refusalOf(identity, operation, role);
  if (words !== undefined) return denied(operation, ...words);
  return needsFresh === true ? findStale(identity, operation) : undefined;
}

/** The same for what everybody may about themself, in whatever window. */
export function findOwnRefusal(identity: Identity, operation: OwnOperation): Fault | undefined {
  const { byToken, needsFresh } = OWN_PERMISSIONS[operation];
  if (identity.kind !== "session" && byToken !== true) return denied(operation, "a token may not do this", "Log in for it.");
  if (!isInStep(identity, operation)) return denied(operation, ...stepWords(identity));
  return needsFresh === true ? findStale(identity, operation) : undefined;
}

/** For the cases of an operation that only core's state tells: throws as for one that is the systemadministrator's, with a proof [U4.7c]. */
export function demandAdministrator(identity: Identity, operation: Operation, what: string): void {
  if (!hasRights(identity.role, "systemadministrator")) throw denied(operation, what, "It takes the role systemadministrator.");
  const stale = findStale(identity, operation);
  if (stale !== undefined) throw stale;
}

/** Names of the operations that are open to it, with a new proof where they need one. */
export function operationsOf(identity: Identity): string[] {
  const own = OWN_OPERATIONS.filter((name) => (identity.kind === "session" || OWN_PERMISSIONS[name].byToken === true) && isInStep(identity, name));
  const people = OPERATIONS.filter((name) => !(identity.kind === "token" && PERMISSIONS[name].needsFresh === true) && refusalOf(identity, name, PERMISSIONS[name].role) === undefined);
  return [...own, ...people];
}

type Words = readonly [message: string, remedy: string];

function refusalOf({ account, kind, role, scope, step, window }: Identity, operation: Operation, least: Identity["role"]): Words | undefined {
  if (step !== "open") return stepWords({ step });
  if (!hasRights(role, least)) return [`the role ${role} may not do this`, `It takes the role ${least}.`];
  if (scope.length > 0 && !scope.includes(operation)) return ["the token was not made for this", "Make one whose scope has it."];
  if (role !== "service" || kind === "local") return undefined;
  if (window === null) return [`no service window is open for ${account}`, "Ask an administrator of the plant to open one."];
  if (window.scope.length > 0 && !window.scope.includes(operation)) return ["the service window was not opened for this", "Ask for one whose scope has it."];
  return undefined;
}

function isInStep({ step }: Identity, operation: OwnOperation): boolean {
  return step === "open" || OWN_PERMISSIONS[operation].steps.includes(step);
}

function stepWords({ step }: Pick<Identity, "step">): Words {
  return step === "change-password" ? ["the password has to be changed first", "Choose a password of your own."] : ["a second factor has to be set up first", "Set it up with an authenticator app."];
}

function findStale({ isFresh, kind }: Identity, operation: string): Fault | undefined {
  if (isFresh) return undefined;
  if (kind === "token") return denied(operation, "a token may not do this", "Log in for it.");
  return new Fault("REAUTHENTICATION_REQUIRED", "this asks for your password again", { where: operation, remedy: "Prove yourself again; it is good for five minutes." });
}

function denied(operation: string, message: string, remedy: string): Fault {
  return new Fault("ACCESS_DENIED", message, { where: operation, remedy });
}
