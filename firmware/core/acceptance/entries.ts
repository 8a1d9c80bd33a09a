// All entries in memory, found by what they claim; changes are written late, those that somebody relies on at once.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Entry, HistoryEvent } from "./entry.ts";
import { HISTORY_OF_ONE, HISTORY_OF_PENDING, ownerOf } from "./entry-rows.ts";
import type { EntryRows, OwnedEvent, Portion } from "./entry-rows.ts";

/** Some 4 ms of one commit. */
const ROWS_PER_COMMIT = 50;
/** Events that wait to be written while the disk is full; older ones of them are lost then. */
const MOST_EVENTS = 5000;
/** When an entry was last seen is worth a write so often. */
const SEEN_WRITTEN_MS = 3_600_000;

type Index = Map<string, Set<number>>;

export class Entries {
  readonly #rows: EntryRows;
  readonly #clock: Clock;
  readonly #entries = new Map<number, Entry>();
  readonly #byName = new Map<string, number>();
  readonly #claims: Index = new Map();
  readonly #dirty = new Set<number>();
  readonly #seen = new Map<number, number>();
  #events: OwnedEvent[] = [];
  #next = 1;
  #pending = 0;

  /** Loads what state.db holds. */
  constructor(rows: EntryRows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
    for (const entry of rows.load()) this.#keep(entry);
  }

  /** A number that no entry has had since the start. */
  number(): number {
    return this.#next;
  }

  get(number: number): Entry | undefined {
    return this.#entries.get(number);
  }

  named(name: string): Entry | undefined {
    const number = this.#byName.get(name);
    return number === undefined ? undefined : this.#entries.get(number);
  }

