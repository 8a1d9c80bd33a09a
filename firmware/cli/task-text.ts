// Tasks as people read them on a terminal.

import type { TaskReport } from "../conduit/tasks.ts";
import { printable, writeKey } from "./printable.ts";

/** One line each: id, state, what on what, by whom and when. */
export function writeTaskLines(tasks: readonly TaskReport[]): string {
  if (tasks.length === 0) return "No task was ordered.\n";
  return tasks.map((task) => `${task.id}  ${stateOf(task).padEnd(12)}  ${nameOf(task)}  ${printable(`${task.orderedBy}, ${task.ordered}`)}\n`).join("");
}

export function writeTask(task: TaskReport): string {
  const { id, reason, orderedBy, ordered, needsApproval, approvedBy, changed, words, result } = task;
  const rows: readonly (readonly [string, string])[] = [
    ["task", id],
    ["what", nameOf(task)],
    ["state", `${stateOf(task)} since ${changed}`],
    ["", words],
    ["ordered", `${ordered} by ${orderedBy}`],
    ...(reason === "" ? [] : [["why", reason] as const]),
    ...(needsApproval ? [["consent", approvedBy === null ? "waited for: `weir task approve ID`" : `given by ${approvedBy}`] as const] : []),
    ...(result === null ? [] : [["result", `${result.name}, ${result.bytes} bytes: \`weir task result ${id}\``] as const]),
  ];
  return rows.filter(([, text]) => text !== "").map(([name, text]) => `${name.padEnd(8)}  ${printable(text)}\n`).join("");
}

function stateOf({ state, progress }: TaskReport): string {
  return state === "running" ? `running ${Math.round(progress * 100)} %` : state;
}

function nameOf({ kind, target }: TaskReport): string {
  return target === null ? kind : `${kind} ${writeKey(target)}`;
}
