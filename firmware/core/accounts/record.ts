// How what happens to accounts comes into the audit log.

import type { AuditAction } from "../audit/audit.ts";
import type { Actor } from "./actor.ts";

/** Never with a secret, and never with a name that nobody has: people type passwords where names belong. */
export type RecordAccount = (actor: Actor, action: AuditAction, target: string, result: "done" | "refused", detail?: Readonly<Record<string, unknown>>) => void;
