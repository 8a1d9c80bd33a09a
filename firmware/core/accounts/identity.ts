// Whom a session or a token stands for at this moment: what is asked before every operation.

import type { Me, Role, ServiceWindow } from "../../conduit/accounts.ts";

export interface Identity {
  /** `local`: nobody asked for a proof, since whoever reaches that conduit has the gateway in their hands. */
  readonly kind: "session" | "token" | "local";
  /** Of the account that acts; of a token, its owner. */
  readonly account: string;
  /** As the audit log names it: the account, or `token <name>`. */
  readonly actor: string;
  readonly role: Role;
  /** Names of operations; empty: all that the role may. */
  readonly scope: readonly string[];
  readonly step: Me["step"];
  /** The person proved themself in the last five minutes. Never true for a token. */
  readonly isFresh: boolean;
  /** Names the session without opening it; null for a token. */
  readonly session: string | null;
  /** The open service window that it acts in. */
  readonly window: ServiceWindow | null;
}

/** Finds whom a text from a caller stands for, undefined where it stands for nobody (any more). `isActive`: it counts as the person's doing, so the session is not idle. */
export type Identify = (bearer: string, isActive: boolean) => Identity | undefined;

/** Of whoever may run the command as the gateway's own user. */
export const LOCAL_IDENTITY: Identity = { kind: "local", account: "local", actor: "local", role: "systemadministrator", scope: [], step: "open", isFresh: true, session: null, window: null };
