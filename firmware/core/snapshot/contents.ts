// The files of a gateway's snapshot, made of what core gathered. Pure; takes long for many machines, so it runs in a thread of its own.

import { stringify } from "yaml";
import { asFault } from "../../../drivers/contract/fault.ts";
import { deriveWalls } from "../../protocol/firewall/derive-flows.ts";
import { describeFlow, FLOW_COLUMNS } from "../../protocol/firewall/flow-table.ts";
import type { Configuration } from "../../config/schema.ts";
import { namespacesOf } from "../../config/namespaces.ts";
import { drawTopology } from "./topology-svg.ts";
import { writeTopology } from "./topology-text.ts";
import { findTopology, type TopologyInput } from "./topology.ts";

/** What core gathers, by the file that it becomes or goes into. */
export type Gathered = Readonly<Record<string, string>>;

/** What is said of each file in README.txt. */
const FILES: Readonly<Record<string, string>> = {
  "summary.json": "who the gateway is, versions of Weir, Node and packages, times, memory, storage",
  "configuration.yaml": "the configuration in force with all defaults; secrets are named, never told",
  "conditions.json": "what is wrong or will be, with what helps",
  "status.json": "zones, outbox, uplink",
  "register.json": "every machine that the gateway knows: accepted, pending, refused",
  "network.json": "how network and firewall stand against the configuration",
  "firewall.txt": "all that may pass the gateway's walls",
  "detections.json": "what was seen on the networks",
  "tasks.json": "what was ordered lately",
  "topology.txt": "zones, segments, machines by name and address, and who stands beyond",
  "topology.svg": "the same as a picture",
};

/** File by file. A part that cannot be made says why, and the others are there. */
export function* makeContents(gathered: Gathered): Iterable<readonly [file: string, text: string]> {
  const configuration = { ...(read(gathered, "configuration") as Configuration) };
  const machines = read(gathered, "machines") as Configuration["assets"];
  const summary = read(gathered, "summary") as { readonly gateway: string; readonly version: string; readonly time: string };
  const topology = (): TopologyInput => {
    const { zones, cloud, links } = read(gathered, "status") as Pick<TopologyInput, "zones" | "cloud" | "links">;
    return { ...summary, zones, cloud, links, configuration, machines };
  };
  yield ["README.txt", writeReadme(summary, Object.keys(gathered))];
  yield ["configuration.yaml", told(() => stringify(asWritten(configuration), { aliasDuplicateObjects: false }))];
  yield ["firewall.txt", told(() => writeFirewall({ ...configuration, assets: machines }))];
  yield ["topology.txt", told(() => writeTopology(findTopology(topology())))];
  yield ["topology.svg", told(() => drawTopology(findTopology(topology())))];
  for (const [name, text] of Object.entries(gathered)) {
    if (name.startsWith("log/")) yield [`${name}.ndjson`, text];
    else if (name !== "configuration" && name !== "machines") yield [`${name}.json`, text];
  }
}

function read(gathered: Gathered, name: string): unknown {
  return JSON.parse(gathered[name] ?? "null");
}

/** A driver's settings stand under the driver's name, as in the file. */
function asWritten({ assets, ...rest }: Configuration): unknown {
  return { ...rest, assets: assets.map(({ driver, config, ...own }) => ({ ...own, [driver]: config })) };
}

function told(make: () => string): string {
  try {
    return make();
  } catch (error) {
    return `This could not be made: ${asFault(error).toString()}\n`;
  }
}

function writeFirewall(configuration: Configuration): string {
  if (configuration.network === undefined) return "The configuration does not say which port leads where (section `network`): Weir sets up no firewall.\n";
  return [undefined, ...namespacesOf(configuration)]
    .map((namespace) => {
      const { flows } = deriveWalls(configuration, namespace);
      const rows = [FLOW_COLUMNS, ...flows.map(describeFlow)].map((row) => row.join(" | "));
      return `${namespace === undefined ? "All that may pass; nothing else does." : `In the network namespace ${namespace}:`}\n\n${rows.join("\n")}\n`;
    })
    .join("\n");
}

function writeReadme({ gateway, version, time }: { readonly gateway: string; readonly version: string; readonly time: string }, names: readonly string[]): string {
  const logs = names.filter((name) => name.startsWith("log/")).map((name) => [`${name}.ndjson`, "the last lines of this zone's journal, oldest first"] as const);
  const width = Math.max(...Object.keys(FILES).map((name) => name.length), ...logs.map(([name]) => name.length));
  const lines = [...Object.entries(FILES), ...logs].map(([name, words]) => `${name.padEnd(width)}  ${words}`);
  return `Snapshot of the gateway ${gateway}, Weir ${version}, ${time}\n\nIt holds no password, key or token. It does hold names and addresses of machines and what the journals say: give it to whom you trust.\n\n${lines.join("\n")}\n`;
}
