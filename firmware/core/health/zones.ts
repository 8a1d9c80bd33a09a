// How the zones' processes stand: what the supervisor tells, where there is one, and what each zone says of itself; and which of them keep ending.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { InputOf } from "../../conduit/route.ts";
import type { localConduit } from "../../conduit/local.ts";
import type { Status } from "../../conduit/status.ts";
import type { Alive } from "../../conduit/shared.ts";
import { OPTIONAL_ZONES } from "../../runtime/wanted-zones.ts";
import { RecentLines } from "../../runtime/recent-lines.ts";
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

/** How long after core's start a process in another network namespace may take until it is missed. */
const UNHEARD_MS = 60_000;

function fieldIn(namespace: string): string {
  return `field-${namespace}`;
}

interface Heard extends Alive {
  readonly atMs: number;
  readonly restarts: number;
}

export class Zones {
  readonly #clock: Clock;
  readonly #fading: Fading;
  readonly #isAppliance: () => boolean;
  readonly #namespaces: readonly string[];
  readonly #sinceMs: number;
  readonly #restarts = new Map<string, { count: number; ends: number[] }>();
  readonly #refused = new Map<string, string>();
  readonly #heard = new Map<string, Heard>();
  /** The last lines of each zone's journal, as it told them. */
  readonly journals = new Map<string, RecentLines>();
  #told: ZoneStandings = {};

  /** `namespaces` are those, besides the gateway's own, in which a process of the zone field is expected. */
  constructor(clock: Clock, fading: Fading, isAppliance: () => boolean = () => false, namespaces: readonly string[] = []) {
    this.#clock = clock;
    this.#fading = fading;
    this.#isAppliance = isAppliance;
    this.#namespaces = namespaces;
    this.#sinceMs = clock.uptimeMs();
  }

  /** Under a supervisor its word on state, restarts and pid; else a zone runs while it says so. */
  get standings(): Status["zones"] {
    this.alive("core", readAlive(this.#clock, this.#sinceMs));
    const told = Object.entries(this.#told);
    const others = this.#namespaces.map(fieldIn).filter((name) => this.#told[name] === undefined).map((name) => [name, this.#ofItself(name)] as const);
    if (told.length > 0) return Object.fromEntries([...told.map(([name, standing]) => [name, { ...standing, ...this.#figures(name, standing.pid) }] as const), ...others]);
    if (!this.#isAppliance()) return {};
    // One that runs only while the configuration needs it stands here once it was heard.
    const optional = OPTIONAL_ZONES.filter((name) => this.#heard.has(name));
    return Object.fromEntries([...[...APPLIANCE, ...optional].map((name) => [name, this.#ofItself(name)] as const), ...others]);
  }

  /** The zone field of this namespace cannot reach core, as long as core runs. */
  refuse(namespace: string, why: string): void {
    this.#refused.set(namespace, why);
  }

  /** For each process in another network namespace: why nobody reads its machines; undefined where it runs, or may yet. */
  get inNamespaces(): readonly (readonly [name: string, why: string | undefined])[] {
    const isEarly = this.#clock.uptimeMs() - this.#sinceMs < UNHEARD_MS;
    return this.#namespaces.map((namespace) => {
      const name = fieldIn(namespace);
      const refused = this.#refused.get(namespace);
      if (refused !== undefined) return [name, refused];
      const told = this.#told[name];
      if (told !== undefined) return [name, told.words];
      const isHeard = isEarly || this.#ofItself(name).state === "running";
      return [name, isHeard ? undefined : `No process for the network namespace ${namespace} was heard of.`];
    });
  }

  /** The supervisor tells how all zones stand. */
  tell(standings: ZoneStandings): void {
    this.#told = standings;
    for (const [name, { restarts }] of Object.entries(standings)) this.#note(name, restarts);
  }

  /** A zone says that it is there. Another process than before is a restart, which only a supervisor would tell else. */
  alive(name: string, { lines = [], ...alive }: Alive): void {
    const journal = this.journals.get(name) ?? new RecentLines();
    if (lines.length > 0) this.journals.set(name, journal);
    for (const line of lines) journal.add(line);
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
