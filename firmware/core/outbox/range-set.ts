// A set of whole numbers kept as disjoint, non-adjacent, ascending inclusive ranges.

export type Range = readonly [first: number, last: number];

export class RangeSet {
  readonly #first: number[] = [];
  readonly #last: number[] = [];
  #size = 0;

  constructor(ranges: Iterable<Range> = []) {
    for (const [first, last] of ranges) this.add(first, last);
  }

  /** How many numbers it holds. */
  get size(): number {
    return this.#size;
  }

  /** How many ranges it takes. */
  get count(): number {
    return this.#first.length;
  }

  /** Adds `first` to `last` and returns the range that they are part of now. */
  add(first: number, last: number): Range {
    const from = this.#indexFrom(first - 1);
    let to = from;
    let merged: [number, number] = [first, last];
    for (; to < this.#first.length && this.#at(this.#first, to) <= last + 1; to += 1) {
      merged = [Math.min(merged[0], this.#at(this.#first, to)), Math.max(merged[1], this.#at(this.#last, to))];
      this.#size -= this.#at(this.#last, to) - this.#at(this.#first, to) + 1;
    }
    this.#replace(from, to, [merged]);
    this.#size += merged[1] - merged[0] + 1;
    return merged;
  }

  /** Takes `first` to `last` out, as far as they are in. */
  remove(first: number, last: number): void {
    const from = this.#indexFrom(first);
    const rest: Range[] = [];
    let to = from;
    for (; to < this.#first.length && this.#at(this.#first, to) <= last; to += 1) {
      const [a, b] = [this.#at(this.#first, to), this.#at(this.#last, to)];
      this.#size -= Math.min(b, last) - Math.max(a, first) + 1;
      if (a < first) rest.push([a, first - 1]);
      if (b > last) rest.push([last + 1, b]);
    }
    this.#replace(from, to, rest);
  }

  clear(): void {
    this.#first.length = 0;
    this.#last.length = 0;
    this.#size = 0;
  }

  has(value: number): boolean {
    return this.rangeAt(value) !== undefined;
  }

  /** The range that holds `value`. */
  rangeAt(value: number): Range | undefined {
    const index = this.#indexFrom(value);
    return index < this.#first.length && this.#at(this.#first, index) <= value ? [this.#at(this.#first, index), this.#at(this.#last, index)] : undefined;
  }

  /** The first number from `value` on that is not in the set. */
  nextFree(value: number): number {
    const range = this.rangeAt(value);
    return range === undefined ? value : range[1] + 1;
  }

  /** The first number from `value` on that is in the set; Infinity when there is none. */
  nextIn(value: number): number {
    const index = this.#indexFrom(value);
    return index < this.#first.length ? Math.max(value, this.#at(this.#first, index)) : Number.POSITIVE_INFINITY;
  }

  /** How many numbers from `first` to `last` are in the set. */
  countWithin(first: number, last: number): number {
    let count = 0;
    for (const [a, b] of this.within(first, last)) count += b - a + 1;
    return count;
  }

  /** The parts of the set from `first` to `last`, ascending. The set must not change meanwhile. */
  *within(first: number, last: number): Generator<Range> {
    for (let index = this.#indexFrom(first); index < this.#first.length && this.#at(this.#first, index) <= last; index += 1) {
      yield [Math.max(first, this.#at(this.#first, index)), Math.min(last, this.#at(this.#last, index))];
    }
  }

  /** What lies from `first` to `last` and is not in the set, ascending. The set must not change meanwhile. */
  *missingWithin(first: number, last: number): Generator<Range> {
    let next = first;
    for (const [a, b] of this.within(first, last)) {
      if (a > next) yield [next, a - 1];
      next = b + 1;
    }
    if (next <= last) yield [next, last];
  }

  [Symbol.iterator](): Generator<Range> {
    return this.within(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** The index of the first range that ends at `value` or later. */
  #indexFrom(value: number): number {
    let low = 0;
    let high = this.#last.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(this.#last, middle) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #replace(from: number, to: number, ranges: readonly Range[]): void {
    const [only] = ranges;
    if (ranges.length === 1 && to - from === 1 && only !== undefined) [this.#first[from], this.#last[from]] = only;
    else {
      this.#first.splice(from, to - from, ...ranges.map((range) => range[0]));
      this.#last.splice(from, to - from, ...ranges.map((range) => range[1]));
    }
  }

  #at(list: readonly number[], index: number): number {
    return list[index] ?? Number.NaN;
  }
}
