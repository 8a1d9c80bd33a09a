// The outbox: every accepted reading, kept until each of its destinations confirmed it.

import { AGES, Ages } from "./ages.ts";
import { appendRequest, quarantineRequest, QUARANTINE_DROPPED, sizeOf } from "./append.ts";
import type { AppendAnswer, AppendRequest, Destination, DestinationOptions, DropEvent, Outbox, OutboxLimits, OutboxOptions, QuarantinedPayload, QuarantineRequest, RejectedReading } from "./contract.ts";
import { isDamage, messageOf, pendingDamaged } from "./database.ts";
import { OpenDestination } from "./destination.ts";
import { asFault, type Fault } from "../../../drivers/contract/fault.ts";
import type { OutboxFigures } from "../../conduit/shared.ts";
import { sumFigures } from "./figures.ts";
import { GroupCommit } from "./group-commit.ts";
import { Keeper } from "./keeper.ts";
import { completeLimits, ROWS_PER_COMMIT, type Bounds } from "./limits.ts";
import { openStore, pairAgain, pairStore, replaceStore, type Opened } from "./opening.ts";
import type { Range } from "./range-set.ts";
import { Recoverer } from "./recoverer.ts";
import { recordHoles } from "./retention.ts";
import { SPAN } from "./schema.ts";
import type { Store } from "./store.ts";
import type { Stream } from "./stream.ts";
import { Timers } from "./timers.ts";
import { Turns } from "../turns.ts";
import { Verifier } from "./verifier.ts";

export type * from "./contract.ts";
export { OUTBOX_CONDITIONS } from "./contract.ts";

const SUBJECT = "outbox.db";
const TICK_MS = 1000;
const VERIFY_SLICE_MS = 25;
const VERIFY_AGAIN_MS = 86_400_000;

/** Opens or makes the database. A damaged file is set aside and recovered in the background; it is never a reason to fail. */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const limits = completeLimits(options.limits);
  const opened = openStore(options.file, limits, options.clock.now());
  return new OpenOutbox(options, limits, opened);
}

class OpenOutbox implements Outbox {
  readonly generation: string;
  readonly #options: OutboxOptions;
  readonly #ages: Ages;
  readonly #commits: GroupCommit;
  readonly #keeper: Keeper;
  readonly #recoverer: Recoverer;
  readonly #verifier = new Verifier();
  readonly #destinations = new Map<string, OpenDestination>();
  readonly #timers: Timers;
  readonly #turns: Turns;
  #limits: Bounds;
  #store: Store;
  #leases = 0;
  #isClosed = false;

