// What acceptance needs of the rest of core.

import type { Database } from "better-sqlite3";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Configuration } from "../../config/schema.ts";
import type { Log } from "../../runtime/journal.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Conditions } from "../health/conditions.ts";
import type { Fading } from "../health/fading.ts";
import type { Links } from "../inventory/links.ts";
import type { Losses } from "../inventory/losses.ts";
import type { Register } from "../inventory/register.ts";
import type { Turns } from "../turns.ts";
import type { Secrets } from "../vault/secrets.ts";

export interface AcceptanceParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly turns: Turns;
  readonly conditions: Conditions;
  readonly fading: Fading;
  readonly trail: Pick<AuditTrail, "record" | "recordDenied">;
  readonly secrets: Pick<Secrets, "textsFor">;
  readonly configuration: { readonly current: Configuration };
  readonly register: Register;
  readonly links: Links;
  readonly losses: Pick<Losses, "review">;
}
