// The comparison of two ledgers as lines for a person.

import type { Comparison } from "./ledger-compare.ts";

/** One line for each figure, then the first readings that were lost or out of order. */
export function describeComparison(comparison: Comparison): string {
  const { uplinkDuplicates: uplink } = comparison;
  const rows: readonly (readonly [string, number])[] = [
    ["acknowledged to the machines", comparison.acknowledged],
    ["made and never acknowledged", comparison.unacknowledged],
    ["received by the cloud", comparison.received],
    ["lost", comparison.lost],
    ["uplink duplicates, same (stream, seq)", uplink.sameSeq],
    ["uplink duplicates, another seq", uplink.otherSeq],
    ["uplink duplicates, another stream", uplink.otherStream],
    ["one (stream, seq) for two readings", uplink.reusedSeq],
    ["source duplicates", comparison.sourceDuplicates],
    ["out of order within a lane", comparison.outOfOrder],
    ["given up, named by gap records", comparison.gapReadings],
    ["in no machine's ledger", comparison.unknown],
    ["streams", comparison.streams.length],
    ["missing within streams", comparison.streams.reduce((sum, { missing }) => sum + missing, 0)],
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(40)}${String(value).padStart(12)}`);
  return [...lines, ...comparison.lostExamples.map((key) => `lost: ${key}`), ...comparison.orderExamples.map((text) => `out of order: ${text}`), ""].join("\n");
}