  constructor(options: OutboxOptions, limits: Bounds, opened: Opened) {
    this.#options = options;
    this.#limits = limits;
    this.#store = opened.store;
    this.#timers = new Timers(options.clock);
    this.#turns = options.turns ?? new Turns(options.clock);
    this.#ages = new Ages(options.clock, opened.store.sql.meta.get(AGES));
    const pair = pairStore(opened.store, options.generation);
    this.generation = pair.generation;
    if (pair.isReplaced) options.log.warn({ file: options.file }, "outbox.db or state.db was replaced by another copy: new readings go to new streams, the old ones are drained");
    this.#commits = new GroupCommit({
      where: options.file,
      maxWaitingBytes: limits.maxWaitingBytes,
      transaction: (work) => this.#openStore().transaction(work),
      replaceDatabase: (cause) => this.#replace(cause),
      stored: (fault) => this.#reportStored(fault),
      pause: () => this.#copyLog(),
      clock: options.clock,
      turns: this.#turns,
      gatherMs: () => this.#limits.gatherMs,
    });
    this.#keeper = new Keeper({ clock: options.clock, ages: this.#ages, limits: () => this.#limits, commits: this.#commits, store: () => this.#store, report: options.report, dropped: (events) => this.#tellDropped(events) });
    this.#recoverer = new Recoverer({
      ...options,
      commits: this.#commits,
      store: () => this.#store,
      fallback: () => [...this.#destinations.keys()][0] ?? "",
      measure: () => this.#keeper.measure(),
      lost: (events) => this.#tellDropped(events),
      recovered: () => this.#changed(),
    });
    this.#begin(opened);
    this.#timers.every("tick", TICK_MS, () => this.#tick());
  }

  async append(request: AppendRequest): Promise<AppendAnswer> {
    const bytes = sizeOf(request);
    this.#admit(bytes);
    const { clock } = this.#options;
    return this.#commits.submit({
      bytes,
      rows: request.readings.length + 1,
      run: () => appendRequest(this.#store, this.#limits, request, clock.now()),
      committed: () => this.#changed(),
    });
  }

  async quarantine(request: QuarantineRequest): Promise<void> {
    this.#admit(request.payload.length);
    const nowMs = this.#options.clock.now();
    await this.#commits.submit({ bytes: request.payload.length, rows: 1, run: () => quarantineRequest(this.#store, this.#limits, request, nowMs) });
  }

  cursors(assets: readonly string[]): Record<string, string> {
    const known: Record<string, string> = {};
    for (const asset of assets) {
      const cursor = this.#store.sql.cursor.get(asset);
      if (cursor !== undefined) known[asset] = cursor;
    }
    return known;
  }

  async openDestination(name: string, options: DestinationOptions = {}): Promise<Destination> {
    const before = this.#destinations.get(name);
    if (before !== undefined) {
      before.setOrder(options.order);
      return before;
    }
    const parts = {
      name,
      clock: this.#options.clock,
      limits: () => this.#limits,
      commits: this.#commits,
      store: () => this.#store,
      failed: (error: unknown) => this.#readFailed(error),
      holes: (stream: Stream, holes: readonly Range[]) => this.#foundHoles(stream, holes),
      isRecovering: () => this.#recoverer.isRunning,
      settled: (rows: number) => this.#keeper.owe(rows),
      leaseNumber: () => (this.#leases += 1),
    };
    const destination = new OpenDestination(parts, options);
    this.#destinations.set(name, destination);
    const hasOpen = (): boolean => this.#store.openStreams().some((stream) => stream.destination === name);
    if (!hasOpen()) await this.#commits.submit({ bytes: 0, rows: 1, run: () => void (hasOpen() || this.#store.addStream(name)) });
    return destination;
  }

  setLimits(limits: OutboxLimits): void {
    this.#limits = completeLimits(limits);
  }

  async closeDestination(name: string): Promise<void> {
    this.#destinations.get(name)?.end();
    this.#destinations.delete(name);
    for (const stream of this.#store.streamsOf(name)) {
      const deletePortion = (): number => {
        if (this.#store.streams.get(stream.uuid) !== stream) return 0;
        stream.state = "draining";
        stream.isDirty = true;
        const beyond = this.#store.sql.idAfter.get(stream.origin, stream.origin + SPAN - 1, ROWS_PER_COMMIT);
        const { changes } = this.#store.sql.deleteRows.run(stream.origin, (beyond ?? stream.origin + SPAN) - 1);
        if (beyond === undefined) this.#store.removeStream(stream);
        return changes;
      };
      while ((await this.#commits.submit({ bytes: 0, rows: ROWS_PER_COMMIT, run: deletePortion })) >= ROWS_PER_COMMIT);
    }
  }

  figures(destination: string): OutboxFigures {
    return sumFigures(this.#store, this.#ages, destination);
  }

  rejected(limit: number): readonly RejectedReading[] {
    return this.#store.sql.rejected.all(limit).map(({ time, body, ...row }) => ({ ...row, rejectedAt: new Date(time).toISOString(), reading: `{${body}}` }));
  }

  quarantined(limit: number): { readonly dropped: number; readonly payloads: readonly QuarantinedPayload[] } {
    const payloads = this.#store.sql.quarantined.all(limit).map(({ time, ...row }) => ({ ...row, receivedAt: new Date(time).toISOString() }));
    return { dropped: Number(this.#store.sql.meta.get(QUARANTINE_DROPPED) ?? 0), payloads };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#recoverer.stop("the outbox closes");
    this.#timers.clear();
    for (const destination of this.#destinations.values()) destination.end();
    if (this.#store.db.open) this.#keeper.end();
    this.#commits.close();
    this.#isClosed = true;
    try {
      this.#store.log.finish();
      this.#store.db.pragma("wal_checkpoint(TRUNCATE)");
    } catch (error) {
      this.#options.log.warn({ file: this.#options.file, error: messageOf(error) }, "the outbox closes without a checkpoint; the next start does it");
    }
    this.#store.close();
  }

  /** What follows each opening, at the start and after damage. */
  #begin({ store, damaged }: Opened): void {
    const { log, file } = this.#options;
    this.#store = store;
    if (damaged !== undefined) {
      log.error({ file: damaged.path, cause: damaged.cause }, "the outbox was damaged and is set aside; what is readable is recovered");
      this.#recoverer.tellDamage(damaged.cause, damaged.path);
    }
    this.#reportShared();
    this.#timers.every("verify", VERIFY_SLICE_MS, () => this.#verifier.take(this.#turns, () => this.#verify()));
    if (pendingDamaged(file).length > 0 || [...store.streams.values()].some((stream) => stream.state === "recovering")) this.#recoverer.start();
    this.#changed();
  }

  /** The open database. Opens it anew when it could not be replaced the last time; throws when it cannot be now either. */
  #openStore(): Store {
    if (!this.#store.db.open && !this.#isClosed) {
      const opened = openStore(this.#options.file, this.#limits, this.#options.clock.now());
      pairAgain(opened.store, this.generation);
      this.#begin(opened);
    }
    return this.#store;
  }

  #replace(cause: unknown): void {
    this.#recoverer.stop("the database was replaced");
    const opened = replaceStore(this.#store, this.#limits, this.#options.clock.now(), cause);
    opened.store.transaction(() => {
      const open = new Set(opened.store.openStreams().map((stream) => stream.destination));
      for (const name of this.#destinations.keys()) if (!open.has(name)) opened.store.addStream(name);
    });
    pairAgain(opened.store, this.generation);
    this.#begin(opened);
  }

  #copyLog(): Promise<void> | undefined {
    const { db, log, isShared } = this.#store;
    // The copy takes about as long as a commit: not in the same turn.
    return db.open && log.isDue ? this.#turns.next().then(() => log.start(isShared ? "foreign" : "alone")) : undefined;
  }

  #admit(bytes: number): void {
    if (this.#isClosed) return;
    try {
      this.#keeper.admit(bytes);
    } catch (error) {
      this.#reportStored(asFault(error));
      throw error;
    }
  }

  #tick(): void {
    if (!this.#store.db.open) return;
    this.#keeper.tick();
    for (const destination of this.#destinations.values()) destination.holder.check();
    if (this.#store.isShared && this.#store.lockAlone()) this.#reportShared();
  }

  #verify(): void {
    if (this.#isClosed) return;
    try {
      if (this.#verifier.step(this.#store)) this.#timers.every("verify", VERIFY_SLICE_MS, () => this.#verifier.take(this.#turns, () => this.#verify()), VERIFY_AGAIN_MS);
    } catch (error) {
      try {
        this.#readFailed(error);
      } catch (failure) {
        this.#reportStored(asFault(failure));
        this.#options.log.error({ file: this.#options.file, error: messageOf(failure) }, "the outbox cannot be checked now");
      }
    }
  }

  #readFailed(error: unknown): void {
    if (!this.#store.db.open) this.#openStore();
    else if (isDamage(error)) this.#replace(error);
    else throw asFault(error, this.#options.file);
  }

  #foundHoles(stream: Stream, holes: readonly Range[]): void {
    void this.#commits
      .submit({ bytes: 0, rows: holes.length, run: () => recordHoles(this.#store, stream, holes), committed: (events) => this.#tellDropped(events) })
      .then(() => this.#changed(), (error: unknown) => this.#options.log.error({ stream: stream.uuid, error: messageOf(error) }, "a hole in a stream could not be recorded"));
  }

  #tellDropped(events: readonly DropEvent[]): void {
    for (const event of events) this.#options.dropped(event);
    if (events.length > 0) this.#changed();
  }

  #changed(): void {
    for (const destination of this.#destinations.values()) destination.changed();
  }

  #reportStored(fault: Fault | undefined): void {
    // A small commit may succeed while requests are refused for want of room.
    if (fault === undefined) {
      if (!this.#keeper.isRefusing) this.#options.report.clear("STORAGE_FULL", SUBJECT);
    } else if (fault.code === "STORAGE_FULL") this.#options.report.raise("STORAGE_FULL", SUBJECT, fault.message);
  }

  #reportShared(): void {
    const { report, file } = this.#options;
    if (this.#store.isShared) report.raise("WAL_HELD", SUBJECT, `Another program has ${file} open`);
    else report.clear("WAL_HELD", SUBJECT);
  }
}
