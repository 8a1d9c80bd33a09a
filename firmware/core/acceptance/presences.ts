// Who was seen lately: in memory alone, since the zone field tells everybody who is present again every two minutes.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Presence } from "./entry.ts";

/** After so long without a word nothing is known: the zone field was away, or stopped to search. */
const UNKNOWN_AFTER_MS = 300_000;
/** One goodbye is one datagram, which anybody can send; whoever is there is found again sooner than this. */
const GONE_AFTER_GOODBYE_MS = 300_000;
/** Somebody else is told of all the time, and this one not. */
const GONE_UNTOLD_MS = 600_000;

interface Seen {
  readonly presence: Presence;
  readonly sinceMs: number;
  toldMs: number;
}

/** By whatever the caller calls the machine; as many as it asks for. */
export class Presences<Key> {
  readonly #clock: Clock;
  readonly #seen = new Map<Key, Seen>();
  readonly #startedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.uptimeMs();
  }

  tell(key: Key, presence: "present" | "left" | "silent"): void {
    const before = this.#seen.get(key);
    const nowMs = this.#clock.uptimeMs();
    if (before?.presence === presence) before.toldMs = nowMs;
    else this.#seen.set(key, { presence, sinceMs: nowMs, toldMs: nowMs });
  }

  of(key: Key): Presence {
    const seen = this.#seen.get(key);
    if (seen === undefined) return "unknown";
    return seen.presence === "present" && this.#clock.uptimeMs() - seen.toldMs > UNKNOWN_AFTER_MS ? "unknown" : seen.presence;
  }

  /** It does not answer, or was not told of for so long that it would have been, were it there. */
  isGone(key: Key): boolean {
    return this.absentMs(key) > 0;
  }

  /** For how long it has certainly not been there; 0 where it is, or may be. */
  absentMs(key: Key): number {
    const nowMs = this.#clock.uptimeMs();
    const seen = this.#seen.get(key);
    if (seen?.presence === "silent") return nowMs - seen.sinceMs + 1;
    if (seen?.presence === "left") return Math.max(0, nowMs - seen.sinceMs - GONE_AFTER_GOODBYE_MS);
    return Math.max(0, nowMs - (seen?.toldMs ?? this.#startedMs) - GONE_UNTOLD_MS);
  }

  forget(key: Key): void {
    this.#seen.delete(key);
  }
}
