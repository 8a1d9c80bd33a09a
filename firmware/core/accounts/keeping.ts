// What login, claim and the care for one's own credentials all work on.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { AccountsSettings } from "../../config/accounts-section.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { AccountRows } from "./account-rows.ts";
import type { Directory } from "./directory.ts";
import type { HashQueue } from "./hash-queue.ts";
import type { Locks } from "./locks.ts";
import type { Proofs } from "./proofs.ts";
import type { Roster } from "./roster.ts";
import type { RunningTime } from "./running-time.ts";
import type { SecondFactor } from "./second-factor.ts";
import type { Sessions } from "./sessions.ts";

export interface Keeping {
  readonly rows: AccountRows;
  readonly roster: Roster;
  readonly sessions: Sessions;
  readonly proofs: Proofs;
  readonly secondFactor: SecondFactor;
  readonly locks: Locks;
  readonly queue: HashQueue;
  readonly time: RunningTime;
  readonly clock: Clock;
  readonly trail: Pick<AuditTrail, "record" | "recordStranger">;
  readonly directory: Pick<Directory, "ask" | "isConfigured">;
  readonly settings: () => AccountsSettings;
}

/** Where somebody comes from who is nobody yet. */
export interface Origin {
  readonly zone: string;
  readonly source: string | null;
}
