// The flows of the zones that serve people and plant clients.

import { LINK_LOCAL_6 } from "./addresses.ts";
import type { Flow } from "./flow.ts";
import { DISCOVERY } from "./flows-field.ts";
import type { AdminPortInput, PlantPortInput } from "./input.ts";

export function adminFlows({ interface: wire, clients, port }: AdminPortInput): readonly Flow[] {
  const says = "People administer the gateway with a browser, HTTPS.";
  return [{ name: "admin-page", speaker: "admin", direction: "in", side: "management", interface: wire, protocol: "tcp", ownPort: port, peers: { kind: "subnets", subnets: clients }, requirements: ["U9.2b", "NDR 1.13"], says }];
}

export function plantFlows(plant: PlantPortInput): readonly Flow[] {
  const part = { speaker: "plant", side: "plant", interface: plant.interface } as const;
  const listen = (name: string, ownPort: number | undefined, says: string): Flow[] =>
    ownPort === undefined ? [] : [{ ...part, name, direction: "in", protocol: "tcp", ownPort, peers: { kind: "subnets", subnets: plant.clients }, requirements: ["K2.2.2", "CR 5.1"], says }];
  const reach = (name: string, addresses: readonly string[], port: number, requirements: readonly string[], says: string): Flow[] =>
    addresses.length === 0 ? [] : [{ ...part, name, direction: "out", protocol: "tcp", peers: { kind: "endpoints", endpoints: addresses.map((address) => ({ address, port })) }, requirements, says }];
  return [
    ...listen("facade", plant.facade, "Plant clients read over REST, HTTPS."),
    ...listen("plant-mqtt", plant.mqtt, "Plant clients subscribe, MQTT over TLS."),
    ...listen("plant-opcua", plant.opcua, "Plant clients read over OPC UA."),
    ...(plant.discoveryProxy ? proxyFlows(plant) : []),
    ...reach("ldaps", plant.ldaps, 636, ["K2.2.2"], "Accounts are looked up in the plant's directory, LDAPS."),
    ...reach("syslog", plant.syslog, 6514, ["K2.2.2", "CR 6.2"], "Log entries go to the plant's collector, syslog over TLS."),
  ];
}

function proxyFlows({ interface: wire, clients }: PlantPortInput): readonly Flow[] {
  const hasIpv6 = clients.some((subnet) => subnet.includes(":"));
  const groups = [...(clients.some((subnet) => !subnet.includes(":")) ? [DISCOVERY.ipv4] : []), ...(hasIpv6 ? [DISCOVERY.ipv6] : [])];
  const near = [...clients, ...(hasIpv6 ? [LINK_LOCAL_6] : [])];
  const common = { speaker: "plant", side: "plant", interface: wire, protocol: "udp", ownPort: DISCOVERY.port, requirements: ["K2.2.3b"] } as const;
  return [
    { ...common, name: "proxy-probes", direction: "in", peers: { kind: "subnets", subnets: near }, groups, says: "WS-Discovery: plant clients ask everybody for machines." },
    { ...common, name: "proxy-requests", direction: "in", peers: { kind: "subnets", subnets: near }, says: "WS-Discovery: plant clients ask the discovery proxy." },
    { ...common, name: "proxy-answers", direction: "out", peers: { kind: "subnets", subnets: near }, says: "WS-Discovery: the discovery proxy answers where it was asked from." },
    { ...common, name: "proxy-hellos", direction: "out", peerPorts: [DISCOVERY.port], peers: { kind: "subnets", subnets: groups }, says: "WS-Discovery: the discovery proxy announces itself." },
  ];
}
