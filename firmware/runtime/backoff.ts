// How long to wait before trying again: exponential, jittered, and short again after a period without trouble.

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Growth per failure; 2 unless said. */
  readonly factor?: number;
  /** The share of the delay that is random, 0 to 1; 0.5 unless said: between half and all of the step. */
  readonly jitter?: number;
  /** What ran at least so long before it failed starts with the first delay again; never unless said. */
  readonly stableMs?: number;
  /** 0 ≤ x < 1. `Math.random` unless said. */
  readonly random?: () => number;
}

export interface Backoff {
  /** The delay before the next attempt, for something that just failed after running for `ranMs`. At most `maxMs`. */
  nextMs(ranMs?: number): number;
  /** It works: the next failure waits `firstMs` again. */
  reset(): void;
}

/** Pure: no clock, no timer; the caller sleeps. */
export function makeBackoff(options: BackoffOptions): Backoff {
  const { firstMs, maxMs, factor = 2, jitter = 0.5, stableMs = Number.POSITIVE_INFINITY, random = Math.random } = options;
  let step = firstMs;
  const reset = (): void => void (step = firstMs);
  return {
    reset,
    nextMs(ranMs = 0) {
      if (ranMs >= stableMs) reset();
      const delay = Math.min(step, maxMs);
      step = Math.min(delay * factor, maxMs);
      return delay * (1 - jitter * random());
    },
  };
}

/** A repeatable source of random numbers for tests and simulators (mulberry32); not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
