// Whom a session or a token stands for at this moment: what is asked before every operation.

import type { Me, Role, ServiceWindow } from "../../conduit/accounts.ts";

export interface Identity {
  readonly kind: "session" | "token";
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
