// The life of a task as a closed table: what may follow what. Pure.

import type { TaskState } from "../../conduit/tasks.ts";

/**
 * What happens to a task. `admit`: nobody else's consent is needed. `approve`: it was given. `start`: the work begins. `repeat`: the work was cut off, and may begin
 * once more. `finish`, `fail`: the work ended. `cancel`: somebody wants it no more. `expire`: its time is over.
 */
export const TASK_EVENTS = ["admit", "approve", "start", "repeat", "finish", "fail", "cancel", "expire"] as const;
export type TaskEvent = (typeof TASK_EVENTS)[number];

const ENDS = { fail: "failed", cancel: "cancelled", expire: "expired" } as const;

const NEXT: Readonly<Record<TaskState, Readonly<Partial<Record<TaskEvent, TaskState>>>>> = {
  ordered: { admit: "waiting", approve: "approved", ...ENDS },
  approved: { start: "running", ...ENDS },
  waiting: { start: "running", ...ENDS },
  running: { repeat: "waiting", finish: "done", ...ENDS },
  done: {},
  failed: {},
  cancelled: {},
  expired: {},
};

/** The state that follows; undefined where the event means nothing in this state, and nothing changes. */
export function nextState(state: TaskState, event: TaskEvent): TaskState | undefined {
  return NEXT[state][event];
}

/** Nothing happens to it any more. */
export function isEnded(state: TaskState): boolean {
  return Object.keys(NEXT[state]).length === 0;
}

/** It may begin: consent is given or not needed. */
export function mayStart(state: TaskState): boolean {
  return nextState(state, "start") !== undefined;
}
