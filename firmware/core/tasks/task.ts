// A task as core keeps it, and what each kind of task asks for.

import type { Role } from "../../conduit/accounts.ts";
import type { TaskKind, TaskReport, TaskState } from "../../conduit/tasks.ts";

export interface Task extends TaskReport {
  /** In the order in which they were ordered. */
  readonly number: number;
  /** The name of the machine's assignment; null where it is about the gateway. */
  readonly assignment: string | null;
  /** The gateway's running time at which it expires. */
  readonly expiresMs: number;
  /** How often its work began. */
  readonly attempts: number;
  /** The epoch of the zone that works on it; null where core does. */
  readonly runner: string | null;
  /** Grows with every change of any task. */
  readonly change: number;
  /** The newest change that the cloud has confirmed. */
  readonly told: number;
}

export interface TaskRules {
  /** Whoever has fewer rights than this needs somebody's consent; somebody in a service window has been given it, the cloud never has. */
  readonly consentBelow: Role;
  /** Who may give it [U4.10.3a]. */
  readonly approver: Role;
  /** In the gateway's running time, from the order on. */
  readonly lifeMs: number;
  /** How often its work may begin: more than once only where beginning anew does no harm. */
  readonly mostAttempts: number;
  /** Whether a zone that reads the machine does it, or core. */
  readonly by: "zone" | "core";
}

const HOUR_MS = 3_600_000;

export const TASK_RULES: Readonly<Record<TaskKind, TaskRules>> = {
  "asset-snapshot": { consentBelow: "manager", approver: "manager", lifeMs: 24 * HOUR_MS, mostAttempts: 2, by: "zone" },
  "gateway-snapshot": { consentBelow: "manager", approver: "manager", lifeMs: HOUR_MS, mostAttempts: 2, by: "core" },
};

/** What people and the cloud see of it. */
export function reportTask({ id, kind, target, reason, state, needsApproval, orderedBy, approvedBy, ordered, changed, progress, words, result }: Task): TaskReport {
  return { id, kind, target, reason, state, needsApproval, orderedBy, approvedBy, ordered, changed, progress, words, result };
}

/** A part of a task that changes with its state. */
export type TaskPatch = Partial<Pick<Task, "approvedBy" | "progress" | "words" | "result" | "attempts" | "runner">>;

export type { TaskKind, TaskState };
