// From a configuration to the network ports that host shall set up: those whose addresses the configuration says, or that get them by themselves.

import type { NetworkPort, NetworkRequest } from "../../conduit/host.ts";
import type { Configuration } from "../../config/schema.ts";

interface Port {
  readonly interface: string;
  readonly automatic: boolean;
  readonly addresses?: readonly string[];
  readonly gateways?: readonly string[];
}

/** A port without addresses that is not automatic is set up by hand and left alone. Sides that share an interface are one port. */
export function toNetworkRequest({ network }: Pick<Configuration, "network">): NetworkRequest {
  if (network === undefined) return { ports: [] };
  const { field, plant, admin, cloud, dns } = network;
  // What lies in a namespace is out of networkd's reach: whoever made the namespace sets it up.
  const sides: readonly Port[] = [...field.filter(({ namespace }) => namespace === undefined), ...[plant, admin, cloud].flatMap((side) => side ?? [])];
  const dnsWire = dns === undefined ? undefined : network[dns.via]?.interface;
  const names = [...new Set(sides.map((side) => side.interface))];
  const ports = names.map((name): NetworkPort => {
    const here = sides.filter((side) => side.interface === name);
    const vlan = readVlan(name);
    return {
      interface: name,
      ...(vlan === undefined ? {} : { vlan }),
      automatic: here.some(({ automatic }) => automatic),
      addresses: unique(here.flatMap(({ addresses = [] }) => addresses)),
      gateways: unique(here.flatMap(({ gateways = [] }) => gateways)),
      dns: dns !== undefined && dnsWire === name ? [...dns.servers].slice(0, MAX_DNS) : [],
    };
  });
  return { ports: ports.filter(({ automatic, addresses }) => automatic || addresses.length > 0) };
}

/** The contract's limit. */
const MAX_DNS = 4;

/** `eth0.10` is VLAN 10 on eth0. */
function readVlan(name: string): NetworkPort["vlan"] {
  const [, parent, id] = /^(.+)\.([1-9][0-9]{0,3})$/.exec(name) ?? [];
  return parent === undefined || Number(id) > 4094 ? undefined : { parent, id: Number(id) };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
