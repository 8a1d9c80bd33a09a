// The conditions that stand now: raised by their cause, cleared when it is gone, never kept across a start.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Condition, Status } from "../../conduit/status.ts";
import { Revision } from "../inventory/revision.ts";
import { describeCondition } from "./catalogue.ts";
import { SEVERITY_OF } from "./condition-codes.ts";
import type { ConditionCode } from "./condition-codes.ts";

/** Told of each change: a condition that is new or whose words changed, or one that has gone. */
export type ConditionListener = (change: "raised" | "cleared", condition: Condition) => void;

export class Conditions {
  readonly #clock: Clock;
  readonly #listener: ConditionListener;
  readonly #standing = new Map<string, Condition>();
  /** Grows with each change of what stands. */
  readonly revision: Revision;

  constructor(clock: Clock, listener: ConditionListener) {
    this.#clock = clock;
    this.#listener = listener;
    this.revision = new Revision(clock);
  }

  /** True when the condition is new or its words have changed; `since` stays with the first raise. */
  raise(code: ConditionCode, subject: string, detail = ""): boolean {
    const key = keyOf(code, subject);
    const before = this.#standing.get(key);
    if (before !== undefined && before.detail === detail) return false;
    const since = before?.since ?? new Date(this.#clock.now()).toISOString();
    const condition: Condition = { code, subject, severity: SEVERITY_OF[code], ...describeCondition(code, subject, detail, "en"), detail, since };
    this.#standing.set(key, condition);
    this.revision.advance();
    this.#listener("raised", condition);
    return true;
  }

  /** True when it stood. */
  clear(code: ConditionCode, subject: string): boolean {
    const key = keyOf(code, subject);
    const condition = this.#standing.get(key);
    if (condition === undefined) return false;
    this.#standing.delete(key);
    this.revision.advance();
    this.#listener("cleared", condition);
    return true;
  }

  /** Raises the one of `codes` that is named and clears the others of the subject: they exclude each other. */
  become(codes: readonly ConditionCode[], subject: string, now?: { readonly code: ConditionCode; readonly detail: string }): boolean {
    for (const code of codes) if (code !== now?.code) this.clear(code, subject);
    return now !== undefined && this.raise(now.code, subject, now.detail);
  }

  /** Keeps, of one code, only the subjects that `details` names, with these details. */
  replaceAll(code: ConditionCode, details: ReadonlyMap<string, string>): void {
    for (const condition of this.list()) if (condition.code === code && !details.has(condition.subject)) this.clear(code, condition.subject);
    for (const [subject, detail] of details) this.raise(code, subject, detail);
  }

  has(code: ConditionCode, subject: string): boolean {
    return this.#standing.has(keyOf(code, subject));
  }

  /** Errors first, then warnings, then the rest; the oldest of each first. */
  list(): readonly Condition[] {
    return [...this.#standing.values()].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  }

  /** `degraded` while an error or a warning stands. */
  state(): Status["state"] {
    return [...this.#standing.values()].some((condition) => condition.severity !== "info") ? "degraded" : "running";
  }
}

const RANK = { error: 0, warning: 1, info: 2 } as const;

function keyOf(code: ConditionCode, subject: string): string {
  return `${code} ${subject}`;
}
