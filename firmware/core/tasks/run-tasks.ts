// What core does for tasks beside answering: looks at what is over, and works on those that are its own.

import { asFault, isFault } from "../../../drivers/contract/fault.ts";
import type { CoreParts } from "../parts.ts";
import { takeGatewaySnapshot } from "../snapshot/take-snapshot.ts";
import { mayStart } from "./task-states.ts";
import { TASK_RULES, type Task } from "./task.ts";

const TICK_MS = 1000;
const RETRY_MS = 5000;

/** Until the signal aborts; then resolves. What it worked on then begins anew with the next start. */
export async function runTasks(core: CoreParts, signal: AbortSignal): Promise<void> {
  await Promise.all([tick(core, signal), work(core, signal)]);
}

async function tick({ clock, conditions, log, register, tasks, writeTurn }: CoreParts, signal: AbortSignal): Promise<void> {
  let isFailing = false;
  while (!signal.aborted) {
    const words = describeUnapproved(tasks.unapproved());
    conditions.become(["TASK_AWAITS_CONSENT"], "tasks", words === undefined ? undefined : { code: "TASK_AWAITS_CONSENT", detail: words });
    await clock.sleep(TICK_MS, signal).catch(() => undefined);
    try {
      await writeTurn();
      if (!signal.aborted) tasks.tick((assignment) => register.zoneOf(assignment) === undefined);
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ fault: asFault(error, "state.db") }, "the state of tasks cannot be written");
      isFailing = true;
    }
  }
}

function describeUnapproved([oldest, ...others]: readonly Task[]): string | undefined {
  if (oldest === undefined) return undefined;
  const more = others.length === 0 ? "" : ` And ${others.length} more.`;
  return `${oldest.kind}${oldest.target === null ? "" : ` of ${oldest.target}`}, ordered by ${oldest.orderedBy}.${more}`;
}

/** One after the other. */
async function work(core: CoreParts, signal: AbortSignal): Promise<void> {
  const { clock, log, tasks } = core;
  while (!signal.aborted) {
    const { value } = tasks.revision;
    const next = tasks.open().find(({ kind, state }) => TASK_RULES[kind].by === "core" && mayStart(state));
    try {
      if (next === undefined) await tasks.revision.wait(value, 60_000, signal);
      else await runOne(core, next, signal);
    } catch (error) {
      if (signal.aborted) return;
      // State.db cannot be written: what the task's state is stays as it is kept.
      log.warn({ fault: asFault(error) }, "a task cannot go on");
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

async function runOne(core: CoreParts, { id }: Task, signal: AbortSignal): Promise<void> {
  const { tasks, writeTurn } = core;
  await writeTurn();
  const task = tasks.start(id, null, tasks.demand(id).attempts > 0 ? "It began anew, because the gateway's core was restarted." : "It gathers what the gateway knows of itself.");
  if (task === undefined) return;
  const ending = new AbortController();
  const watching = untilEnded(core, id, AbortSignal.any([signal, ending.signal]));
  try {
    await tasks.results.begin(id);
    const work = AbortSignal.any([signal, watching.signal]);
    const { name, words } = await takeGatewaySnapshot(core, tasks.results.draftOf(id), (progress, doing) => tasks.progress(id, progress, doing), work);
    const bytes = await tasks.results.finish(id);
    await writeTurn();
    if (tasks.get(id)?.state === "running") tasks.finish(id, { name, type: "application/zip", bytes }, words);
  } catch (error) {
    if (signal.aborted || tasks.get(id)?.state !== "running") return;
    if (isFault(error) && error.where === "state.db") throw error;
    tasks.fail(id, asFault(error).toString());
  } finally {
    ending.abort();
    if (tasks.get(id)?.state !== "done" && !signal.aborted) await tasks.results.remove(id);
  }
}

/** Its signal aborts when the task has ended before its work: it was cancelled, or has expired. */
function untilEnded({ tasks }: CoreParts, id: string, signal: AbortSignal): { readonly signal: AbortSignal } {
  const ended = new AbortController();
  const watch = async (): Promise<void> => {
    while (!signal.aborted && tasks.get(id)?.state === "running") await tasks.revision.wait(tasks.revision.value, 60_000, signal).catch(() => undefined);
    if (!signal.aborted) ended.abort();
  };
  void watch();
  return ended;
}
