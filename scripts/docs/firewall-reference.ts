// docs/firewall.md: what may pass in each of the topologies, from the same flows that the rules are made of.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfiguration } from "../../firmware/config/load.ts";
import { namespacesOf } from "../../firmware/config/namespaces.ts";
import { deriveWalls } from "../../firmware/protocol/firewall/derive-flows.ts";
import { describeFlow, FLOW_COLUMNS, NOT_OPEN } from "../../firmware/protocol/firewall/flow-table.ts";
import { LIMITS } from "../../firmware/protocol/firewall/ruleset-early.ts";
import { markdownNotice, type GeneratedFile } from "./generated-file.ts";

const TOPOLOGIES = [
  { name: "two-ports", title: "(a) Two ports: machines, and everybody else" },
  { name: "own-ports", title: "(b) Every side its own port, two segments, IPv4 and IPv6" },
  { name: "one-port", title: "(c) One port with VLANs, and a proxy" },
  { name: "shared-subnets", title: "(d) Two cells with the same subnet, each in a network namespace" },
] as const;

export const firewallFile: GeneratedFile = { path: "docs/firewall.md", write: writeFirewall };

const INTRO = `What may pass the gateway's walls. Nothing else does: in, out and through the gateway, IPv4 and IPv6, a packet that no flow names is
dropped and counted. The tables and the rules of the kernel are made from the same data (firmware/protocol/firewall); your own
configuration's are shown by

    weir firewall show                          # the table; --format nft prints the rules
    weir firewall explain segment:cell-a field 8883
    weir firewall explain field 192.168.10.21 8080/tcp
    weir firewall explain cloud plant 443

- **Who** is a Unix user: each zone has its own. An incoming packet is answered only by a process of the flow's user; an outgoing one leaves only
  from such a process.
- A packet is admitted by interface *name*, protocol, port and the other end's address. Only the first packet of a connection is asked; the later
  ones are known by a mark of its flow. A flow that is changed gets another mark, so that connections it no longer allows end.
- Nothing is forwarded, and a packet for the address of another port of the gateway is not delivered.
- On loopback no zone reaches another. Zones meet in Unix sockets only.
- A machine network admits packets from its own subnets only.
- Names of cloud destinations are resolved by the zone cloud; their addresses stand in the sets \`cloud4\` and \`cloud6\`, each with its port and an end.
  A private, local, shared, reserved or translated address, or one of a segment, the plant or management, is never put there.
- The kernel's own words (neighbours, groups) stand in the table too.

Core keeps the rules as configured: at each start, and at each change. A change of who may reach the gateway is on trial for 60 s and returns by
itself unless \`weir network confirm\` keeps it; \`weir network\` shows it. A machine or a cloud address that is added needs no confirmation. What a zone
may bind, and its interfaces and addresses, stand in its systemd unit too, made from the same flows (\`SocketBindAllow=\`,
\`RestrictNetworkInterfaces=\`, \`IPAddressAllow=\`).

Where cells have the same subnets, each has a network namespace of its own (\`network.field[].namespace\`), and each namespace has walls of its own:
the machines of its segments, what IP itself needs there, and nothing else. No plant, no management, no cloud and no way to another namespace exists
in it. \`weir firewall show --namespace cell-b\` and \`weir firewall explain --namespace cell-b …\` show them. The zone host loads the rules of the
gateway's own namespace only; those of another one are loaded by what makes it ([topologies/shared-subnets.md](topologies/shared-subnets.md)).

| what is counted | counter |
| --- | --- |
| packets of a flow after its first one | \`sent_<flow>\`, \`received_<flow>\` |
| came in without a flow | \`denied_from_<side>\` |
| was for somebody else | \`forwarded_from_<side>\` |
| came from an address of another side | \`spoofed_from_<side>\` |
| was more than one source, or one side, may send | \`flooded_from_<side>\` |
| the gateway's own multicast, as the kernel gives it back | \`own_multicast\` |
| wanted out without a flow | \`denied_of_<zone>\` |

Sides that nobody named, and users that are no zone, are counted under \`other\`; \`-\` and \`:\` become \`_\`. No packet is
logged: bounded sets remember for ten minutes who was refused and where to ([detections.md](detections.md)).`;

function writeFirewall(): string {
  const { source, side } = LIMITS;
  const limits = `Before anything reaches a process, one source may open ${source.connections.rate} connections a second (${source.connections.burst} at once) and send ${source.datagrams.rate} datagrams
(${source.datagrams.burst} at once); all sources of one wire together ${side.connections.rate} and ${side.datagrams.rate}. Packets of TCP connections that stand are not limited here.`;
  return [markdownNotice("firmware/protocol/firewall and docs/topologies"), "", "# Firewall", "", INTRO, "", limits, "", ...writeNotOpen(), ...TOPOLOGIES.flatMap(({ name, title }) => writeTopology(name, title))].join("\n");
}

function writeNotOpen(): readonly string[] {
  const words = "Asked for by a requirement, and closed in every configuration, because what would use it is not there yet:";
  return ["## Not open, and why", "", words, "", "| Requirement | Flow | Opened by |", "| --- | --- | --- |", ...NOT_OPEN.map((row) => `| ${row.join(" | ")} |`), ""];
}

function writeTopology(name: string, title: string): readonly string[] {
  const path = `docs/topologies/${name}.yaml`;
  const { configuration } = loadConfiguration(readFileSync(join(import.meta.dirname, "../..", path)), path);
  const table = (namespace?: string): readonly string[] => {
    const rows = deriveWalls(configuration, namespace).flows.map(describeFlow);
    return [`| ${FLOW_COLUMNS.join(" | ")} |`, `|${" --- |".repeat(FLOW_COLUMNS.length)}`, ...rows.map((row) => `| ${row.join(" | ")} |`), ""];
  };
  const ofNamespaces = namespacesOf(configuration).flatMap((namespace) => [`In the namespace \`${namespace}\`:`, "", ...table(namespace)]);
  return [`## ${title}`, "", `Made from [topologies/${name}.yaml](topologies/${name}.yaml).`, "", ...table(), ...ofNamespaces];
}
