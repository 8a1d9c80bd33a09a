// Conditions about what strangers announce: in the words of the first, so that whoever announces by the thousand writes no log.

import type { ConditionCode } from "../health/condition-codes.ts";
import type { Conditions } from "../health/conditions.ts";
import type { Fading } from "../health/fading.ts";

/** How long such a condition stands; the zone field tells what is present again every two minutes. */
const SHOWN_MS = 15 * 60_000;

export class Tellings {
  readonly #conditions: Pick<Conditions, "has">;
  readonly #fading: Pick<Fading, "note">;
  /** By code and subject; a subject is a segment or an accepted machine, so they are few. */
  readonly #words = new Map<string, string>();

  constructor(conditions: Pick<Conditions, "has">, fading: Pick<Fading, "note">) {
    this.#conditions = conditions;
    this.#fading = fading;
  }

  /** It happened (again). True where the condition is new. */
  note(code: ConditionCode, subject: string, words: string): boolean {
    const key = `${code} ${subject}`;
    const isNew = !this.#conditions.has(code, subject);
    const told = isNew ? words : (this.#words.get(key) ?? words);
    this.#words.set(key, told);
    this.#fading.note(code, subject, told, SHOWN_MS);
    return isNew;
  }
}
