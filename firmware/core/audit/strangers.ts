// Gathers what strangers fail at: a flood of wrong passwords is some entries in the audit log, not a full disk.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Actor } from "../accounts/actor.ts";
import { actorOf } from "./audit.ts";
import type { AuditEvent } from "./audit.ts";

/** How often one kind from one source is written at most. */
const EVERY_MS = 60_000;
/** Sources at the same time; all beyond are one, `others`. */
const MOST_SOURCES = 128;
/** Entries that new sources may have at once within a minute: an attacker may have more addresses than we have room. */
const MOST_AT_ONCE = 20;

/** One failure of somebody whom nobody knows. */
export interface StrangerEvent {
  readonly actor: string | Actor;
  readonly action: AuditEvent["action"];
  readonly target: string;
  /** `refused` unless said. */
  readonly result?: AuditEvent["result"];
  /** What kind of failure: a fault code, a short word of a closed list; never what the stranger wrote. */
  readonly kind: string;
  readonly detail?: AuditEvent["detail"];
}

interface Gathered {
  readonly event: StrangerEvent;
  count: number;
  firstMs: number;
  lastMs: number;
  /** Uptime of the last entry; undefined where none is written yet. */
  writtenMs: number | undefined;
}

export class Strangers {
  readonly #clock: Clock;
  readonly #write: (event: AuditEvent) => void;
  readonly #gathered = new Map<string, Gathered>();
  #minuteMs = Number.NEGATIVE_INFINITY;
  #atOnce = 0;

  constructor(clock: Clock, write: (event: AuditEvent) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** The first of a kind from a source is written at once, what follows at most every minute: with count, first and last. */
  note(event: StrangerEvent): void {
    const one = this.#find(event);
    one.count += 1;
    one.lastMs = this.#clock.now();
    if (one.count === 1) one.firstMs = one.lastMs;
    if (one.writtenMs === undefined && this.#mayWriteNow()) this.#flush(one);
  }

  /** To be called about once a second. */
  tick(): void {
    const nowMs = this.#clock.uptimeMs();
    for (const [key, one] of this.#gathered) {
      if (one.writtenMs !== undefined && nowMs - one.writtenMs < EVERY_MS) continue;
      if (one.count === 0) this.#gathered.delete(key);
      else if (one.writtenMs !== undefined || this.#mayWriteNow()) this.#flush(one);
    }
  }

  /** Before the end: writes all. */
  flush(): void {
    for (const one of this.#gathered.values()) if (one.count > 0) this.#flush(one);
  }

  #find(event: StrangerEvent): Gathered {
    const { zone, source } = actorOf(event.actor);
    const key = JSON.stringify([zone, source, event.action, event.kind]);
    const known = this.#gathered.get(key);
    if (known !== undefined) return known;
    const isRoom = this.#gathered.size < MOST_SOURCES;
    const shown: StrangerEvent = isRoom ? event : { ...event, actor: { name: "others", zone, source: null }, target: "several", detail: {} };
    return isRoom ? this.#keep(key, shown) : this.#findOthers(zone, shown);
  }

  /** Of zones and actions there are few, and kinds come from closed lists; still nobody shall make this map grow. */
  #findOthers(zone: string, shown: StrangerEvent): Gathered {
    const key = JSON.stringify([zone, "others", shown.action, shown.kind]);
    const isRoom = this.#gathered.size < 2 * MOST_SOURCES;
    const last = JSON.stringify(["others"]);
    return this.#gathered.get(key) ?? (isRoom ? this.#keep(key, shown) : (this.#gathered.get(last) ?? this.#keep(last, { ...shown, kind: "several" })));
  }

  #keep(key: string, event: StrangerEvent): Gathered {
    const made: Gathered = { event, count: 0, firstMs: 0, lastMs: 0, writtenMs: undefined };
    this.#gathered.set(key, made);
    return made;
  }

  #mayWriteNow(): boolean {
    const nowMs = this.#clock.uptimeMs();
    if (nowMs - this.#minuteMs >= EVERY_MS) [this.#minuteMs, this.#atOnce] = [nowMs, 0];
    this.#atOnce += 1;
    return this.#atOnce <= MOST_AT_ONCE;
  }

  #flush(one: Gathered): void {
    const { actor, action, target, result = "refused", kind, detail } = one.event;
    const [first, last] = [one.firstMs, one.lastMs].map((ms) => new Date(ms).toISOString());
    const { count } = one;
    one.count = 0;
    one.writtenMs = this.#clock.uptimeMs();
    this.#write({ actor, action, target, result, detail: { ...detail, kind, count, first, last } });
  }
}
