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

/** Flows that a requirement asks for and no configuration opens yet: the requirement, the flow, and what will open it. */
export const NOT_OPEN: readonly (readonly [requirement: string, flow: string, opensWith: string])[] = [
  ["K2.2.1d, U9.1c", "service partner to the gateway from the Internet, and the relay of a remote panel", "Remote access for service, for the time that somebody grants it. There is none yet, so that no path leads in from the cloud's side."],
  ["U9.2e", "out to tcp 9100 of printers, raw printing", "Sending files to printers, which no driver does yet."],
  ["U9.2f", "in to one of tcp 800-899 from a device", "Installing firmware on devices: then the port is open only while a device fetches its firmware, and the request to the zone host says so."],
  ["U9.2h", "in to tcp 8081 from devices", "The single outbound point for devices. Until then no device gets through the gateway, to wherever."],
  ["U9.2i", "tcp 9696 between parts of the gateway", "Nothing, ever: the zones meet in Unix sockets."],
];
