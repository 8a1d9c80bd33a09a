// How often somebody may: one leaking bucket for each, and a bound to how many are remembered.

import type { Clock } from "../../../drivers/contract/clock.ts";

export interface BucketLimits {
  readonly perSecond: number;
  /** At once, after a while of rest. */
  readonly burst: number;
}

/** Remembered at a time; the one longest unused is forgotten, which gives it a full bucket. */
const MOST_REMEMBERED = 4096;

interface Bucket {
  left: number;
  atMs: number;
}

export class Buckets {
  readonly #clock: Pick<Clock, "uptimeMs">;
  readonly #limits: BucketLimits;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Pick<Clock, "uptimeMs">, limits: BucketLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Takes one. 0 where it may; else seconds until it may again, and nothing is taken. */
  take(key: string): number {
    const { perSecond, burst } = this.#limits;
    const nowMs = this.#clock.uptimeMs();
    const before = this.#buckets.get(key);
    const left = before === undefined ? burst : Math.min(burst, before.left + ((nowMs - before.atMs) / 1000) * perSecond);
    const may = left >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: may ? left - 1 : left, atMs: nowMs });
    if (this.#buckets.size > MOST_REMEMBERED) this.#forgetOne();
    return may ? 0 : (1 - left) / perSecond;
  }

  #forgetOne(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
