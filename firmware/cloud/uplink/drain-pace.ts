// How fast a backlog drains beside live readings: a configured rate, and no more bytes on their way than the line takes at once.

import type { Clock } from "../../../drivers/contract/clock.ts";

export interface DrainPace {
  /** Bytes that the next message may have; 0 while so much is unconfirmed that it must wait. */
  budget(): number;
  /** Milliseconds to wait for the configured rate. */
  waitMs(): number;
  sent(readings: number, bytes: number): void;
  /** A message of so many bytes was confirmed, or given up, so long after it was sent. */
  confirmed(bytes: number, tookMs: number): void;
}

export interface PaceLimits {
  readonly clock: Clock;
  readonly perSecond: number;
  /** One message. */
  readonly maxBytes: number;
  readonly inFlight: number;
}

/** A live message waits behind what is queued on the line; 50 ms leave room within 100 ms (DESIGN §8, `drain.perSecond`). */
const QUEUE_TARGET_MS = 50;
const LEAST_BYTES = 4096;
const BURST_MS = 100;

/**
 * Delay-based, as LEDBAT (RFC 6817): a confirmation that takes longer than the quickest one seen by more than the target
 * means a queue on the way, so the window shrinks; otherwise it grows by what was confirmed.
 */
export function makeDrainPace(limits: PaceLimits): DrainPace {
  const { clock, perSecond, maxBytes, inFlight } = limits;
  const most = maxBytes * inFlight;
  let window = maxBytes;
  let unconfirmed = 0;
  let quickestMs = Number.POSITIVE_INFINITY;
  let shrunkMs = Number.NEGATIVE_INFINITY;
  let freeAtMs = clock.uptimeMs();
  return {
    budget: () => {
      const left = window - unconfirmed;
      if (unconfirmed === 0) return Math.min(maxBytes, Math.max(window, LEAST_BYTES));
      return left >= Math.min(maxBytes, window) / 2 ? Math.min(maxBytes, Math.max(left, LEAST_BYTES)) : 0;
    },
    waitMs: () => Math.max(0, freeAtMs - clock.uptimeMs()),
    sent: (readings, bytes) => {
      unconfirmed += bytes;
      freeAtMs = Math.max(freeAtMs, clock.uptimeMs() - BURST_MS) + (readings * 1000) / perSecond;
    },
    confirmed: (bytes, tookMs) => {
      unconfirmed -= bytes;
      quickestMs = Math.min(quickestMs, tookMs);
      const now = clock.uptimeMs();
      if (tookMs - quickestMs <= QUEUE_TARGET_MS) window = Math.min(most, window + bytes / 2);
      else if (now - shrunkMs > tookMs) {
        window = Math.max(LEAST_BYTES, window / 2);
        shrunkMs = now;
      }
    },
  };
}
