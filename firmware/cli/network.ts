// `weir network`: how firewall and network stand against the configuration, and keeping a change that is on trial.

import type { Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";
import type { localConduit } from "../conduit/local.ts";
import type { NetworkReport } from "../conduit/network.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";

interface NetworkOptions {
  readonly data: string;
  readonly json?: true;
}

export function addNetwork(program: Command): void {
  const network = program.command("network").description("firewall and network on this gateway: what is in force, what is on trial, and confirming it");
  const add = (name: string, description: string, isDefault: boolean, work: (options: NetworkOptions) => Promise<NetworkReport>): void => {
    const command = network.command(name, { isDefault }).description(description);
    command.option("--data <dir>", "the gateway's data directory", "./.weir").option("--json", "print the state as JSON");
    command.action(async (options: NetworkOptions) => {
      const report = await work(options);
      const { writeReport } = await import("./network-text.ts");
      process.stdout.write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : writeReport(report));
    });
  };
  add("status", "what is in force, and what is on trial with the seconds left", true, ({ data }) => ask(data, (client, signal) => client.call("network", {}, signal)));
  add("confirm", "keep the change that is on trial; without this it returns by itself", false, confirm);
  add("try", "put the configured change on trial again after it returned or was refused", false, ({ data }) => ask(data, (client, signal) => client.call("tryNetwork", {}, signal)));
}

/** Shows what it is about first, and confirms exactly that: what was replaced meanwhile is not confirmed by it. */
function confirm({ data, json }: NetworkOptions): Promise<NetworkReport> {
  return ask(data, async (client, signal) => {
    const before = await client.call("network", {}, signal);
    const changes = [before.network, before.firewall].flatMap(({ change }) => change ?? []);
    const { writeReport } = await import("./network-text.ts");
    if (json !== true && changes.length > 0) process.stdout.write(`${writeReport(before)}\n`);
    return client.call("confirmNetwork", { changes }, signal);
  });
}

async function ask(data: string, work: (client: ConduitClient<typeof localConduit>, signal: AbortSignal) => Promise<NetworkReport>): Promise<NetworkReport> {
  const { askCore } = await import("./ask-core.ts");
  const report = await askCore(data, work);
  if (report === undefined) throw new Fault("CONDUIT_UNAVAILABLE", "no gateway runs on this data directory", { where: data, remedy: "Start it with `weir start`, or name its data directory with --data." });
  return report;
}
