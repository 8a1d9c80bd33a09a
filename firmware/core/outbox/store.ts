// One open outbox.db: its statements, its streams in memory, and transactions that keep both in step.

import { randomUUID } from "node:crypto";
import type { GapReason } from "./contract.ts";
import { isDamage, openDatabase, type Database } from "./database.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import { floorName } from "./floor.ts";
import type { Gap } from "./gaps.ts";
import type { Bounds } from "./limits.ts";
import { LogCopy } from "../storage/log-copy.ts";
import type { Range } from "./range-set.ts";
import { checksum } from "./reading-text.ts";
import { Recent } from "./recent.ts";
import { MAX_STREAM_NUMBER, SPAN } from "./schema.ts";
import { prepareStatements, type Statements } from "./statements.ts";
import { Stream, type StreamRow } from "./stream.ts";

/** How many of the last rows are checked before the file is used. */
const TAIL_ROWS = 200;

export class Store {
  readonly file: string;
  readonly db: Database;
  readonly sql: Statements;
  readonly isNew: boolean;
  readonly log: LogCopy;
  readonly streams = new Map<string, Stream>();
  readonly recent: Recent;
  /** What the quarantine holds now. */
  readonly quarantine = { count: 0, bytes: 0 };
  /** The ordinal of the newest move of a cursor. */
  lastMove = 0;
  readonly #epochs = new Map<string, Map<string, number>>();
  isShared: boolean;

