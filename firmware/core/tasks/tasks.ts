// Everything that takes time or somebody's consent: ordered once by its id, kept over restarts, and nothing of it begins more often than it may.

import { randomUUID } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import type { TaskState } from "../../conduit/tasks.ts";
import type { Log } from "../../runtime/journal.ts";
import type { Actor } from "../accounts/actor.ts";
import type { AuditTrail } from "../audit/trail.ts";
import { Revision } from "../inventory/revision.ts";
import { storageFault } from "../storage/open-database.ts";
import { isEnded, mayStart, nextState, type TaskEvent } from "./task-states.ts";
import { TASK_RULES, type Task, type TaskKind, type TaskPatch } from "./task.ts";
import type { TaskRows } from "./task-rows.ts";
import { MOST_ALL_BYTES, type Results } from "./results.ts";

export interface TasksParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly trail: Pick<AuditTrail, "record">;
  readonly rows: TaskRows;
  readonly results: Results;
  /** Whether there is a cloud that is told of changes; what changes without one is told to nobody later. */
  readonly hasCloud: () => boolean;
  /** The gateway's running time: no wall clock lets a task expire. */
  readonly runningMs: () => number;
}

export interface TaskOrder {
  readonly id?: string | undefined;
  readonly kind: TaskKind;
  readonly target: string | null;
  readonly assignment: string | null;
  readonly reason: string;
  readonly needsApproval: boolean;
}

/** Tasks that are kept: of the ended ones the oldest go first. And those that may wait or run at one time. */
export const MOST_TASKS = 1000;
export const MOST_OPEN = 100;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MOST_WORDS = 2048;

export class Tasks {
  /** Grows with every change of a state. */
  readonly revision: Revision;
  readonly results: Results;
  readonly #parts: TasksParts;
  readonly #tasks = new Map<string, Task>();
  #lastNumber = 0;
  #lastChange = 0;

