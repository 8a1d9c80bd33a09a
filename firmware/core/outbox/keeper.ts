// Keeps the outbox within its bounds: purges, drops, gives room back, and says so.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { AGES, type Ages } from "./ages.ts";
import type { DropEvent, GapReason, OutboxReport } from "./contract.ts";
import { dropDamaged } from "./database.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { GroupCommit } from "./group-commit.ts";
import { ROWS_PER_COMMIT, type Bounds } from "./limits.ts";
import { dropOldest, purgeSettled } from "./retention.ts";
import { measureRoom, type Room } from "./room.ts";
import type { Store } from "./store.ts";
import type { Stream } from "./stream.ts";

export interface KeeperParts {
  readonly clock: Clock;
  readonly ages: Ages;
  /** The bounds that hold now. */
  readonly limits: () => Bounds;
  readonly commits: GroupCommit;
  readonly store: () => Store;
  readonly report: OutboxReport;
  readonly dropped: (events: readonly DropEvent[]) => void;
}

/** The disk is looked at again after so many bytes of requests. */
const MEASURE_EVERY_BYTES = 262_144;
const VACUUM_PAGES = 128;
const PURGE_EVERY_ROWS = 1000;
/** For so long after its last drop the condition stands. */
const DROPPING_MS = 60_000;
/** So much of the running time is not counted when the process is killed. */
const WRITE_AGES_MS = 60_000;
/** Room that a round of dropping makes beyond what is needed. */
const SPARE_BYTES = 262_144;

