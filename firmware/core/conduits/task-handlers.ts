// Core's side of tasks, as people see them.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { taskRoutes } from "../../conduit/tasks.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { PersonCall } from "../accounts/actor.ts";
import { hasRights } from "../accounts/permissions.ts";
import { demandSubject } from "../acceptance/people.ts";
import type { CoreParts } from "../parts.ts";
import { reportTask, TASK_RULES, type Task, type TaskKind } from "../tasks/task.ts";
import type { PeopleHandlers } from "./people-operations.ts";

type TaskReply = ReplyOf<typeof taskRoutes.task>;

export function makeTaskHandlers(core: CoreParts): Pick<PeopleHandlers, "tasks" | "task" | "orderTask" | "approveTask" | "cancelTask" | "taskResult"> {
  const { tasks } = core;
  return {
    tasks: ({ limit }) => ({ tasks: tasks.newest(limit).map(reportTask) }),
    task: ({ id }) => reply(tasks.demand(id)),
    orderTask: async (order, call) => {
      await core.writeTurn();
      return reply(orderTask(core, order, call));
    },
    approveTask: async ({ id }, { actor, person }) => {
      await core.writeTurn();
      const { kind } = tasks.demand(id);
      const { approver } = TASK_RULES[kind];
      if (!hasRights(person.role, approver)) throw new Fault("ACCESS_DENIED", `a ${kind} is approved by the role ${approver}`, { where: id });
      return reply(tasks.approve(id, actor));
    },
    cancelTask: async ({ id }, { actor }) => {
      await core.writeTurn();
      return reply(tasks.cancel(id, actor));
    },
    taskResult: ({ id, offset }, call) => giveResult(core, id, offset, call),
  };
}

function reply(task: Task): TaskReply {
  return { task: reportTask(task) };
}

function orderTask(core: CoreParts, { id, kind, target, reason = "" }: InputOf<typeof taskRoutes.orderTask>, { actor, person }: PersonCall): Task {
  const on = findTarget(core, kind, target);
  const needsApproval = !hasRights(person.role, TASK_RULES[kind].consentBelow) && person.window === null;
  return core.tasks.order({ id, kind, ...on, reason, needsApproval }, actor);
}

/** Throws INPUT_INVALID where the kind and what it is about do not go together, NOT_FOUND for an unknown key. */
function findTarget(core: CoreParts, kind: TaskKind, target: string | undefined): { readonly target: string | null; readonly assignment: string | null } {
  if (TASK_RULES[kind].by === "core") {
    if (target !== undefined) throw new Fault("INPUT_INVALID", `a ${kind} is about the gateway, not about ${target}`);
    return { target: null, assignment: null };
  }
  if (target === undefined) throw new Fault("INPUT_INVALID", `a ${kind} is about a machine`, { remedy: "Name it by its key in `weir assets`." });
  const subject = demandSubject(core, target);
  const assignment = subject.kind === "configured" ? subject.settings.name : subject.kind === "entry" ? subject.entry.name : null;
  if (assignment === null || core.register.zoneOf(assignment) === undefined) throw new Fault("INPUT_INVALID", `the gateway does not read ${target}`, { where: target, remedy: "Accept it first (`weir assets accept`)." });
  return { target, assignment };
}

async function giveResult({ tasks, trail }: CoreParts, id: string, offset: number, { actor }: PersonCall): Promise<ReplyOf<typeof taskRoutes.taskResult>> {
  const { result, kind, target } = tasks.demand(id);
  if (result === null) throw new Fault("NOT_FOUND", "the task has no result (any more)", { where: id });
  const body = await tasks.results.read(id.toLowerCase(), offset);
  if (offset === 0) trail.record({ actor, action: "task.fetched", target: id, result: "done", detail: { kind, on: target ?? "gateway" } });
  return { head: result, body };
}
