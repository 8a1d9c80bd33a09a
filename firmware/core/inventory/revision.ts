// A revision that long polls wait on: it grows with each change and never repeats across restarts of core.

import { randomInt } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";

/** Room for a change every microsecond for centuries below 2^53. */
const START_BELOW = 2 ** 40;

export class Revision {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #value = randomInt(1, START_BELOW);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get value(): number {
    return this.#value;
  }

  /** Something changed: whoever waits is woken. */
  advance(): number {
    this.#value += 1;
    for (const wake of this.#waiting) wake();
    return this.#value;
  }

  /**
   * Resolves at once when `after` is not the present revision (an older one, or one of a former process), else with the next
   * change or after `waitMs`. Rejects with CANCELLED when the signal aborts.
   */
  async wait(after: number, waitMs: number, signal: AbortSignal): Promise<void> {
    if (after !== this.#value || waitMs === 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = (): void => reject(new Fault("CANCELLED", "the wait for a change was cancelled", { cause: signal.reason }));
    const cancel = this.#clock.after(waitMs, resolve);
    this.#waiting.add(resolve);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      await promise;
    } finally {
      cancel();
      this.#waiting.delete(resolve);
      signal.removeEventListener("abort", stop);
    }
  }
}