  /** Loads what was kept. What core itself was doing when it ended begins anew where it may, else it has failed. */
  constructor(parts: TasksParts) {
    this.#parts = parts;
    this.results = parts.results;
    this.revision = new Revision(parts.clock);
    for (const task of parts.rows.load()) {
      this.#tasks.set(task.id, task);
      this.#lastNumber = task.number;
      this.#lastChange = Math.max(this.#lastChange, task.change);
    }
    for (const task of this.#tasks.values()) if (task.state === "running" && TASK_RULES[task.kind].by === "core") this.cutOff(task, "the gateway's core was restarted while it ran");
  }

  /** Newest first. */
  newest(limit: number): readonly Task[] {
    return [...this.#tasks.values()].toReversed().slice(0, limit);
  }

  get(id: string): Task | undefined {
    return this.#tasks.get(id.toLowerCase());
  }

  /** Throws NOT_FOUND. */
  demand(id: string): Task {
    const task = this.get(id);
    if (task === undefined) throw new Fault("NOT_FOUND", "there is no such task (any more)", { where: id, remedy: "`weir task list` shows those that are kept." });
    return task;
  }

  /** Those of a state that may begin or run, oldest first. */
  open(): readonly Task[] {
    return [...this.#tasks.values()].filter(({ state }) => mayStart(state) || state === "running");
  }

  /** Those that wait for somebody's consent, oldest first. */
  unapproved(): readonly Task[] {
    return [...this.#tasks.values()].filter(({ state }) => state === "ordered");
  }

  /** Durable when it returns. The same id is the same task. Throws INPUT_INVALID where the id belongs to another order, PEER_LIMIT, STORAGE_FULL. */
  order({ id = randomUUID(), kind, target, assignment, reason, needsApproval }: TaskOrder, actor: Actor): Task {
    const known = this.get(id);
    if (known !== undefined) return demandSame(known, kind, target);
    if (!UUID.test(id)) throw new Fault("INPUT_INVALID", "a task's id is a UUID");
    if ([...this.#tasks.values()].filter(({ state }) => !isEnded(state)).length >= MOST_OPEN) throw new Fault("PEER_LIMIT", `${MOST_OPEN} tasks wait or run already`, { remedy: "Wait until some have ended, or cancel them." });
    const now = this.#now();
    const task: Task = {
      id: id.toLowerCase(), kind, target, assignment, reason, needsApproval, orderedBy: actor.name, approvedBy: null, ordered: now, changed: now, progress: 0, result: null, attempts: 0, runner: null, told: 0,
      state: needsApproval ? "ordered" : (nextState("ordered", "admit") ?? "waiting"),
      words: needsApproval ? `It waits until somebody with the role ${TASK_RULES[kind].approver} approves it.` : "It waits for its turn.",
      number: (this.#lastNumber += 1), change: (this.#lastChange += 1), expiresMs: Math.round(this.#parts.runningMs() + TASK_RULES[kind].lifeMs),
    };
    this.#write(task);
    this.#record(actor, "task.ordered", task, { reason, needsApproval });
    this.#prune();
    return task;
  }

  /** Throws INPUT_INVALID where nobody's consent is asked for (any more). */
  approve(id: string, actor: Actor): Task {
    const task = this.demand(id);
    if (task.state === "ordered" && actor.name === task.orderedBy && actor.zone !== "local") throw new Fault("ACCESS_DENIED", "who ordered a task does not approve it", { where: id });
    const approved = this.#apply(task, "approve", { approvedBy: actor.name, words: "It waits for its turn." });
    if (approved === undefined) throw new Fault("INPUT_INVALID", `the task is ${task.state}: there is nothing to approve`, { where: id });
    this.#record(actor, "task.approved", approved, {});
    return approved;
  }

  /** A task that has ended stays as it is: INPUT_INVALID. */
  cancel(id: string, actor: Actor): Task {
    const task = this.demand(id);
    const cancelled = this.#apply(task, "cancel", { words: "It was cancelled; the audit log says by whom." });
    if (cancelled === undefined) throw new Fault("INPUT_INVALID", `the task has ended: it is ${task.state}`, { where: id });
    this.#record(actor, "task.cancelled", cancelled, {});
    void this.results.remove(cancelled.id);
    return cancelled;
  }

  /** Its work begins. Undefined where it may not (any more). */
  start(id: string, runner: string | null, words: string): Task | undefined {
    const task = this.demand(id);
    return this.#apply(task, "start", { runner, words, progress: 0, attempts: task.attempts + 1 });
  }

  /** In memory only: it is told again. */
  progress(id: string, progress: number, words: string): void {
    const task = this.get(id);
    if (task?.state === "running") this.#tasks.set(task.id, { ...task, progress, words: words.slice(0, MOST_WORDS) });
  }

  finish(id: string, result: Task["result"], words: string): void {
    this.#end(id, "finish", { result, words, progress: 1 });
    void this.#boundResults();
  }

  fail(id: string, words: string): void {
    this.#end(id, "fail", { words });
    void this.results.remove(id);
  }

  /** Whoever worked on it is gone. It waits to begin anew where it may, and says so; else it has failed. */
  cutOff(task: Task, why: string): Task | undefined {
    if (task.attempts < TASK_RULES[task.kind].mostAttempts) return this.#apply(task, "repeat", { runner: null, words: `It begins anew: ${why}.`, progress: 0 });
    this.fail(task.id, `It was cut off ${task.attempts} times and is not tried again: ${why}.`);
    return undefined;
  }

  /** Once a second: what is over, and what nobody can do any more (`isGone`: no zone reads this assignment). */
  tick(isGone: (assignment: string) => boolean): void {
    for (const task of this.#tasks.values()) {
      if (isEnded(task.state)) continue;
      if (this.#parts.runningMs() >= task.expiresMs) this.#expire(task);
      else if (task.assignment !== null && isGone(task.assignment)) this.fail(task.id, `The gateway does not read ${task.assignment} any more.`);
    }
  }

  /** Changes that the cloud has not confirmed, oldest first; of each task the present one. */
  untold(limit: number): readonly Task[] {
    return [...this.#tasks.values()].filter(({ change, told }) => told < change).sort((one, other) => one.change - other.change).slice(0, limit);
  }

  /** The cloud has confirmed this change. */
  tell(id: string, change: number): void {
    const task = this.get(id);
    if (task === undefined || task.told >= change) return;
    const told = { ...task, told: change };
    this.#parts.rows.write(told);
    this.#tasks.set(told.id, told);
  }

  #expire(task: Task): void {
    const because = task.state === "ordered" ? "nobody approved it in time" : task.state === "running" ? "its work took too long" : task.assignment === null ? "its turn did not come in time" : `${task.assignment} was not there in time`;
    this.#end(task.id, "expire", { words: `It expired: ${because}.` });
    void this.results.remove(task.id);
  }

  #end(id: string, event: TaskEvent, patch: TaskPatch): void {
    const ended = this.#apply(this.demand(id), event, patch);
    if (ended !== undefined) this.#record(CORE, "task.ended", ended, { state: ended.state, words: ended.words });
  }

  /** Durable when it returns; undefined, and nothing changes, where the event means nothing in the task's state. */
  #apply(task: Task, event: TaskEvent, patch: TaskPatch): Task | undefined {
    const state = nextState(task.state, event);
    if (state === undefined) return undefined;
    const words = (patch.words ?? task.words).slice(0, MOST_WORDS);
    const next: Task = { ...task, ...patch, words, state, changed: this.#now(), change: this.#lastChange + 1 };
    this.#write(next);
    this.#lastChange = next.change;
    return next;
  }

  #write(changed: Task): void {
    const task = this.#parts.hasCloud() ? changed : { ...changed, told: changed.change };
    try {
      this.#parts.rows.write(task);
    } catch (error) {
      throw storageFault(error, "state.db");
    }
    this.#tasks.set(task.id, task);
    this.revision.advance();
  }

  #prune(): void {
    for (const task of this.#tasks.values()) {
      if (this.#tasks.size <= MOST_TASKS) return;
      if (!isEnded(task.state)) continue;
      this.#tasks.delete(task.id);
      this.#parts.rows.remove(task);
      void this.results.remove(task.id);
    }
  }

  /** The oldest results go first; their tasks stay, and say so. */
  async #boundResults(): Promise<void> {
    const holding = [...this.#tasks.values()].filter(({ result }) => result !== null);
    let bytes = holding.reduce((sum, { result }) => sum + (result?.bytes ?? 0), 0);
    for (const task of holding) {
      if (bytes <= MOST_ALL_BYTES) return;
      bytes -= task.result?.bytes ?? 0;
      try {
        this.#write({ ...task, result: null, words: `${task.words} Its result made room for newer ones.`.slice(0, MOST_WORDS) });
        await this.results.remove(task.id);
      } catch (error) {
        this.#parts.log.warn({ fault: asFault(error) }, "an old result could not be removed");
      }
    }
  }

  #record(actor: Actor, action: "task.ordered" | "task.approved" | "task.cancelled" | "task.ended", { id, kind, target }: Task, detail: Record<string, unknown>): void {
    this.#parts.trail.record({ actor, action, target: id, result: isFailure(detail["state"]) ? "failed" : "done", detail: { kind, on: target ?? "gateway", ...detail } });
  }

  #now(): string {
    return new Date(this.#parts.clock.now()).toISOString();
  }
}

const CORE: Actor = { name: "core", zone: "core", source: null };

function isFailure(state: unknown): boolean {
  return (["failed", "expired"] satisfies TaskState[]).some((one) => one === state);
}

function demandSame(known: Task, kind: TaskKind, target: string | null): Task {
  if (known.kind === kind && known.target === target) return known;
  throw new Fault("INPUT_INVALID", `the task of this id is another one: ${known.kind}${known.target === null ? "" : ` of ${known.target}`}`, { where: known.id, remedy: "Give each task an id of its own." });
}
