// Flows as rows of a table for people: `weir firewall show --format table` and docs/firewall.md.

import { USER_OF, type Flow, type Peers } from "./flow.ts";

export const FLOW_COLUMNS = ["Flow", "Who", "Direction", "Side, interface", "Protocol, ports", "Other end", "Why"] as const;

export function describeFlow(flow: Flow): readonly string[] {
  const who = flow.speaker === "kernel" ? "kernel" : USER_OF[flow.speaker];
  return [flow.name, who, flow.direction, `${flow.side}, ${flow.interface}`, describePorts(flow), describePeers(flow), `${flow.says} (${flow.requirements.join(", ")})`];
}

function describePorts({ protocol, direction, ownPort, peerPorts, icmpTypes, peers }: Flow): string {
  if (icmpTypes !== undefined) return `${protocol} ${icmpTypes.join(", ")}`;
  if (protocol === "igmp") return protocol;
  const own = ownPort === undefined ? "" : direction === "in" ? ` to ${ownPort}` : ` from ${ownPort}`;
  const peer = peerPorts === undefined ? "" : direction === "in" ? ` from ${peerPorts.join(", ")}` : ` to ${peerPorts.join(", ")}`;
  const ofPeers = peers.kind === "subnets" ? [] : peers.kind === "names" ? peers.names : peers.endpoints;
  const pairs = ofPeers.length === 0 ? "" : ` to ${[...new Set(ofPeers.map(({ port }) => port))].join(", ")}`;
  return `${protocol}${own}${peer}${pairs}`;
}

const MOST_SHOWN = 6;

function describePeers({ peers, groups }: Flow): string {
  const all = listPeers(peers);
  const rest = all.length > MOST_SHOWN ? ` and ${all.length - MOST_SHOWN} more` : "";
  return `${all.slice(0, MOST_SHOWN).join(", ")}${rest}${groups === undefined ? "" : ` (to ${groups.join(", ")})`}`;
}

function listPeers(peers: Peers): readonly string[] {
  if (peers.kind === "subnets") return peers.subnets;
  return peers.kind === "names" ? peers.names.map(({ host }) => host) : peers.endpoints.map(({ address, port }) => `${address} port ${port}`);
}
