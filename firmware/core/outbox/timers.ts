// Named timers of one owner, so that all of them end with it.

import type { Clock } from "../../../drivers/contract/clock.ts";

export class Timers {
  readonly #clock: Clock;
  readonly #cancels = new Map<string, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls back once; a timer of the same name is replaced. */
  after(name: string, ms: number, work: () => void): void {
    this.#cancels.get(name)?.();
    this.#cancels.set(name, this.#clock.after(ms, work));
  }

  /** Calls back again and again; `work` may set the same timer anew. */
  every(name: string, ms: number, work: () => void, firstMs: number = ms): void {
    this.after(name, firstMs, () => {
      this.every(name, ms, work);
      work();
    });
  }

  clear(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
