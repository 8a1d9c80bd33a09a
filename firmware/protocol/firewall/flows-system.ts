// The flows of the system around the zones: time, addresses, and what IP itself needs.

import { EVERYONE, LINK_LOCAL_6 } from "./addresses.ts";
import { SIDE_VIA, type Flow, type SideName } from "./flow.ts";
import { DISCOVERY } from "./flows-field.ts";
import type { FirewallInput, NetworkInput } from "./input.ts";

interface Wire {
  readonly interface: string;
  readonly side: SideName;
  readonly isAutomatic: boolean;
  /** Hosts whose multicast queries are answered; undefined where the gateway joins no group of IPv4. */
  readonly queriers: readonly string[] | undefined;
}

export function systemFlows(input: FirewallInput, network: NetworkInput): readonly Flow[] {
  return [...timeFlows(network), ...listWires(input, network).flatMap((wire) => [...kernelFlows(wire), ...(wire.isAutomatic ? addressFlows(wire) : [])])];
}

function timeFlows(network: NetworkInput): readonly Flow[] {
  const { ntp } = network;
  const wire = ntp === undefined ? undefined : network[ntp.via];
  if (ntp === undefined || wire === undefined) return [];
  const endpoints = ntp.servers.map((address) => ({ address, port: 123 }));
  return [{ name: "time", speaker: "time", direction: "out", side: SIDE_VIA[ntp.via], interface: wire.interface, protocol: "udp", peers: { kind: "endpoints", endpoints }, requirements: ["CR 2.11", "K2.1.14"], says: "The clock is set, NTP." }];
}

/** Each interface once, under the first side that uses it. */
function listWires({ segments }: FirewallInput, { field, plant, admin, cloud }: NetworkInput): readonly Wire[] {
  const ofField = field.map(({ segment, interface: name, automatic, probePort }): Wire => {
    const subnets = segments.find((one) => one.name === segment)?.subnets.filter((subnet) => !subnet.includes(":")) ?? [];
    return { interface: name, side: `segment:${segment}`, isAutomatic: automatic, queriers: probePort === undefined || subnets.length === 0 ? undefined : [...subnets, "0.0.0.0/32"] };
  });
  const clients = plant?.clients.filter((subnet) => !subnet.includes(":")) ?? [];
  const candidates: readonly (Wire | undefined)[] = [
    plant && { interface: plant.interface, side: "plant", isAutomatic: plant.automatic, queriers: plant.discoveryProxy && clients.length > 0 ? [...clients, "0.0.0.0/32"] : undefined },
    admin && { interface: admin.interface, side: "management", isAutomatic: admin.automatic, queriers: undefined },
    cloud && { interface: cloud.interface, side: "cloud", isAutomatic: cloud.automatic, queriers: undefined },
  ];
  const others = candidates.filter((wire) => wire !== undefined);
  const first = others.filter((wire, place) => others.findIndex((other) => other.interface === wire.interface) === place);
  return [...ofField, ...first.map((wire) => ({ ...wire, isAutomatic: others.some((other) => other.interface === wire.interface && other.isAutomatic) }))];
}

type Rest = Omit<Flow, "name" | "speaker" | "side" | "interface">;

/** RFC 4861 (neighbours), RFC 3376 and RFC 3810 (groups). Without them no address is found and no switch passes a group's packets. */
function kernelFlows(wire: Wire): readonly Flow[] {
  const flow = (name: string, rest: Rest): Flow => ({ name: `${name}-${named(wire)}`, speaker: "kernel", side: wire.side, interface: wire.interface, ...rest });
  const neighbours = { protocol: "icmpv6", icmpTypes: ["nd-neighbor-solicit", "nd-neighbor-advert"], peers: { kind: "subnets", subnets: ["::/0"] }, requirements: ["CR 5.1"] } as const;
  const groups = { protocol: "icmpv6", peers: { kind: "subnets", subnets: ["::/0"] }, requirements: ["K2.2.3a"] } as const;
  const queriers = wire.queriers;
  return [
    flow("neighbours-asked", { ...neighbours, direction: "in", says: "IPv6: others find the gateway's address." }),
    flow("neighbours", { ...neighbours, direction: "out", says: "IPv6: the gateway finds others' addresses." }),
    flow("groups-6-asked", { ...groups, direction: "in", icmpTypes: ["mld-listener-query"], says: "IPv6: routers and switches ask for groups, MLD." }),
    flow("groups-6", { ...groups, direction: "out", icmpTypes: ["mld-listener-report", "mld-listener-done", "mld2-listener-report"], says: "IPv6: the gateway joins its groups, MLD." }),
    ...(queriers === undefined
      ? []
      : [
          flow("groups-4-asked", { direction: "in", protocol: "igmp", peers: { kind: "subnets", subnets: queriers }, requirements: ["K2.2.3a"], says: "IPv4: routers and switches ask for groups, IGMP." }),
          flow("groups-4", { direction: "out", protocol: "igmp", peers: { kind: "subnets", subnets: ["224.0.0.2/32", "224.0.0.22/32", `${DISCOVERY.ipv4}/32`] }, requirements: ["K2.2.3a"], says: "IPv4: the gateway joins the group of WS-Discovery, IGMP." }),
        ]),
  ];
}

/** RFC 2131, RFC 8415, RFC 4861. The first exchange of DHCPv4 uses packet sockets, which no IP rule sees; renewals come through here. */
function addressFlows(wire: Wire): readonly Flow[] {
  const flow = (name: string, rest: Rest & { readonly speaker: "addresses" | "kernel" }): Flow => ({ name: `${name}-${named(wire)}`, side: wire.side, interface: wire.interface, ...rest });
  const dhcp = { speaker: "addresses", protocol: "udp", ownPort: 68, peerPorts: [67], peers: { kind: "subnets", subnets: [EVERYONE[0]] }, requirements: ["K2.2.1a"] } as const;
  const dhcp6 = { speaker: "addresses", protocol: "udp", ownPort: 546, peerPorts: [547], requirements: ["K2.2.1a"] } as const;
  const routers = { speaker: "kernel", protocol: "icmpv6", requirements: ["K2.2.1a"] } as const;
  return [
    flow("dhcp-4", { ...dhcp, direction: "out", says: "The interface asks for its address, DHCP." }),
    flow("dhcp-4-answers", { ...dhcp, direction: "in", says: "The interface gets its address, DHCP." }),
    flow("dhcp-6", { ...dhcp6, direction: "out", peers: { kind: "subnets", subnets: ["ff02::1:2/128", LINK_LOCAL_6] }, says: "The interface asks for its address, DHCPv6." }),
    flow("dhcp-6-answers", { ...dhcp6, direction: "in", peers: { kind: "subnets", subnets: [LINK_LOCAL_6] }, says: "The interface gets its address, DHCPv6." }),
    flow("routers", { ...routers, direction: "out", icmpTypes: ["nd-router-solicit"], peers: { kind: "subnets", subnets: ["ff02::2/128"] }, says: "IPv6: the gateway asks for routers." }),
    flow("routers-answers", { ...routers, direction: "in", icmpTypes: ["nd-router-advert"], peers: { kind: "subnets", subnets: [LINK_LOCAL_6] }, says: "IPv6: routers announce themselves." }),
  ];
}

function named({ side }: Wire): string {
  return side.replace(":", "-");
}
