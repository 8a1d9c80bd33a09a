// How old what is queued is, in running time of the gateway: no jump of the wall clock makes a reading older.

import { crc32 } from "node:zlib";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Stream } from "./stream.ts";

/** All readings before `next` were there when the gateway had run for `atMs`. */
type Mark = readonly [next: number, atMs: number];

/** Row of `meta` that carries both over a restart; without it ages begin anew. */
export const AGES = "ages";

/** Marks are so far apart at least, and at most this part of their age: about 500 of them reach back for a month. */
const FINEST_MS = 1000;
const COARSEST_PART = 1 / 32;

/**
 * Every age it gives is a lower bound of the true one: time that the gateway was off, the last minute before a crash, and up to
 * 1/32 of it do not count. Made once per process, so that a database that is replaced while it runs keeps its ages.
 */
export class Ages {
  readonly #clock: Clock;
  readonly #offsetMs: number;
  #marks = new Map<string, readonly Mark[]>();

  /** `text` is what `toText` gave before the last end; one that is damaged counts as none: wrong ages would cost readings. */
  constructor(clock: Clock, text: string | undefined) {
    this.#clock = clock;
    const { runningMs, marks } = parse(text);
    this.#marks = new Map(marks);
    this.#offsetMs = runningMs - clock.uptimeMs();
  }

  /** How long the gateway has run since the database was made, as far as was written. */
  get runningMs(): number {
    return Math.floor(this.#clock.uptimeMs() + this.#offsetMs);
  }

  /** About once a second: remembers where the streams stand now, and forgets what is of no use any more. */
  mark(streams: Iterable<Stream>): void {
    const now = this.runningMs;
    const marks = new Map<string, readonly Mark[]>();
    for (const stream of streams) {
      const { next, oldest, uuid } = stream;
      if (oldest >= next) continue;
      const kept = (this.#marks.get(uuid) ?? []).filter((mark) => mark[0] > oldest);
      if ((kept.at(-1)?.[0] ?? 0) < next) kept.push([next, now]);
      marks.set(uuid, thin(kept, now));
    }
    this.#marks = marks;
  }

  /** The first reading that may be `ageMs` old or younger: all before it are older. */
  agedBefore({ uuid }: Stream, ageMs: number): number {
    const limit = this.runningMs - ageMs;
    return this.#marks.get(uuid)?.findLast((mark) => mark[1] < limit)?.[0] ?? 1;
  }

  /** Age of the oldest reading that waits, 0 while it is not known. */
  oldestMs({ oldest, uuid }: Stream): number {
    const mark = this.#marks.get(uuid)?.find(([next]) => next > oldest);
    return mark === undefined ? 0 : Math.max(0, this.runningMs - mark[1]);
  }

  toText(): string {
    const text = JSON.stringify([this.runningMs, ...this.#marks]);
    return `${crc32(text)} ${text}`;
  }
}

/** Leaves out a mark whose neighbours are close enough for their age: what it stood for counts as younger. */
function thin(marks: readonly Mark[], now: number): readonly Mark[] {
  const kept: Mark[] = [];
  for (const [index, mark] of marks.entries()) {
    const before = kept.at(-1);
    const after = marks[index + 1];
    if (before !== undefined && after !== undefined && after[1] - before[1] <= Math.max(FINEST_MS, (now - after[1]) * COARSEST_PART)) continue;
    kept.push(mark);
  }
  return kept;
}

type StreamMarks = readonly [uuid: string, marks: readonly Mark[]];

function parse(text = ""): { readonly runningMs: number; readonly marks: readonly StreamMarks[] } {
  const body = text.slice(text.indexOf(" ") + 1);
  if (text !== `${crc32(body)} ${body}`) return { runningMs: 0, marks: [] };
  // With this sum it is what toText wrote.
  const [runningMs, ...marks] = JSON.parse(body) as [number, ...StreamMarks[]];
  return { runningMs, marks };
}
