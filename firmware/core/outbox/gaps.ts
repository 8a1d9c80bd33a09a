// What will never come: dropped or damaged ranges of one stream that the destination has not confirmed yet.

import type { GapReason } from "./contract.ts";
import { RangeSet, type Range } from "./range-set.ts";

export interface Gap {
  readonly first: number;
  readonly last: number;
  readonly reason: GapReason;
}

export class Gaps {
  readonly #byFirst = new Map<number, Gap>();
  readonly #starts = new RangeSet();
  readonly #covered = new RangeSet();

  /** Sequence numbers covered. */
  get size(): number {
    return this.#covered.size;
  }

  get covered(): RangeSet {
    return this.#covered;
  }

  /** All of them, ascending. */
  list(): readonly Gap[] {
    return [...this.#byFirst.values()].sort((a, b) => a.first - b.first);
  }

  put(gap: Gap): void {
    this.#byFirst.set(gap.first, gap);
    this.#starts.add(gap.first, gap.first);
    this.#covered.add(gap.first, gap.last);
  }

  delete(gap: Gap): void {
    this.#byFirst.delete(gap.first);
    this.#starts.remove(gap.first, gap.first);
    this.#covered.remove(gap.first, gap.last);
  }

  /** The gap that holds `seq`. */
  at(seq: number): Gap | undefined {
    const covered = this.#covered.rangeAt(seq);
    if (covered === undefined) return undefined;
    for (const gap of this.within(covered[0], covered[1])) if (gap.first <= seq && gap.last >= seq) return gap;
    return undefined;
  }

  /** The gaps that begin from `first` to `last`, ascending; the caller may change them meanwhile. */
  within(first: number, last: number): readonly Gap[] {
    const found: Gap[] = [];
    for (const [a, b] of this.#starts.within(first, last)) {
      for (let start = a; start <= b; start += 1) {
        const gap = this.#byFirst.get(start);
        if (gap !== undefined) found.push(gap);
      }
    }
    return found;
  }

  /** The neighbours of `range` with the same reason that `mayMerge` allows, to be replaced by one gap. */
  neighbours([first, last]: Range, reason: GapReason, mayMerge: (gap: Gap) => boolean): readonly Gap[] {
    return [this.at(first - 1), this.at(last + 1)].filter((gap) => gap !== undefined).filter((gap) => gap.reason === reason && mayMerge(gap));
  }
}
