// When a datagram is sent, and again, by SOAP-over-UDP; and how much one source may make us send.

import { TIMING } from "./vocabulary.ts";

/** Where a datagram came from. An IPv6 link-local address carries its interface: `fe80::1%eth0`. */
export interface Source {
  readonly address: string;
  readonly port: number;
}

export interface Outgoing {
  readonly bytes: Buffer;
  /** The group of the family that it is sent in, or one peer. */
  readonly to: Source | "group";
  /** One sending after each of these delays from now, in milliseconds, ascending. */
  readonly delaysMs: readonly number[];
}

/** 0 ≤ x < 1. */
export type Random = () => number;

/**
 * SOAP-over-UDP 1.1 appendix A: the first after a random delay of at most `firstMaxMs`, each repetition after a random pause that doubles.
 * Every receiver drops the repetitions by their message id.
 */
export function sendingDelays(random: Random, firstMaxMs: number): readonly number[] {
  const { firstRepeatMinMs, firstRepeatMaxMs, repeatUpperMs, repeats } = TIMING;
  const delays = [Math.round(random() * firstMaxMs)];
  let pauseMs = firstRepeatMinMs + random() * (firstRepeatMaxMs - firstRepeatMinMs);
  for (let number = 0; number < repeats; number += 1) {
    delays.push(Math.round((delays.at(-1) ?? 0) + pauseMs));
    pauseMs = Math.min(pauseMs * 2, repeatUpperMs);
  }
  return delays;
}

/** How much is answered to each source: so many at once, then so many per second. Bounded: beyond `maxSources` nobody new is answered until others are quiet. */
export class SourceBudget {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #maxSources: number;
  readonly #sources = new Map<string, { left: number; atMs: number }>();

  constructor(perSecond: number, burst: number, maxSources: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#maxSources = maxSources;
  }

  /** True when this source may have one more; it is counted. `nowMs` is monotonic. */
  take(address: string, nowMs: number): boolean {
    const known = this.#sources.get(address);
    if (known === undefined && !this.#hasRoom(nowMs)) return false;
    const left = known === undefined ? this.#burst : Math.min(this.#burst, known.left + ((nowMs - known.atMs) * this.#perSecond) / 1000);
    this.#sources.delete(address);
    this.#sources.set(address, { left: left >= 1 ? left - 1 : left, atMs: nowMs });
    return left >= 1;
  }

  /** The sources in the order of their last request: those that are full again are forgotten. */
  #hasRoom(nowMs: number): boolean {
    const fullAfterMs = (this.#burst / this.#perSecond) * 1000;
    for (const [address, { atMs }] of this.#sources) {
      if (nowMs - atMs < fullAfterMs) break;
      this.#sources.delete(address);
    }
    return this.#sources.size < this.#maxSources;
  }
}
