// One stream in memory: which sequence numbers are settled, leased or gaps. The database's copy is the truth; this follows it.

import { Gaps, type Gap } from "./gaps.ts";
import { RangeSet } from "./range-set.ts";
import { checksumSeed } from "./reading-text.ts";
import { SPAN } from "./schema.ts";

/** `open` takes new readings, `draining` only gives, `recovering` waits until all that can be read of it is there. */
export type StreamState = "open" | "draining" | "recovering";

export interface StreamRow {
  readonly number: number;
  readonly uuid: string;
  readonly destination: string;
  readonly state: StreamState;
  readonly next: number;
  readonly dropped: number;
  readonly rejected: number;
}

export interface StreamContent extends StreamRow {
  readonly settled: Iterable<readonly [number, number]>;
  readonly gaps: Iterable<Gap>;
}

export class Stream {
  readonly number: number;
  readonly uuid: string;
  readonly destination: string;
  /** The checksum of each row starts from it. */
  readonly seed: number;
  /** The id of `seq` 0. */
  readonly origin: number;
  state: StreamState = "open";
  next = 1;
  dropped = 0;
  rejected = 0;
  settled = new RangeSet();
  gaps = new Gaps();
  readonly leased = new RangeSet();
  /** Settled or leased: not to be leased. */
  taken = new RangeSet();
  /** Settled ranges whose rows are deleted already; only a saving of work. */
  readonly purged = new RangeSet();
  /** The second copy of `settled` says that all is settled up to here. */
  floor = 0;
  /** The highest event; tells without a query that there is none beyond. */
  lastEvent = 0;
  /** From here on readings are live; what is older is backlog. */
  liveFrom = 1;
  /** Where each lane begins to look; nothing for it lies before. */
  readonly from = { events: 1, live: 1, backlog: 1, drop: 1 };
  /** True when `next` or a counter differs from the database's. */
  isDirty = false;

  constructor(row: StreamRow) {
    this.number = row.number;
    this.uuid = row.uuid;
    this.destination = row.destination;
    this.seed = checksumSeed(row.uuid);
    this.origin = row.number * SPAN;
  }

  /** Takes over what the database says. */
  adopt(content: StreamContent): void {
    this.state = content.state;
    this.next = content.next;
    this.dropped = content.dropped;
    this.rejected = content.rejected;
    this.settled = new RangeSet(content.settled);
    this.gaps = new Gaps();
    for (const gap of content.gaps) this.gaps.put(gap);
    this.taken = new RangeSet(this.settled);
    for (const [first, last] of this.leased) this.taken.add(first, last);
    this.isDirty = false;
    // Where a transaction was rolled back it may say too much of itself: it is written anew.
    this.floor = 0;
    this.lookAgainFrom(1);
  }

  /** Everything up to the head is backlog from now on. */
  openLive(): void {
    this.from.backlog = Math.min(this.from.backlog, this.from.live);
    this.liveFrom = this.next;
    this.from.live = this.next;
  }

  lease(first: number, last: number): void {
    this.leased.add(first, last);
    this.taken.add(first, last);
  }

  /** Frees what of `first` to `last` is leased. Returns whether anything was. */
  release(first: number, last: number): boolean {
    const freed = [...this.leased.within(first, last)];
    for (const [a, b] of freed) {
      this.leased.remove(a, b);
      this.taken.remove(a, b);
      for (const [c, d] of Array.from(this.settled.within(a, b))) this.taken.add(c, d);
    }
    if (freed.length > 0) this.lookAgainFrom(first);
    return freed.length > 0;
  }

  lookAgainFrom(seq: number): void {
    this.from.events = Math.min(this.from.events, seq);
    this.from.backlog = Math.min(this.from.backlog, seq);
    this.from.live = Math.max(this.liveFrom, Math.min(this.from.live, seq));
    this.from.drop = Math.min(this.from.drop, seq);
  }

  /** Readings accepted and not confirmed: neither settled nor dropped. */
  get queued(): number {
    return this.next - 1 - this.settled.size - this.gaps.size;
  }

  /** The oldest reading that is neither settled nor dropped; `next` when there is none. */
  get oldest(): number {
    let seq = 1;
    for (;;) {
      const settled = this.settled.nextFree(seq);
      const beyond = this.gaps.covered.nextFree(settled);
      if (beyond === seq) return Math.min(seq, this.next);
      seq = beyond;
    }
  }

}
