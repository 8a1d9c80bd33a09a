// Stands before every operation of people on the admin conduit: who asks, may they, and who does the audit log name.

import { Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { ownRoutes } from "../../conduit/accounts.ts";
import type { PeopleRoutes } from "../../conduit/people.ts";
import type { Call, Handlers } from "../../runtime/conduit-server.ts";
import type { Actor, PersonCall } from "../accounts/actor.ts";
import type { Identify, Identity } from "../accounts/identity.ts";
import { findOwnRefusal, findRefusal } from "../accounts/may.ts";
import { OWN_PERMISSIONS, PERMISSIONS } from "../accounts/permissions.ts";
import type { Operation, OwnOperation } from "../accounts/permissions.ts";
import type { Refusals } from "../accounts/refusals.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { OwnHandlers, PeopleHandlers } from "./people-operations.ts";

export interface GuardOptions {
  /** The zone whose conduit it guards. */
  readonly zone: string;
  readonly identify: Identify;
  readonly refusals: Pick<Refusals, "note">;
  readonly trail: Pick<AuditTrail, "recordStranger">;
}

type AnyHandler = (input: unknown, call: PersonCall) => unknown;
type FindRefusal = (identity: Identity, input: unknown) => Fault | undefined;

/** The operations behind the check: SESSION_REQUIRED, ACCESS_DENIED or REAUTHENTICATION_REQUIRED, and nothing else of them is seen or done. */
export function guardPeople(handlers: PeopleHandlers, options: GuardOptions): Handlers<PeopleRoutes> {
  return guardAll(handlers, options, (name) => ({
    isWatching: PERMISSIONS[name as Operation].isWatching === true,
    find: (identity, input) => findRefusal(identity, name as Operation, input),
  })) as unknown as Handlers<PeopleRoutes>;
}

/** The same for what everybody may about themself. */
export function guardOwn(handlers: OwnHandlers, options: GuardOptions): Handlers<typeof ownRoutes> {
  return guardAll(handlers, options, (name) => ({
    isWatching: OWN_PERMISSIONS[name as OwnOperation].isWatching === true,
    find: (identity) => findOwnRefusal(identity, name as OwnOperation),
  })) as unknown as Handlers<typeof ownRoutes>;
}

interface Rule {
  readonly isWatching: boolean;
  readonly find: FindRefusal;
}

function guardAll(handlers: object, options: GuardOptions, ruleOf: (name: string) => Rule): Readonly<Record<string, (input: unknown, call: Call) => Promise<unknown>>> {
  const entries = Object.entries(handlers).map(([name, handler]) => {
    const rule = ruleOf(name);
    const guarded = async (input: unknown, call: Call): Promise<unknown> => {
      const person = admit(name, rule, options, input, call);
      const answer = await doAs(person, name, options, async () => (handler as AnyHandler)(input, person));
      // Whoever was shut out while a long poll waited is not told what came.
      if (isLongPoll(input)) admit(name, { ...rule, isWatching: true }, options, input, call);
      return answer;
    };
    return [name, guarded];
  });
  // Sound: each entry keeps its name, its input and its reply.
  return Object.fromEntries(entries);
}

function admit(name: string, { find, isWatching }: Rule, { identify, refusals, trail, zone }: GuardOptions, input: unknown, call: Call): PersonCall {
  const source = call.source ?? null;
  const identity = call.bearer === undefined ? undefined : identify(call.bearer, !isWatching);
  if (identity === undefined) {
    const fault = new Fault("SESSION_REQUIRED", call.bearer === undefined ? "this asks for a login" : "this login is over or was never one", { where: name, remedy: "Log in." });
    trail.recordStranger({ actor: { name: "stranger", zone, source }, action: "access.denied", target: name, kind: fault.code });
    throw fault;
  }
  const actor: Actor = { name: identity.actor, zone, source };
  const refusal = find(identity, input);
  if (refusal === undefined) return { ...call, actor, person: identity };
  // Being asked for the password again is no offence.
  if (refusal.code !== "REAUTHENTICATION_REQUIRED") refusals.note(actor, name, refusal);
  throw refusal;
}

/** What an operation itself refuses, because of whom or what it is about, is told as well. */
async function doAs({ actor }: PersonCall, name: string, { refusals }: GuardOptions, work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (isFault(error, "ACCESS_DENIED")) refusals.note(actor, error.where === undefined || error.where === name ? name : `${name} ${error.where}`, error);
    throw error;
  }
}

function isLongPoll(input: unknown): boolean {
  return typeof input === "object" && input !== null && "waitMs" in input;
}
