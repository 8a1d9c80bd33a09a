// `weir window`: service windows, the times in which service accounts may act [K2.1.9b].

import type { Command } from "commander";
import { readWhole } from "./read-whole.ts";

interface WindowOptions {
  readonly data: string;
  readonly json?: true;
}

interface OpenOptions extends WindowOptions {
  readonly account?: string;
  readonly purpose: string;
  readonly minutes: number;
  readonly scope?: readonly string[];
}

export function addWindow(program: Command): void {
  const window = program.command("window").description("service windows: the times in which service accounts may act");
  const add = (name: string, description: string): Command => window.command(name).description(description).option("--data <dir>", "the gateway's data directory", "./.weir").option("--json", "print it as JSON");
  add("list", "those that are open").action(list);
  add("open", "lets service accounts act for a while; a restart of the gateway ends it")
    .requiredOption("--purpose <text>", "what is to be done")
    .option("--account <name>", "this service account alone")
    .option("--minutes <minutes>", "how long", readWhole, 60)
    .option("--scope <operations...>", "only these operations (docs/permissions.md)")
    .action(open);
  add("close", "ends it now; `weir window list` shows the ids")
    .argument("<id>")
    .action(async (id: string, { data }: WindowOptions) => {
      const { askRunningCore } = await import("./ask-core.ts");
      await askRunningCore(data, (client, signal) => client.call("closeServiceWindow", { id }, signal));
    });
}

async function list({ data, json }: WindowOptions): Promise<void> {
  const [{ askRunningCore }, { writeWindows }, { writeJson }] = await Promise.all([import("./ask-core.ts"), import("./user-text.ts"), import("./printable.ts")]);
  const found = await askRunningCore(data, (client, signal) => client.call("serviceWindows", {}, signal));
  process.stdout.write(json === true ? `${writeJson(found)}\n` : writeWindows(found.windows));
}

async function open({ data, json, account, purpose, minutes, scope = [] }: OpenOptions): Promise<void> {
  const [{ askRunningCore }, { writeWindows }, { writeJson }] = await Promise.all([import("./ask-core.ts"), import("./user-text.ts"), import("./printable.ts")]);
  const opened = await askRunningCore(data, (client, signal) => client.call("openServiceWindow", { account: account ?? null, purpose, minutes, scope: [...scope] }, signal));
  process.stdout.write(json === true ? `${writeJson(opened)}\n` : writeWindows([opened.window]));
}
