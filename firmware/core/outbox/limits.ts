// The bounds of the outbox: what the configuration leaves open, and the portions in which it works.

import type { OutboxLimits } from "./contract.ts";

export type Bounds = Required<OutboxLimits>;

/** Fills what the caller leaves open. */
export function completeLimits(limits: OutboxLimits): Bounds {
  return {
    maxBytes: Number.POSITIVE_INFINITY,
    maxWaitingBytes: 32 * 1_048_576,
    maxQuarantineCount: 10_000,
    maxQuarantineBytes: 32 * 1_048_576,
    maxRejectedCount: 10_000,
    recentRows: 20_000,
    gatherMs: 2,
    ...limits,
  };
}

/** Rows that one commit inserts, deletes or drops at most, so that the event loop is never held for much longer than 20 ms. */
export const ROWS_PER_COMMIT = 2000;
/** Request numbers whose answers are kept per zone and epoch. */
export const ANSWERS_PER_EPOCH = 1024;
/** Live readings older than this become backlog, so that live stays live. */
export const LIVE_LAG_MS = 10_000;
/** A holder that is silent for so long loses its leases. */
export const HOLDER_SILENCE_MS = 120_000;
/** The ranges of a lease travel in an HTTP header (16 KiB for all of them in Node). */
export const MAX_LEASE_RANGES = 200;
