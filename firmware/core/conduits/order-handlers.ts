// Core's side of what a zone is to do with its machines.

import { asFault, Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { Order, sourceConduit } from "../../conduit/source.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { CoreParts } from "../parts.ts";
import { isEnded } from "../tasks/task-states.ts";
import { TASK_RULES, type Task } from "../tasks/task.ts";

type Progress = InputOf<typeof sourceConduit.orderProgress>;
type Answer = ReplyOf<typeof sourceConduit.orderProgress>;

const ONWARD: Answer = { isCancelled: false };
const ENOUGH: Answer = { isCancelled: true };

export function makeOrderHandlers(core: CoreParts, zone: string): Pick<Handlers<typeof sourceConduit>, "orders" | "orderProgress"> {
  const { tasks } = core;
  return {
    orders: async ({ after, waitMs }, { signal }) => {
      await tasks.revision.wait(after, waitMs, signal);
      return { revision: tasks.revision.value, orders: tasks.open().flatMap((task) => orderOf(core, zone, task) ?? []) };
    },
    orderProgress: async (told, { identity }) => {
      const task = tasks.get(told.id);
      if (task === undefined || task.assignment === null || !core.register.isPlaced(task.assignment, zone)) throw new Fault("NOT_FOUND", "there is no such order", { where: told.id });
      if (isEnded(task.state)) return task.state === told.state ? ONWARD : ENOUGH;
      if (identity === undefined) throw new Fault("INPUT_INVALID", "progress needs an epoch and a request number");
      await core.writeTurn();
      return takeProgress(core, task, told, identity.epoch);
    },
  };
}

function orderOf({ register }: CoreParts, zone: string, { id, kind, assignment }: Task): Order | undefined {
  if (kind !== "asset-snapshot" || TASK_RULES[kind].by !== "zone" || assignment === null || !register.isPlaced(assignment, zone)) return undefined;
  return { id, kind, assignment };
}

async function takeProgress({ tasks }: CoreParts, task: Task, { state, progress, words: told, result }: Progress, epoch: string): Promise<Answer> {
  const { id } = task;
  if (task.runner !== null && task.runner !== epoch && tasks.cutOff(task, "the zone that reads the machine was restarted") === undefined) return ENOUGH;
  const isAgain = task.attempts > (task.runner === epoch ? 1 : 0);
  const words = isAgain ? `${told.slice(0, 2000)} It was begun anew.` : told;
  try {
    if (tasks.get(id)?.state !== "running") {
      await tasks.results.begin(id);
      if (tasks.start(id, epoch, words) === undefined) return ENOUGH;
    }
    if (result !== undefined && result.base64 !== "") await tasks.results.add(id, { offset: result.offset, bytes: Buffer.from(result.base64, "base64") });
    if (state === "failed") tasks.fail(id, words);
    else if (state === "running") tasks.progress(id, progress, words);
    else await finish(tasks, id, words, result);
    return ONWARD;
  } catch (error) {
    // State.db is full: the zone asks again. What a result meets ends the task.
    if (isFault(error, "STORAGE_BUSY") || asFault(error).where === "state.db") throw error;
    tasks.fail(id, asFault(error).toString());
    return ENOUGH;
  }
}

async function finish(tasks: CoreParts["tasks"], id: string, words: string, named: Progress["result"]): Promise<void> {
  const { name, type } = named ?? { name: `${id}.json`, type: "application/json" };
  const bytes = await tasks.results.finish(id);
  tasks.finish(id, { name, type, bytes }, words);
}
