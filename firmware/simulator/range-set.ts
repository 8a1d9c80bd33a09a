// A set of whole numbers that is small as long as the numbers lie close together.

export interface RangeSet {
  /** Adds a number; false where it was there already. */
  add(value: number): boolean;
  addRange(first: number, last: number): void;
  size(): number;
  /** How many numbers between the least and the greatest are not in it. */
  holes(): number;
  max(): number;
}

interface Range {
  first: number;
  last: number;
}

export function makeRangeSet(): RangeSet {
  const ranges: Range[] = [];
  const size = (): number => ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const max = (): number => ranges.at(-1)?.last ?? 0;
  return {
    add: (value) => addTo(ranges, value),
    addRange(first, last) {
      for (let value = first; value <= last; value += 1) addTo(ranges, value);
    },
    size,
    max,
    holes: () => (ranges[0] === undefined ? 0 : max() - ranges[0].first + 1 - size()),
  };
}

function addTo(ranges: Range[], value: number): boolean {
  const index = findIn(ranges, value);
  const before = ranges[index];
  if (before !== undefined && value <= before.last) return false;
  const after = ranges[index + 1];
  const isAfter = before?.last === value - 1;
  const isBefore = after?.first === value + 1;
  if (isAfter && isBefore) {
    before.last = after.last;
    ranges.splice(index + 1, 1);
  } else if (isAfter) before.last = value;
  else if (isBefore) after.first = value;
  else ranges.splice(index + 1, 0, { first: value, last: value });
  return true;
}

/** Index of the last range that begins at or before `value`; -1 where there is none. */
function findIn(ranges: readonly Range[], value: number): number {
  const newest = ranges.length - 1;
  if (newest >= 0 && (ranges[newest]?.first ?? 0) <= value) return newest;
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.first ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
