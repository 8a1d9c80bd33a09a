// How the zones' processes stand: what the supervisor tells, where there is one, and what each zone says of itself; and which of them keep ending.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { InputOf } from "../../conduit/route.ts";
import type { localConduit, Status } from "../../conduit/local.ts";
import type { Alive } from "../../conduit/shared.ts";
import { ALIVE_MS, readAlive } from "../../runtime/zone-alive.ts";
import type { Fading } from "./fading.ts";

export type ZoneStandings = InputOf<typeof localConduit.zones>["zones"];

/** Ends within a minute that make a loop, and how long it must be quiet to be over. */
const LOOP_ENDS = 3;
const LOOP_WINDOW_MS = 60_000;
const LOOP_OVER_MS = 120_000;

/** A zone that was not heard for so long hangs or is gone. */
const SILENT_MS = 4 * ALIVE_MS;

/** The zones that systemd runs on an appliance, where no supervisor tells of them; `core` is the one that speaks. */
const APPLIANCE = ["core", "field", "cloud", "host"] as const;

interface Heard extends Alive {
  readonly atMs: number;
  readonly restarts: number;
}

export class Zones {
  readonly #clock: Clock;
  readonly #fading: Fading;
  readonly #isAppliance: () => boolean;
  readonly #sinceMs: number;
  readonly #restarts = new Map<string, { count: number; ends: number[] }>();
  readonly #heard = new Map<string, Heard>();
  #told: ZoneStandings = {};

  constructor(clock: Clock, fading: Fading, isAppliance: () => boolean = () => false) {
    this.#clock = clock;
    this.#fading = fading;
    this.#isAppliance = isAppliance;
    this.#sinceMs = clock.uptimeMs();
  }

  /** Under a supervisor its word on state, restarts and pid; else a zone runs while it says so. */
  get standings(): Status["zones"] {
    this.alive("core", readAlive(this.#clock, this.#sinceMs));
    const told = Object.entries(this.#told);
    if (told.length > 0) return Object.fromEntries(told.map(([name, standing]) => [name, { ...standing, ...this.#figures(name, standing.pid) }]));
    if (!this.#isAppliance()) return {};
    return Object.fromEntries(APPLIANCE.map((name) => [name, this.#ofItself(name)]));
  }

  /** The supervisor tells how all zones stand. */
  tell(standings: ZoneStandings): void {
    this.#told = standings;
    for (const [name, { restarts }] of Object.entries(standings)) this.#note(name, restarts);
  }

  /** A zone says that it is there. Another process than before is a restart, which only a supervisor would tell else. */
  alive(name: string, alive: Alive): void {
    const before = this.#heard.get(name);
    const restarts = (before?.restarts ?? 0) + (before !== undefined && before.pid !== alive.pid ? 1 : 0);
    this.#heard.set(name, { ...alive, atMs: this.#clock.uptimeMs(), restarts });
    if (Object.keys(this.#told).length === 0) this.#note(name, restarts);
  }

  #ofItself(name: string): Status["zones"][string] {
    const heard = this.#heard.get(name);
    if (heard === undefined) return { state: "not heard" };
    const state = this.#clock.uptimeMs() - heard.atMs > SILENT_MS ? "silent" : "running";
    return { state, restarts: heard.restarts, ...(state === "running" ? { pid: heard.pid, ...this.#figures(name, heard.pid) } : {}) };
  }

  /** Of the process that runs now, not of the one before. */
  #figures(name: string, pid: number | undefined): Pick<Status["zones"][string], "uptimeSeconds" | "memoryBytes"> {
    const heard = this.#heard.get(name);
    return heard === undefined || heard.pid !== pid ? {} : { uptimeSeconds: heard.uptimeSeconds, memoryBytes: heard.memoryBytes };
  }

  #note(name: string, restarts: number): void {
    const now = this.#clock.uptimeMs();
    const known = this.#restarts.get(name) ?? { count: 0, ends: [] };
    const fresh = restarts > known.count ? Array.from({ length: Math.min(restarts - known.count, LOOP_ENDS) }, () => now) : [];
    const ends = [...known.ends.filter((ms) => now - ms < LOOP_WINDOW_MS), ...fresh].slice(-LOOP_ENDS);
    this.#restarts.set(name, { count: restarts, ends });
    if (fresh.length > 0 && ends.length >= LOOP_ENDS) this.#fading.note("ZONE_CRASH_LOOP", name, `It ended at least ${LOOP_ENDS} times within a minute, ${restarts} times since Weir was started.`, LOOP_OVER_MS);
  }
}
