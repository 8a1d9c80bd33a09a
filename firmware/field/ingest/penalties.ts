// Slows down an address whose credentials were refused again and again; it is never locked out, because a good machine may stand behind it too.

import type { Clock } from "../../../drivers/contract/clock.ts";

export interface Penalties {
  /** How long an attempt from the address is to wait before it is looked at. */
  delayMs(address: string): number;
  refused(address: string): void;
}

const FREE_FAILURES = 3;
const FIRST_MS = 250;
const LONGEST_MS = 5000;
const FORGET_MS = 600_000;
/** Beyond it the oldest is forgotten. */
const MAX_ADDRESSES = 4096;

export function makePenalties(clock: Clock): Penalties {
  const failures = new Map<string, { readonly count: number; readonly lastMs: number }>();
  const countOf = (address: string): number => {
    const found = failures.get(address);
    return found === undefined || clock.uptimeMs() - found.lastMs > FORGET_MS ? 0 : found.count;
  };
  return {
    delayMs: (address) => {
      const count = countOf(address) - FREE_FAILURES;
      return count < 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(count, 10));
    },
    refused: (address) => {
      const count = countOf(address) + 1;
      failures.delete(address);
      failures.set(address, { count, lastMs: clock.uptimeMs() });
      const [oldest] = failures.keys();
      if (failures.size > MAX_ADDRESSES && oldest !== undefined) failures.delete(oldest);
    },
  };
}
