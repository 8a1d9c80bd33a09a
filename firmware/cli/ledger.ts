// `weir ledger compare`: what machines saw acknowledged against what the cloud received.

import type { Command } from "commander";

/** Adds the subcommand with its own subcommand `compare`. */
export function addLedger(program: Command): void {
  const ledger = program.command("ledger").description("the ledgers that simulated machines and the simulated cloud write");
  ledger
    .command("compare")
    .description("compares the machines' ledger with the cloud's; exit 1 when a reading was lost, came twice without the same (stream, seq), or out of order")
    .argument("<machines>", "ledger of the machines")
    .argument("<cloud>", "ledger of the cloud")
    .option("--json", "print the comparison as JSON")
    .action(async (machines: string, cloud: string, { json }: { json?: boolean }) => {
      const [{ compareLedgers, hasFailed }, { describeComparison }] = await Promise.all([import("../simulator/ledger-compare.ts"), import("../simulator/ledger-text.ts")]);
      const comparison = compareLedgers([machines], [cloud]);
      process.stdout.write(json === true ? `${JSON.stringify(comparison)}\n` : describeComparison(comparison));
      process.exitCode = hasFailed(comparison) ? 1 : 0;
    });
}
