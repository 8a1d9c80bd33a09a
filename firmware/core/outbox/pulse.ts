// Wakes those who wait for something to change.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";

export class Pulse {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wakes all who wait now. */
  beat(): void {
    for (const wake of Array.from(this.#waiting)) wake();
  }

  /** Resolves at the next beat or after `ms`. Rejects with CANCELLED when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        cancel();
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", abort);
      };
      const wake = (): void => {
        end();
        resolve();
      };
      const abort = (): void => {
        end();
        reject(new Fault("CANCELLED", "the wait for readings was cancelled", { cause: signal.reason }));
      };
      const cancel = this.#clock.after(ms, wake);
      this.#waiting.add(wake);
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    });
  }
}
