// Chooses what the next lease of a lane holds and writes its body.

import type { Lane } from "../../conduit/cloud.ts";
import { MAX_LEASE_RANGES } from "./limits.ts";
import { RangeSet, type Range } from "./range-set.ts";
import { LATE, SAMPLE } from "./schema.ts";
import type { Row } from "./statements.ts";
import type { Store } from "./store.ts";
import type { Stream } from "./stream.ts";

export interface PickLimits {
  readonly maxCount: number;
  readonly maxBytes: number;
}

export interface Picked {
  readonly stream: Stream;
  readonly ranges: readonly Range[];
  readonly count: number;
  readonly body: Buffer;
}

/** What is asked of a stream: which part of it, of which kind. */
interface Window {
  readonly kind: "events" | "samples" | "all";
  readonly first: number;
  readonly last: number;
}

/** Rows looked at in one go; bounds the time that the event loop is held. */
const ROWS_PER_LOOK = 512;
const MAX_ROWS_SEEN = 2048;
/** Bytes of a lease's text besides the bodies: `{"seq":`, `"historical":true,`, `},` and the number. */
const FRAME_BYTES = 48;

/**
 * Leases what it picks. `holes` are sequence numbers that are neither stored nor known as gaps. `isUnfinished` says that
 * it stopped looking before the lane's end without filling the lease.
 */
export class Pick {
  readonly #store: Store;
  readonly #stream: Stream;
  readonly #limits: PickLimits;
  readonly #parts: string[] = [];
  readonly #ranges = new RangeSet();
  readonly holes: Range[] = [];
  isUnfinished = false;
  #bytes = 2;
  #seen = 0;
  #isFull = false;

  constructor(store: Store, stream: Stream, limits: PickLimits) {
    this.#store = store;
    this.#stream = stream;
    this.#limits = limits;
  }

  /** Looks through one lane; undefined when nothing is free there. */
  take(lane: Lane, isStrict: boolean): Picked | undefined {
    const stream = this.#stream;
    const isOpen = stream.state === "open";
    const head = stream.next - 1;
    if (isStrict) stream.from.live = this.#walk({ kind: "all", first: 1, last: head });
    else if (lane === "events") {
      if (stream.from.events <= stream.lastEvent) stream.from.events = this.#walk({ kind: "events", first: stream.from.events, last: stream.lastEvent });
    } else if (lane === "live") stream.from.live = isOpen ? this.#walk({ kind: "samples", first: Math.max(stream.from.live, stream.liveFrom), last: head }) : stream.from.live;
    else stream.from.backlog = this.#walk({ kind: "samples", first: stream.from.backlog, last: isOpen ? stream.liveFrom - 1 : head });
    if (this.#parts.length === 0) return undefined;
    const ranges = [...this.#ranges];
    for (const [first, last] of ranges) stream.lease(first, last);
    return { stream, ranges, count: this.#parts.length, body: Buffer.from(`[${this.#parts.join(",")}]`) };
  }

  /** Walks the free ranges of the window; returns where the next walk begins. */
  #walk(window: Window): number {
    let next = window.first;
    while (next <= window.last && !this.#isFull) {
      const first = this.#stream.taken.nextFree(next);
      if (first > window.last) return Math.max(next, Math.min(first, window.last + 1));
      const last = Math.min(window.last, this.#stream.taken.nextIn(first) - 1);
      next = this.#walkFree(window, first, last);
      if (this.#seen >= MAX_ROWS_SEEN && !this.#isFull) {
        this.isUnfinished = next <= window.last;
        return next;
      }
    }
    return next;
  }

  /** A free range: gaps and rows in turn. Returns the first number that was not looked at. */
  #walkFree(window: Window, first: number, last: number): number {
    const { covered } = this.#stream.gaps;
    let next = first;
    while (next <= last && !this.#isFull && this.#seen < MAX_ROWS_SEEN) {
      const gap = this.#stream.gaps.at(next);
      if (gap === undefined) next = this.#walkRows(window, next, Math.min(last, covered.nextIn(next) - 1));
      else if (window.kind === "events" || gap.first < next) next = gap.last + 1;
      else if (this.#put([gap.first, gap.last], `{"gap":{"first":${gap.first},"last":${gap.last},"reason":"${gap.reason}"}}`)) next = gap.last + 1;
    }
    return next;
  }

  #walkRows({ kind }: Window, first: number, last: number): number {
    const { origin } = this.#stream;
    const { sql } = this.#store;
    const limit = Math.min(ROWS_PER_LOOK, this.#limits.maxCount - this.#parts.length);
    const rows = (kind === "events" ? sql.eventRows : sql.rows).all(origin + first, origin + last, limit);
    this.#seen += Math.max(1, rows.length);
    let next = first;
    for (const row of rows) {
      const seq = row[0] - origin;
      if (kind !== "events" && seq > next) this.holes.push([next, seq - 1]);
      if (!this.#putRow(kind, seq, row)) return seq;
      next = seq + 1;
    }
    if (rows.length === limit) return next;
    if (kind !== "events" && next <= last) this.holes.push([next, last]);
    return last + 1;
  }

  #putRow(kind: Window["kind"], seq: number, [, bits, body, crc]: Row): boolean {
    if (kind === "samples" && (bits & SAMPLE) === 0) return true;
    this.#store.verify(this.#stream, seq, body, crc);
    const isLate = (bits & LATE) !== 0 || seq < this.#stream.liveFrom || this.#stream.state !== "open";
    return this.#put([seq, seq], `{"seq":${seq},${isLate ? '"historical":true,' : ""}${body}}`);
  }

  /** False when it does not fit any more. */
  #put([first, last]: Range, text: string): boolean {
    const bytes = Buffer.byteLength(text) + 1;
    const isFirst = this.#parts.length === 0;
    const isNewRange = isFirst || !this.#ranges.has(first - 1);
    if (!isFirst && (this.#bytes + bytes > this.#limits.maxBytes || (isNewRange && this.#ranges.count >= MAX_LEASE_RANGES))) {
      this.#isFull = true;
      return false;
    }
    this.#parts.push(text);
    this.#ranges.add(first, last);
    this.#bytes += bytes;
    this.#isFull = this.#parts.length >= this.#limits.maxCount || this.#bytes + FRAME_BYTES > this.#limits.maxBytes;
    return true;
  }
}
