// `weir ledger compare`: what machines saw acknowledged against what the cloud received.

import type { Command } from "commander";
import type { Comparison } from "../simulator/ledger-compare.ts";

/** Adds the subcommand with its own subcommand `compare`. */
export function addLedger(program: Command): void {
  const ledger = program.command("ledger").description("the ledgers that simulated machines and the simulated cloud write");
  ledger
    .command("compare")
    .description("compares the machines' ledger with the cloud's; exit 1 when a reading was lost or came twice without the same (stream, seq)")
    .argument("<machines>", "ledger of the machines")
    .argument("<cloud>", "ledger of the cloud")
    .option("--json", "print the comparison as JSON")
    .action(async (machines: string, cloud: string, { json }: { json?: boolean }) => {
      const { compareLedgers, hasFailed } = await import("../simulator/ledger-compare.ts");
      const comparison = compareLedgers([machines], [cloud]);
      process.stdout.write(json === true ? `${JSON.stringify(comparison)}\n` : describeComparison(comparison));
      process.exitCode = hasFailed(comparison) ? 1 : 0;
    });
}

/** The comparison as lines for a person. */
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
  return [...lines, ...comparison.lostExamples.map((key) => `lost: ${key}`), ""].join("\n");
}
