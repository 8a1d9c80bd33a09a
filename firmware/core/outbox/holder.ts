// Who may lease from a destination: one epoch at a time.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import { HOLDER_SILENCE_MS } from "./limits.ts";

const REMEMBERED = 16;

export class Holder {
  readonly #clock: Clock;
  readonly #free: () => void;
  readonly #succeeded: string[] = [];
  #epoch: string | undefined;
  #heardAtMs = 0;
  #waiting = 0;

  /** `free` gives up all leases of the destination. */
  constructor(clock: Clock, free: () => void) {
    this.#clock = clock;
    this.#free = free;
  }

  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** The epoch calls: it is the holder now, and what another held is free. Throws ACCESS_DENIED for one that was succeeded. */
  hear(epoch: string): void {
    if (this.#succeeded.includes(epoch)) {
      throw new Fault("ACCESS_DENIED", `the holder ${epoch} was succeeded by ${this.#epoch ?? "another"}`, { remedy: "Only the newest process of the destination may lease." });
    }
    this.#heardAtMs = this.#clock.uptimeMs();
    if (epoch === this.#epoch) return;
    if (this.#epoch !== undefined) this.#succeeded.push(this.#epoch);
    if (this.#succeeded.length > REMEMBERED) this.#succeeded.shift();
    this.#epoch = epoch;
    this.#free();
  }

  /** While `wait` runs, the holder is not silent. */
  async during<T>(wait: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    try {
      return await wait();
    } finally {
      this.#waiting -= 1;
      this.#heardAtMs = this.#clock.uptimeMs();
    }
  }

  /** To be called every now and then: a holder that is silent for too long loses its leases. */
  check(): void {
    if (this.#epoch === undefined || this.#waiting > 0 || this.#clock.uptimeMs() - this.#heardAtMs < HOLDER_SILENCE_MS) return;
    this.#heardAtMs = this.#clock.uptimeMs();
    this.#free();
  }
}