  all(): Iterable<Entry> {
    return this.#entries.values();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many are pending. */
  get pending(): number {
    return this.#pending;
  }

  /** How many of them a person could accept: a driver reads them. Some 0.1 ms for 2,000. */
  get waiting(): number {
    let count = 0;
    for (const { state, facts } of this.#entries.values()) if (state === "pending" && facts.url !== null && facts.driver !== null) count += 1;
    return count;
  }

  /** Those that show `value`, or were judged by it. */
  withClaim(kind: ClaimKind, value: string | null | undefined): readonly Entry[] {
    if (value === null || value === undefined) return [];
    return [...(this.#claims.get(`${kind} ${value}`) ?? [])].flatMap((number) => this.#entries.get(number) ?? []);
  }

  /** In memory at once, in state.db with the next portion. */
  put(entry: Entry, ...events: readonly HistoryEvent[]): Entry {
    this.#keep(entry);
    this.#dirty.add(entry.number);
    for (const event of events) this.tell(ownerOf(entry.number), event, entry.state === "pending" ? HISTORY_OF_PENDING : HISTORY_OF_ONE);
    return entry;
  }

  /** Durable when it returns; throws what SQLite throws, and then nothing has changed. */
  putNow(changes: readonly { readonly entry: Entry; readonly events: readonly HistoryEvent[] }[], deleted: readonly number[] = []): void {
    const events = changes.flatMap(({ entry, events: own }) => own.map((event) => ({ ...event, owner: ownerOf(entry.number), keep: HISTORY_OF_ONE })));
    const owners = new Set(events.map(({ owner }) => owner));
    // What happened to them before comes before.
    const earlier = this.#events.filter(({ owner }) => owners.has(owner));
    this.#rows.write({ stored: changes.map(({ entry }) => entry), deleted, events: [...earlier, ...events] });
    if (earlier.length > 0) this.#events = this.#events.filter(({ owner }) => !owners.has(owner));
    for (const { entry } of changes) {
      this.#keep(entry);
      this.#dirty.delete(entry.number);
    }
    for (const number of deleted) {
      this.#drop(number);
      this.#dirty.delete(number);
    }
  }

  remove(number: number): void {
    this.#drop(number);
    this.#dirty.add(number);
  }

  /** It was seen just now: kept in memory, and written once an hour. */
  see(entry: Entry): void {
    const nowMs = this.#clock.now();
    this.#seen.set(entry.number, nowMs);
    if (entry.lastSeen === null || Math.abs(nowMs - Date.parse(entry.lastSeen)) > SEEN_WRITTEN_MS) this.put({ ...entry, lastSeen: new Date(nowMs).toISOString() });
  }

  lastSeen(entry: Entry): string | null {
    const seenMs = this.#seen.get(entry.number);
    return seenMs === undefined ? entry.lastSeen : new Date(seenMs).toISOString();
  }

  tell(owner: string, event: HistoryEvent, keep = HISTORY_OF_ONE): void {
    this.#events.push({ ...event, owner, keep });
    if (this.#events.length <= MOST_EVENTS) return;
    // Whoever is announced by the thousand pushes out no word about those that were judged.
    const isJudged = (one: OwnedEvent): boolean => one.keep === HISTORY_OF_ONE;
    const judged = this.#events.filter(isJudged).slice(-MOST_EVENTS / 2);
    this.#events = [...this.#events.filter((one) => !isJudged(one)).slice(-Math.max(1, MOST_EVENTS / 2 - judged.length)), ...judged];
  }

  /** Newest first; what is not written yet included. */
  history(owner: string, limit: number): readonly HistoryEvent[] {
    const waiting = this.#events.filter((event) => event.owner === owner).map(({ at, kind, actor, detail }): HistoryEvent => ({ at, kind, actor, detail }));
    return [...waiting.toReversed(), ...this.#rows.history(owner, limit)].slice(0, limit);
  }

  /** Writes one portion; true when more waits. Throws what SQLite throws. */
  flush(): boolean {
    const numbers = [...this.#dirty].slice(0, ROWS_PER_COMMIT);
    const events = this.#events.slice(0, ROWS_PER_COMMIT);
    if (numbers.length + events.length === 0) return false;
    const stored = numbers.flatMap((number) => this.#entries.get(number) ?? []);
    const portion: Portion = { stored, deleted: numbers.filter((number) => !this.#entries.has(number)), events: events.filter(({ owner }) => owner.startsWith("=") || this.#entries.has(Number(owner))) };
    this.#rows.write(portion);
    for (const number of numbers) this.#dirty.delete(number);
    this.#events = this.#events.slice(events.length);
    return this.#dirty.size + this.#events.length > 0;
  }

  #keep(entry: Entry): void {
    // In its place in the order: keys are given in it.
    this.#leaveIndexes(this.#entries.get(entry.number));
    this.#entries.set(entry.number, entry);
    this.#next = Math.max(this.#next, entry.number + 1);
    if (entry.state === "pending") this.#pending += 1;
    if (entry.name !== null) this.#byName.set(entry.name, entry.number);
    for (const claim of claimsOf(entry)) {
      const set = this.#claims.get(claim);
      if (set === undefined) this.#claims.set(claim, new Set([entry.number]));
      else set.add(entry.number);
    }
  }

  #drop(number: number): void {
    this.#leaveIndexes(this.#entries.get(number));
    this.#entries.delete(number);
    this.#seen.delete(number);
  }

  #leaveIndexes(entry: Entry | undefined): void {
    if (entry === undefined) return;
    if (entry.state === "pending") this.#pending -= 1;
    if (entry.name !== null) this.#byName.delete(entry.name);
    for (const claim of claimsOf(entry)) {
      const set = this.#claims.get(claim);
      set?.delete(entry.number);
      if (set?.size === 0) this.#claims.delete(claim);
    }
  }
}

/** `address`: only of those that are pending, since only they are bounded by it. */
export type ClaimKind = "url" | "id" | "endpoint" | "certificate" | "address";

function claimsOf({ facts, judged, state }: Entry): readonly string[] {
  const pairs: readonly (readonly [ClaimKind, string | null | undefined])[] = [
    ["url", facts.url],
    ["url", judged?.url],
    ["id", facts.id],
    ["id", judged?.id],
    ["endpoint", facts.endpoint],
    ["endpoint", judged?.endpoint],
    ["certificate", facts.certificate?.fingerprint],
    ["certificate", judged?.fingerprint],
    ["address", state === "pending" ? facts.address : null],
  ];
  return pairs.flatMap(([kind, value]) => (value === null || value === undefined ? [] : [`${kind} ${value}`]));
}
