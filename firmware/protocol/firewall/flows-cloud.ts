// The flows of the zone cloud: outwards only, to the declared destinations only.

import { Fault } from "../../../drivers/contract/fault.ts";
import { hostOf, isAddress, isLoopbackHost, lies } from "./addresses.ts";
import { SIDE_VIA, type Flow, type NamedEndpoint, type Peers, type SideName } from "./flow.ts";
import type { FirewallInput, NetworkInput } from "./input.ts";

const PORT_OF: Readonly<Record<string, number>> = { "mqtts:": 8883, "wss:": 443, "mqtt:": 1883, "https:": 443, "http:": 80 };

interface Destination extends NamedEndpoint {
  readonly says: string;
  readonly name: string;
  readonly requirements: readonly string[];
}

/** One flow to the names and one to the addresses there are. With a proxy, the proxy is the only destination. */
export function cloudFlows(input: FirewallInput, network: NetworkInput): readonly Flow[] {
  const { cloud: wire, dns } = network;
  const destinations = listDestinations(input, wire?.updates ?? []);
  const inner = destinations.filter(({ host }) => isLoopbackHost(host)).map(loopbackFlow);
  if (wire === undefined) return inner;
  const outer = destinations.filter(({ host }) => !isLoopbackHost(host));
  const named = outer.filter(({ host }) => !isAddress(host));
  const addressed = outer.filter(({ host }) => isAddress(host));
  const names = named.map(({ host, port }) => ({ host, port }));
  const endpoints = addressed.map(({ host, port }) => ({ address: demandOutside(host, input), port }));
  const server = dns === undefined ? undefined : network[dns.via];
  return [
    ...inner,
    ...(named.length === 0 ? [] : [outerFlow("cloud", wire.interface, { kind: "names", names }, named)]),
    ...(addressed.length === 0 ? [] : [outerFlow("cloud-addresses", wire.interface, { kind: "endpoints", endpoints }, addressed)]),
    ...(named.length === 0 || dns === undefined || server === undefined ? [] : nameFlows(server.interface, SIDE_VIA[dns.via], dns.servers)),
  ];
}

/** What the configuration names as destinations of the zone cloud, whether or not it has a port there. Throws CONFIG_INVALID. */
export function cloudDestinations(input: FirewallInput): readonly NamedEndpoint[] {
  return listDestinations(input, input.network?.cloud?.updates ?? []);
}

function outerFlow(name: string, wire: string, peers: Peers, destinations: readonly Destination[]): Flow {
  const requirements = [...new Set(destinations.flatMap((destination) => destination.requirements))];
  const says = [...new Set(destinations.map((destination) => destination.says))].join(" ");
  return { name, speaker: "cloud", direction: "out", side: "cloud", interface: wire, protocol: "tcp", peers, requirements, says };
}

function listDestinations({ cloud }: FirewallInput, updates: readonly string[]): readonly Destination[] {
  const one = (name: string, url: string, requirements: readonly string[], says: string): Destination => {
    const parsed = URL.parse(url);
    const host = hostOf(url);
    const port = parsed === null ? undefined : parsed.port === "" ? PORT_OF[parsed.protocol] : Number(parsed.port);
    if (host === undefined || port === undefined) throw new Fault("CONFIG_INVALID", `${JSON.stringify(url.slice(0, 80))} names no destination`, { where: name, remedy: "Write scheme://host:port." });
    return { name, host, port, requirements, says };
  };
  const proxy = cloud?.proxy;
  if (proxy !== undefined) return [one("cloud-proxy", proxy.url, ["K2.2.1b", "K2.1.14"], "The uplink and the updates go through the plant's proxy.")];
  return [
    ...(cloud === undefined ? [] : [one("cloud-uplink", cloud.url, ["K2.2.1b", "K2.1.14", "U9.1a", "U9.1b", "U9.2a"], "Readings go to the broker of the cloud, MQTT over TLS.")]),
    ...updates.map((url) => one("updates", url, ["K2.2.1c", "K2.1.14"], "Updates are fetched, HTTPS.")),
  ];
}

function loopbackFlow({ name, host, port, requirements }: Destination): Flow {
  const endpoints = host === "localhost" ? ["127.0.0.1", "::1"].map((address) => ({ address, port })) : [{ address: host, port }];
  const says = "The configuration names this host itself as the cloud: for trying only.";
  return { name: `${name}-local`, speaker: "cloud", direction: "out", side: "loopback", interface: "lo", protocol: "tcp", peers: { kind: "endpoints", endpoints }, requirements, says };
}

function nameFlows(wire: string, side: SideName, servers: readonly string[]): readonly Flow[] {
  return (["udp", "tcp"] as const).map((protocol) => ({
    name: `names-${protocol}`,
    speaker: "cloud",
    direction: "out",
    side,
    interface: wire,
    protocol,
    peers: { kind: "endpoints", endpoints: servers.map((address) => ({ address, port: 53 })) },
    requirements: ["K2.2.1a", "K2.1.14"],
    says: "The names of the destinations are resolved, DNS; no other zone resolves names.",
  }));
}

/** A destination given by address is the operator's word and may be private (a proxy, a broker of the company), but never a machine's. */
function demandOutside(address: string, { segments }: FirewallInput): string {
  const segment = segments.find(({ subnets }) => subnets.some((subnet) => lies(address, subnet)));
  if (segment === undefined) return address;
  throw new Fault("CONFIG_INVALID", `the cloud's address ${address} lies in the segment "${segment.name}"`, { where: "cloud", remedy: "No path leads from the cloud's zone to a machine; correct the address, or the segment's subnets." });
}
