// Conditions that tell of single happenings: they stand until nothing of the kind has happened for a while.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { ConditionCode } from "./condition-codes.ts";
import type { Conditions } from "./conditions.ts";

export class Fading {
  readonly #conditions: Conditions;
  readonly #clock: Clock;
  readonly #until = new Map<string, { readonly code: ConditionCode; readonly subject: string; readonly ms: number }>();

  constructor(conditions: Conditions, clock: Clock) {
    this.#conditions = conditions;
    this.#clock = clock;
  }

  /** It happened (again): the condition stands for `forMs` from now. */
  note(code: ConditionCode, subject: string, detail: string, forMs: number): void {
    this.#conditions.raise(code, subject, detail);
    this.#until.set(`${code} ${subject}`, { code, subject, ms: this.#clock.uptimeMs() + forMs });
  }

  /** To be called about once a second. */
  tick(): void {
    for (const [key, { code, subject, ms }] of this.#until) {
      if (this.#clock.uptimeMs() < ms) continue;
      this.#until.delete(key);
      this.#conditions.clear(code, subject);
    }
  }
}