export class Keeper {
  readonly #parts: KeeperParts;
  #room: Room | undefined;
  #sinceMeasured = 0;
  #debt = 0;
  #isPurging = false;
  #isDropping = false;
  #lastDropMs: number | undefined;
  #droppingFor = new Set<string>();
  #agesDueAtMs = 0;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Before a request of so many bytes is taken. Throws STORAGE_FULL when there is no room even after dropping. */
  admit(bytes: number): void {
    this.#sinceMeasured += bytes;
    if (this.#room === undefined || this.#sinceMeasured >= MEASURE_EVERY_BYTES || this.#room.beforeRefusalBytes < 0) this.measure();
    const room = this.#room;
    if (room === undefined || room.beforeRefusalBytes >= 0) return;
    this.#makeRoom();
    throw new Fault("STORAGE_FULL", `there is no room for more readings: ${room.text}`, { where: this.#parts.store().file, remedy: "Free space on the file system. The request may be repeated." });
  }

  /** Whether requests are refused for want of room, as far as was last measured. */
  get isRefusing(): boolean {
    return this.#room !== undefined && this.#room.beforeRefusalBytes < 0;
  }

  /** Looks at the disk, and drops or gives back what is needed. */
  measure(): Room {
    const room = measureRoom(this.#parts.store(), this.#parts.limits());
    this.#room = room;
    this.#sinceMeasured = 0;
    if (room.beforeDropBytes < 0 || room.pagesToReturn > 0) this.#makeRoom();
    return room;
  }

  /** So many readings were settled: their rows go when enough came together. */
  owe(rows: number): void {
    this.#debt += rows;
    if (this.#debt >= PURGE_EVERY_ROWS) this.#purge();
  }

  /** Once a second. */
  tick(): void {
    const { clock, report } = this.#parts;
    const room = this.measure();
    if (room.beforeRefusalBytes < 0) report.raise("STORAGE_FULL", "outbox.db", room.text);
    this.#purge();
    this.#keepAges();
    this.#dropAged();
    if (this.#lastDropMs === undefined || clock.uptimeMs() - this.#lastDropMs < DROPPING_MS) return;
    for (const destination of this.#droppingFor) report.clear("OUTBOX_DROPPING", destination);
    this.#droppingFor.clear();
    this.#lastDropMs = undefined;
  }

  /** At the end: what the next start goes on with. */
  end(): void {
    this.#agesDueAtMs = 0;
    this.#keepAges();
  }

  #keepAges(): void {
    const { ages, commits, store } = this.#parts;
    ages.mark(store().streams.values());
    if (ages.runningMs < this.#agesDueAtMs) return;
    this.#agesDueAtMs = ages.runningMs + WRITE_AGES_MS;
    // Where the disk is full the next one is as good.
    commits.submit({ bytes: 0, rows: 1, run: () => void store().sql.setMeta.run(AGES, ages.toText()) }).catch(() => undefined);
  }

  #purge(): void {
    if (this.#isPurging) return;
    this.#isPurging = true;
    this.#debt = 0;
    const { commits, store, limits } = this.#parts;
    const more = commits.submit({ bytes: 0, rows: ROWS_PER_COMMIT, run: () => purgeSettled(store(), limits()) });
    void more.then((rows) => this.#ended(rows >= ROWS_PER_COMMIT), () => this.#ended(false));
  }

  #ended(hasMore: boolean): void {
    this.#isPurging = false;
    if (hasMore) this.#purge();
  }

  #makeRoom(): void {
    if (this.#isDropping) return;
    this.#isDropping = true;
    void this.#makeRoomInPortions().catch(() => undefined).finally(() => void (this.#isDropping = false));
  }

  /** What nobody misses first: recovered damaged files, the log's empty space, confirmed rows; then samples, then events. */
  async #makeRoomInPortions(): Promise<void> {
    const { store, limits, commits } = this.#parts;
    const look = (): Room => (this.#room = measureRoom(store(), limits()));
    const isShort = (): boolean => look().beforeDropBytes < SPARE_BYTES;
    const isTight = (): boolean => isShort() || look().beforeRefusalBytes < SPARE_BYTES;
    if (isTight() && dropDamaged(store().file, 0) && !isTight()) return;
    if (isTight()) store().log.shrink();
    while (isTight() && (await commits.submit({ bytes: 0, rows: ROWS_PER_COMMIT, run: () => purgeSettled(store(), limits(), 0) })) > 0);
    while (isShort() && (await this.#drop("storage", true)) > 0);
    while (isShort() && (await this.#drop("storage", false)) > 0);
    for (let room = measureRoom(store(), limits()); room.pagesToReturn > 0; ) {
      const pages = Math.min(room.pagesToReturn, VACUUM_PAGES);
      await commits.submit({ bytes: 0, rows: ROWS_PER_COMMIT, run: () => store().db.pragma(`incremental_vacuum(${pages})`) });
      const after = measureRoom(store(), limits());
      if (after.pagesToReturn >= room.pagesToReturn) break;
      room = after;
    }
  }

  #dropAged(): void {
    const { ages, limits, store } = this.#parts;
    const end = (stream: Stream): number => ages.agedBefore(stream, limits().maxAgeMs);
    if (this.#isDropping || ![...store().streams.values()].some((stream) => stream.oldest < end(stream))) return;
    this.#isDropping = true;
    const dropAll = async (): Promise<void> => {
      while ((await this.#drop("age", true, end)) > 0);
      while ((await this.#drop("age", false, end)) > 0);
    };
    void dropAll().catch(() => undefined).finally(() => void (this.#isDropping = false));
  }

  /** Resolves to 0 when there is nothing more to drop. */
  #drop(reason: GapReason, isSampleOnly: boolean, end?: (stream: Stream) => number): Promise<number> {
    const { store, commits } = this.#parts;
    return commits
      .submit({
        bytes: 0,
        rows: ROWS_PER_COMMIT,
        run: () => dropOldest(store(), reason, isSampleOnly, end),
        committed: ({ events }) => this.#tell(events),
      })
      .then(({ seen }) => seen);
  }

  #tell(events: readonly DropEvent[]): void {
    if (events.length === 0) return;
    const { clock, report, dropped } = this.#parts;
    this.#lastDropMs = clock.uptimeMs();
    for (const destination of new Set(events.map((event) => event.destination))) {
      this.#droppingFor.add(destination);
      const count = events.reduce((sum, event) => sum + (event.destination === destination ? event.count : 0), 0);
      const why = events[0]?.reason === "age" ? "they are older than the configuration allows" : (this.#room?.text ?? "");
      report.raise("OUTBOX_DROPPING", destination, `${count} readings were dropped just now: ${why}`);
    }
    dropped(events);
  }
}
