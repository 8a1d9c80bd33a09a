// How the zones' processes stand, as the supervisor tells, and which of them keep ending.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { InputOf } from "../../conduit/route.ts";
import type { localConduit } from "../../conduit/local.ts";
import type { Fading } from "./fading.ts";

export type ZoneStandings = InputOf<typeof localConduit.zones>["zones"];

/** Ends within a minute that make a loop, and how long it must be quiet to be over. */
const LOOP_ENDS = 3;
const LOOP_WINDOW_MS = 60_000;
const LOOP_OVER_MS = 120_000;

export class Zones {
  readonly #clock: Clock;
  readonly #fading: Fading;
  readonly #restarts = new Map<string, { count: number; ends: number[] }>();
  #standings: ZoneStandings = {};

  constructor(clock: Clock, fading: Fading) {
    this.#clock = clock;
    this.#fading = fading;
  }

  get standings(): ZoneStandings {
    return this.#standings;
  }

  tell(standings: ZoneStandings): void {
    this.#standings = standings;
    const now = this.#clock.uptimeMs();
    for (const [name, { restarts }] of Object.entries(standings)) {
      const known = this.#restarts.get(name) ?? { count: 0, ends: [] };
      const fresh = restarts > known.count ? Array.from({ length: Math.min(restarts - known.count, LOOP_ENDS) }, () => now) : [];
      const ends = [...known.ends.filter((ms) => now - ms < LOOP_WINDOW_MS), ...fresh].slice(-LOOP_ENDS);
      this.#restarts.set(name, { count: restarts, ends });
      if (fresh.length > 0 && ends.length >= LOOP_ENDS) this.#fading.note("ZONE_CRASH_LOOP", name, `It ended at least ${LOOP_ENDS} times within a minute, ${restarts} times since Weir was started.`, LOOP_OVER_MS);
    }
  }
}