  /** Opens the file and checks its tail. Throws what `isDamage` recognises when it must be set aside. */
  constructor(file: string, limits: Bounds) {
    this.file = file;
    const { db, isShared, isNew } = openDatabase(file);
    this.db = db;
    this.isShared = isShared;
    this.isNew = isNew;
    this.log = new LogCopy(db, file);
    try {
      this.sql = prepareStatements(db);
      this.recent = new Recent(limits.recentRows, (id) => this.sql.bodyAt.get(id));
      this.reload();
      const { count, bytes } = this.sql.quarantineExtent.get() ?? { count: 0, bytes: 0 };
      Object.assign(this.quarantine, { count, bytes: bytes ?? 0 });
      this.#checkTail();
      for (const { id, key } of this.sql.newestKeys.all(limits.recentRows).toReversed()) if (key !== null) this.recent.add(key, id);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Runs `work` in one transaction; when it throws, the file and the streams in memory are as before. */
  transaction<T>(work: () => T): T {
    this.log.finish();
    const mark = this.recent.mark();
    const quarantine = { ...this.quarantine };
    this.db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      for (const stream of this.streams.values()) if (stream.isDirty) this.#writeStream(stream);
      this.db.exec("COMMIT");
      this.recent.compact();
      return result;
    } catch (error) {
      if (this.db.inTransaction) this.db.exec("ROLLBACK");
      this.recent.revert(mark);
      Object.assign(this.quarantine, quarantine);
      if (!isDamage(error)) this.reload();
      throw error;
    }
  }

  /** Reads the streams from the database; leases stay. */
  reload(): void {
    const rows = this.sql.streams.all();
    this.#epochs.clear();
    this.lastMove = this.sql.lastMove.get() ?? 0;
    const known = new Set(rows.map((row) => row.uuid));
    for (const uuid of this.streams.keys()) if (!known.has(uuid)) this.streams.delete(uuid);
    for (const row of rows) {
      const before = this.streams.get(row.uuid);
      const stream = before ?? new Stream(row);
      stream.adopt({ ...row, next: Math.max(row.next, this.#highest(row.number) + 1), settled: this.sql.settled.all(row.number), gaps: this.sql.gaps.all(row.number) });
      stream.lastEvent = Math.max(0, (this.sql.lastEvent.get(stream.origin, stream.origin + SPAN - 1) ?? stream.origin) - stream.origin);
      if (before === undefined) stream.openLive();
      this.streams.set(row.uuid, stream);
    }
  }

  /** Inside a transaction: the ordinal of a zone's epoch. A new epoch ends all but the one before it. */
  epochBegun(zone: string, epoch: string): number {
    let known = this.#epochs.get(zone);
    if (known === undefined) this.#epochs.set(zone, (known = new Map(this.sql.epochs.all(zone).map((row) => [row.epoch, row.begun]))));
    const begun = known.get(epoch);
    if (begun !== undefined) return begun;
    const next = Math.max(0, ...known.values()) + 1;
    for (const [old, when] of Array.from(known)) {
      if (when >= next - 1) continue;
      this.sql.deleteEpoch.run(zone, old);
      known.delete(old);
    }
    known.set(epoch, next);
    return next;
  }

  /** A destination's streams, those to be drained first. */
  streamsOf(destination: string): readonly Stream[] {
    const own = [...this.streams.values()].filter((stream) => stream.destination === destination);
    return own.sort((a, b) => Number(a.state === "open") - Number(b.state === "open") || a.number - b.number);
  }

  openStreams(): readonly Stream[] {
    return [...this.streams.values()].filter((stream) => stream.state === "open");
  }

  /** Inside a transaction: makes a stream. Without `from` it is a new one that takes new readings. */
  addStream(destination: string, from: Partial<StreamRow> = {}): Stream {
    const row = { uuid: randomUUID(), state: "open" as const, next: 1, dropped: 0, rejected: 0, ...from, destination, number: this.#freeNumber(from.number) };
    this.sql.insertStream.run(row);
    this.sql.setMeta.run(`stream:${row.number}`, JSON.stringify({ uuid: row.uuid, destination }));
    const stream = new Stream(row);
    stream.adopt({ ...row, settled: [], gaps: [] });
    stream.openLive();
    this.streams.set(row.uuid, stream);
    return stream;
  }

  /** Inside a transaction: ends a stream that holds nothing any more. Its counters go on in the destination's open stream. */
  removeStream(stream: Stream): void {
    const heir = this.openStreams().find((other) => other.destination === stream.destination && other !== stream);
    if (heir !== undefined) {
      heir.dropped += stream.dropped;
      heir.rejected += stream.rejected;
      heir.isDirty = true;
    }
    this.sql.deleteStream.run(stream.number);
    this.sql.deleteSettled.run(stream.number);
    this.sql.deleteGaps.run(stream.number);
    this.sql.deleteMeta.run(floorName(stream.uuid));
    this.sql.setMeta.run(`stream:${stream.number}`, JSON.stringify({ uuid: stream.uuid, isGone: true }));
    this.streams.delete(stream.uuid);
  }

  insertReading(stream: Stream, seq: number, row: { readonly class: number; readonly timeMs: number; readonly body: string }, key: number | null): void {
    this.sql.insertReading.run(stream.origin + seq, row.class, row.timeMs, key, row.body, checksum(stream.seed, seq, row.body));
  }

  /** Inside a transaction: the range needs no delivery any more. */
  settle(stream: Stream, first: number, last: number): void {
    const merged = stream.settled.add(first, last);
    stream.taken.add(first, last);
    this.sql.deleteSettledWithin.run(stream.number, merged[0], merged[1]);
    this.sql.insertSettled.run(stream.number, merged[0], merged[1]);
    const before = stream.gaps.at(first);
    for (const gap of new Set([...(before === undefined ? [] : [before]), ...stream.gaps.within(first, last)])) {
      this.#deleteGap(stream, gap);
      if (gap.first < first) this.#putGap(stream, { ...gap, last: first - 1 });
      if (gap.last > last) this.#putGap(stream, { ...gap, first: last + 1 });
    }
  }

  /** Inside a transaction: the range will never come; it is told to the destination. Joined to its free neighbours of the same reason. */
  addGap(stream: Stream, [first, last]: Range, reason: GapReason): void {
    let gap: Gap = { first, last, reason };
    for (const other of stream.gaps.neighbours([first, last], reason, (near) => stream.leased.countWithin(near.first, near.last) === 0)) {
      this.#deleteGap(stream, other);
      gap = { reason, first: Math.min(gap.first, other.first), last: Math.max(gap.last, other.last) };
    }
    this.#putGap(stream, gap);
    stream.lookAgainFrom(gap.first);
  }

  /** Throws STORAGE_DAMAGED when the row is not what was written. */
  verify(stream: Stream, seq: number, body: string, crc: number): void {
    if (checksum(stream.seed, seq, body) === crc) return;
    throw new Fault("STORAGE_DAMAGED", `reading ${seq} of stream ${stream.uuid} is not what was written`, { where: this.file });
  }

  /** Another program had the file open: tries to have it alone now. */
  lockAlone(): boolean {
    this.db.pragma("locking_mode = EXCLUSIVE");
    try {
      this.db.exec("BEGIN IMMEDIATE; COMMIT");
      this.isShared = false;
    } catch {
      this.db.pragma("locking_mode = NORMAL");
    }
    return !this.isShared;
  }

  close(): void {
    if (this.db.open) this.log.closeDatabase();
  }

  #putGap(stream: Stream, gap: Gap): void {
    this.sql.insertGap.run(stream.number, gap.first, gap.last, gap.reason);
    stream.gaps.put(gap);
  }

  #deleteGap(stream: Stream, gap: Gap): void {
    this.sql.deleteGap.run(stream.number, gap.first);
    stream.gaps.delete(gap);
  }

  #writeStream(stream: Stream): void {
    this.sql.updateStream.run(stream.state, stream.next, stream.dropped, stream.rejected, stream.number);
    stream.isDirty = false;
  }

  #highest(number: number): number {
    return (this.sql.highestId.get(number * SPAN, (number + 1) * SPAN - 1) ?? number * SPAN) - number * SPAN;
  }

  /** The wanted number, or the one after the highest, so that the newest stream is appended at the b-tree's right edge. */
  #freeNumber(wanted: number | undefined): number {
    const used = new Set([...this.streams.values()].map((stream) => stream.number));
    if (wanted !== undefined && wanted <= MAX_STREAM_NUMBER && !used.has(wanted)) return wanted;
    const after = Math.max(0, ...used) + 1;
    if (wanted === undefined && after <= MAX_STREAM_NUMBER) return after;
    for (let number = 1; number <= MAX_STREAM_NUMBER; number += 1) if (!used.has(number)) return number;
    throw new Fault("STORAGE_BUSY", `the outbox holds ${MAX_STREAM_NUMBER} streams that are not drained`, { where: this.file, remedy: "Let the destinations drain, or remove those that are not used." });
  }

  #checkTail(): void {
    const numbers = new Map([...this.streams.values()].map((stream) => [stream.number, stream]));
    for (const { id, body, crc } of this.sql.newestRows.all(TAIL_ROWS)) {
      const stream = numbers.get(Math.floor(id / SPAN));
      if (stream !== undefined) this.verify(stream, id - stream.origin, body, crc);
    }
  }
}
