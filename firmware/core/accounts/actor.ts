// Who does something: what the audit log names, and what every operation of people is given.

import type { Call } from "../../runtime/conduit-server.ts";
import type { Identity } from "./identity.ts";

export interface Actor {
  /** An account, `token <name>`, or `local` for whoever has the gateway in their hands. */
  readonly name: string;
  /** The zone they came through: `local`, `admin`, `plant`. */
  readonly zone: string;
  /** The address they came from, as that zone says. */
  readonly source: string | null;
}

/** A call whose caller has been found to be this actor and to be allowed what they ask. */
export interface PersonCall extends Call {
  readonly actor: Actor;
  /** With what rights; an operation asks it where the right depends on whom or what it is about. */
  readonly person: Identity;
}

/** Who does something: a person, or a part of core by its name. */
export type By = string | Actor;

export function nameOf(by: By): string {
  return typeof by === "string" ? by : by.name;
}

/** Whoever may run the command as the gateway's own user. */
export const LOCAL_ACTOR: Actor = { name: "local", zone: "local", source: null };
