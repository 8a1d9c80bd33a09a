// `weir firewall`: shows what may pass the gateway's walls, and says of one connection whether it does.

import type { Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";
import type { Flow, Walls } from "../protocol/firewall/flow.ts";

const FORMATS = ["table", "nft", "json"] as const;
type Format = (typeof FORMATS)[number];

interface FirewallOptions {
  readonly config: string;
  readonly walls?: string;
  readonly namespace?: string;
  readonly format?: string;
  readonly json?: true;
}

const NAMESPACE_OPTION = ["--namespace <name>", "in this network namespace instead of the gateway's own"] as const;

export function addFirewall(program: Command): void {
  const firewall = program.command("firewall").description("what may pass the gateway's walls; nothing else does");
  firewall
    .command("show")
    .description("all that may pass, as a table, as JSON or as the rules of the kernel")
    .option("--config <file>", "the configuration", "weir.yaml")
    .option("--walls <file>", "what the zone host wrote down, instead of a configuration")
    .option(...NAMESPACE_OPTION)
    .option("--format <format>", FORMATS.join(", "), "table")
    .option("--json", "the same as --format json")
    .action(async (options: FirewallOptions) => {
      const format = options.json === true ? "json" : chooseFormat(options.format ?? "table");
      const { walls: file, namespace } = options;
      const walls = file === undefined ? await readWalls(options, new AbortController().signal) : await readPlacedWalls(file, namespace);
      process.stdout.write(await writeWalls(walls, format));
    });
  firewall
    .command("explain")
    .description("says whether a connection passes, and by which flow")
    .argument("<from>", "a zone (field, plant, admin, cloud, …), a side (segment:NAME, plant, management, cloud) or an address")
    .argument("<to>", "the same")
    .argument("<port>", "8883, 8883/tcp or 161/udp")
    .option("--config <file>", "the configuration", "weir.yaml")
    .option(...NAMESPACE_OPTION)
    .option("--json", "print the answer as JSON")
    .action(async (from: string, to: string, port: string, options: FirewallOptions) => {
      const { explain, parsePort } = await import("../protocol/firewall/explain.ts");
      const walls = await readWalls(options, new AbortController().signal);
      const answers = explain(walls, from, to, parsePort(port));
      process.stdout.write(options.json === true ? `${JSON.stringify(answers, null, 2)}\n` : answers.map(({ sentence }) => `${sentence}\n`).join(""));
    });
}

function chooseFormat(text: string): Format {
  const format = FORMATS.find((one) => one === text);
  if (format === undefined) throw new Fault("INPUT_INVALID", `there is no format "${text}"`, { where: "--format", remedy: `Use one of ${FORMATS.join(", ")}.` });
  return format;
}

/** The walls of a configuration file. Throws CONFIG_INVALID, also where it does not say which port leads where, and INPUT_INVALID for a namespace that it does not name. */
async function readWalls({ config: file, namespace }: FirewallOptions, signal: AbortSignal): Promise<Walls> {
  const [{ loadConfiguration, readConfigurationFile }, { namespacesOf }, { deriveWalls }] = await Promise.all([import("../config/load.ts"), import("../config/namespaces.ts"), import("../protocol/firewall/derive-flows.ts")]);
  const { configuration } = loadConfiguration(await readConfigurationFile(file, signal), file);
  if (configuration.network === undefined) {
    throw new Fault("CONFIG_INVALID", "the configuration has no section `network`, so that nothing would pass.", { where: file, remedy: "Say which port leads where; docs/topologies has examples." });
  }
  const known = namespacesOf(configuration);
  if (namespace !== undefined && !known.includes(namespace)) {
    throw new Fault("INPUT_INVALID", `the configuration names no network namespace "${namespace}"`, { where: "--namespace", remedy: known.length === 0 ? "Name it at a port under `network.field`." : `It names ${known.join(", ")}.` });
  }
  return deriveWalls(configuration, namespace);
}

/** The walls in a namespace as the zone host wants them; what host wrote is checked as what core asks of host is. Throws INPUT_INVALID. */
async function readPlacedWalls(file: string, namespace: string | undefined): Promise<Walls> {
  const [{ readFile }, { Compile }, { FirewallRequestSchema }, { deriveWalls }] = await Promise.all([import("node:fs/promises"), import("typebox/compile"), import("../conduit/host.ts"), import("../protocol/firewall/derive-flows.ts")]);
  try {
    return deriveWalls(Compile(FirewallRequestSchema).Parse(JSON.parse(await readFile(file, "utf8"))), namespace);
  } catch (error) {
    throw new Fault("INPUT_INVALID", "this is no description of walls", { where: file, remedy: "Name a file that the zone host wrote, in /run/weir-host/rules.", cause: error });
  }
}

async function writeWalls(walls: Walls, format: Format): Promise<string> {
  if (format === "json") return `${JSON.stringify(walls, null, 2)}\n`;
  if (format === "table") return await writeTable(walls.flows);
  const { renderRuleset } = await import("../protocol/firewall/ruleset.ts");
  return renderRuleset(walls);
}

/** Columns but the last, which is prose, are as wide as their widest cell. */
async function writeTable(flows: readonly Flow[]): Promise<string> {
  const { describeFlow, FLOW_COLUMNS } = await import("../protocol/firewall/flow-table.ts");
  const rows = [FLOW_COLUMNS, ...flows.map(describeFlow)];
  const widths = FLOW_COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ")}\n`).join("");
}
