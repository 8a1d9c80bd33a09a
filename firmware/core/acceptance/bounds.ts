// How much may wait, and who makes room: whoever invents machines by the thousand pushes out nobody who is there.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Configured } from "./configured.ts";
import type { Entries } from "./entries.ts";
import { readAt } from "./entry.ts";
import type { Entry } from "./entry.ts";
import type { Presences } from "./presences.ts";

export const MOST_PENDING = 2000;
export const MOST_PER_ADDRESS = 32;
/** As many as a configuration may name: found, imported and configured ones together. */
export const MOST_MACHINES = 2000;
export const MOST_REFUSED = 5000;

/** A pending one that never showed itself in a connection makes room so long after it was there last; one that did, much later. */
const CLAIM_MS = 15 * 60_000;
const EVIDENT_MS = 7 * 86_400_000;
/** Looking for room among 2,000 takes long; in vain it is not done again soon. */
const LOOK_AGAIN_MS = 10_000;
const EVICTED_AT_ONCE = 200;

export class Bounds {
  readonly #clock: Clock;
  readonly #entries: Entries;
  readonly #presences: Presences<string>;
  readonly #evict: (entry: Entry) => void;
  #fullUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, entries: Entries, presences: Presences<string>, evict: (entry: Entry) => void) {
    this.#clock = clock;
    this.#entries = entries;
    this.#presences = presences;
    this.#evict = evict;
  }

  /** Whether one more from this address may wait; makes room of those that are long gone. */
  hasRoom(address: string | null): boolean {
    if (this.#entries.withClaim("address", address).length >= MOST_PER_ADDRESS) return false;
    return this.#entries.pending < MOST_PENDING || this.#makeRoom();
  }

  #makeRoom(): boolean {
    if (this.#clock.uptimeMs() < this.#fullUntilMs) return false;
    const gone = [...this.#entries.all()].filter((entry) => entry.state === "pending" && this.#presences.absentMs(String(entry.number)) > (isEvident(entry) ? EVIDENT_MS : CLAIM_MS));
    for (const entry of gone.slice(0, EVICTED_AT_ONCE)) this.#evict(entry);
    if (gone.length === 0) this.#fullUntilMs = this.#clock.uptimeMs() + LOOK_AGAIN_MS;
    return gone.length > 0;
  }
}

/** How many machines are read that no configuration names. */
export function countRead(entries: Entries, configured: Configured): number {
  let count = configured.size;
  for (const entry of entries.all()) if (entry.state === "accepted" && readAt(entry) !== null) count += 1;
  return count;
}

function isEvident({ facts }: Entry): boolean {
  return facts.id !== null || facts.certificate !== null;
}
