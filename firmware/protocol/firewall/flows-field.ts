// The flows between the zone field and one machine segment.

import { LINK_LOCAL_6, lies } from "./addresses.ts";
import type { Flow } from "./flow.ts";
import type { FieldPortInput, FirewallInput } from "./input.ts";
import { machineEndpoints } from "./machine-endpoints.ts";

/** WS-Discovery 1.1 §2.4. */
export const DISCOVERY = { port: 3702, ipv4: "239.255.255.250", ipv6: "ff02::c" } as const;

type Part = Pick<Flow, "speaker" | "side" | "interface">;

export function fieldFlows(port: FieldPortInput, { segments, assets }: FirewallInput): readonly Flow[] {
  const { segment, probePort, ingestTls, ingestPlain, traps, brokerPorts, inspectPorts = [] } = port;
  const subnets = segments.find(({ name }) => name === segment)?.subnets ?? [];
  const part: Part = { speaker: "field", side: `segment:${segment}`, interface: port.interface };
  const listen = (name: string, protocol: "tcp" | "udp", ownPort: number, requirements: readonly string[], says: string): Flow => ({ ...part, name: `${name}-${segment}`, direction: "in", protocol, ownPort, peers: { kind: "subnets", subnets }, requirements, says });
  const configs = assets.filter((asset) => asset.segment === segment || (asset.segment === undefined && port.namespace === undefined)).map(({ config }) => config);
  return [
    ...machineFlows(part, configs, subnets, segment),
    ...(brokerPorts.length === 0 ? [] : [brokerFlow(part, subnets, brokerPorts, segment)]),
    ...(probePort === undefined ? [] : discoveryFlows(part, subnets, probePort, segment)),
    ...(probePort === undefined || inspectPorts.length === 0 ? [] : [inspectionFlow(part, subnets, inspectPorts, segment)]),
    ...(ingestTls === undefined ? [] : [listen("secure-ingest", "tcp", ingestTls, ["K2.2.2", "CR 5.1"], "Machines publish to the gateway, MQTT over TLS.")]),
    ...(ingestPlain === undefined ? [] : [listen("ingest", "tcp", ingestPlain, ["K2.2.2", "CR 5.1"], "Machines that know no TLS publish to the gateway, MQTT.")]),
    ...(traps ? [listen("traps", "udp", 162, ["U9.2g", "K2.2.2"], "Devices send SNMP notifications.")] : []),
  ];
}

/** One flow per protocol, to exactly the addresses and ports that the assets' settings name. */
function machineFlows(part: Part, configs: readonly unknown[], subnets: readonly string[], segment: string): readonly Flow[] {
  const all = configs.flatMap(machineEndpoints).filter(({ address }) => subnets.some((subnet) => lies(address, subnet)));
  return (["tcp", "udp"] as const).flatMap((protocol): Flow[] => {
    const unique = new Map(all.filter((endpoint) => endpoint.protocol === protocol).map(({ address, port }) => [`${address} ${port}`, { address, port }]));
    if (unique.size === 0) return [];
    const says = "The configured machines are read at the addresses and ports that their settings name.";
    return [{ ...part, name: `machines-${protocol}-${segment}`, direction: "out", protocol, peers: { kind: "endpoints", endpoints: [...unique.values()] }, requirements: ["U4.10.2d", "K2.2.2", "U9.2c", "U9.2d", "U9.2g"], says }];
  });
}

function brokerFlow(part: Part, subnets: readonly string[], peerPorts: readonly number[], segment: string): Flow {
  const says = "Machines tell where they publish; their own brokers are reached in their segment only.";
  return { ...part, name: `brokers-${segment}`, direction: "out", protocol: "tcp", peerPorts, peers: { kind: "subnets", subnets }, requirements: ["U4.10.2d", "K2.2.3a"], says };
}

/** The answer to a multicast probe comes from an address that was not asked: no connection tracking knows it, only the port does. */
function discoveryFlows(part: Part, subnets: readonly string[], probePort: number, segment: string): readonly Flow[] {
  const hasIpv6 = subnets.some((subnet) => subnet.includes(":"));
  const hasIpv4 = subnets.some((subnet) => !subnet.includes(":"));
  const groups = [...(hasIpv4 ? [DISCOVERY.ipv4] : []), ...(hasIpv6 ? [DISCOVERY.ipv6] : [])];
  const near = [...subnets, ...(hasIpv6 ? [LINK_LOCAL_6] : [])];
  const common = { ...part, protocol: "udp", requirements: ["K2.2.3a", "K2.2.3b", "K2.2.7"] } as const;
  return [
    { ...common, name: `probes-${segment}`, direction: "out", ownPort: probePort, peerPorts: [DISCOVERY.port], peers: { kind: "subnets", subnets: [...groups, ...near] }, says: "WS-Discovery: probes leave from the segment's own port." },
    { ...common, name: `probe-answers-${segment}`, direction: "in", ownPort: probePort, peers: { kind: "subnets", subnets: near }, says: "WS-Discovery: answers to probes, known by the port that they come to." },
    { ...common, name: `hellos-${segment}`, direction: "in", ownPort: DISCOVERY.port, peers: { kind: "subnets", subnets: near }, groups, says: "WS-Discovery: machines announce themselves, and search, to everybody." },
    { ...common, name: `searches-${segment}`, direction: "in", ownPort: DISCOVERY.port, peers: { kind: "subnets", subnets: near }, says: "WS-Discovery: machines that know the gateway's address ask it who it is." },
    { ...common, name: `gateway-found-${segment}`, direction: "out", ownPort: DISCOVERY.port, peers: { kind: "subnets", subnets: [...groups, ...near] }, says: "WS-Discovery: the gateway announces itself and answers those who search, at the port that they ask from." },
  ];
}

/** What announces itself is asked who it is before anybody accepts it; directed probes by HTTP go the same way. */
function inspectionFlow(part: Part, subnets: readonly string[], peerPorts: readonly number[], segment: string): Flow {
  const says = "What discovery finds in the segment is asked, without credentials, who it is.";
  return { ...part, name: `inspections-${segment}`, direction: "out", protocol: "tcp", peerPorts, peers: { kind: "subnets", subnets }, requirements: ["K1.7a", "K2.2.3b", "U4.10.2d"], says };
}
