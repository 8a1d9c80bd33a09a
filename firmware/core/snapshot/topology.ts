// What stands around the gateway and how it hangs together, as data: for the text and for the picture [K2.1.16].

import type { Configuration } from "../../config/schema.ts";

export interface PlacedMachine {
  readonly name: string;
  /** Host and port, as it is addressed. */
  readonly address: string;
  /** How its link stands; what it is, where that is known. */
  readonly link: string;
  readonly model: string;
}

export interface SegmentPlace {
  readonly name: string;
  readonly subnets: readonly string[];
  /** The gateway's port to it and what is open there, in words. */
  readonly ports: readonly string[];
  readonly machines: readonly PlacedMachine[];
}

/** Somebody the gateway speaks with who is no machine. */
export interface Neighbour {
  readonly name: string;
  readonly address: string;
  readonly words: string;
}

export interface Topology {
  readonly gateway: string;
  readonly version: string;
  readonly time: string;
  readonly zones: readonly (readonly [name: string, state: string])[];
  readonly segments: readonly SegmentPlace[];
  readonly neighbours: readonly Neighbour[];
  /** Whom to call. */
  readonly contacts: readonly (readonly [responsibility: string, name: string, phone: string, email: string])[];
}

export interface TopologyInput {
  readonly gateway: string;
  readonly version: string;
  readonly time: string;
  readonly zones: Readonly<Record<string, { readonly state: string }>>;
  readonly configuration: Configuration;
  /** Those of the configuration, and those that were found or imported. */
  readonly machines: Configuration["assets"];
  readonly links: Readonly<Record<string, { readonly link: string; readonly model: string }>>;
  readonly cloud: { readonly state: string; readonly peer: string | null };
}

export function findTopology({ gateway, version, time, zones, configuration, machines, links, cloud }: TopologyInput): Topology {
  const { segments, network } = configuration;
  const place = (machine: Configuration["assets"][number]): PlacedMachine => ({ name: machine.name, address: addressOf(machine.config), link: links[machine.name]?.link ?? "not read", model: links[machine.name]?.model ?? "" });
  const named = segments.map(({ name, subnets }): SegmentPlace => {
    const ports = (network?.field ?? []).filter(({ segment }) => segment === name);
    return { name, subnets, ports: ports.map((port) => `${port.interface}${port.namespace === undefined ? "" : ` in namespace ${port.namespace}`}${openAt(port)}`), machines: machines.filter(({ segment }) => segment === name).map(place) };
  });
  const rest = machines.filter(({ segment }) => segment === undefined || !segments.some(({ name }) => name === segment)).map(place);
  const others = rest.length === 0 ? [] : [{ name: "(no segment)", subnets: [], ports: [], machines: rest }];
  return { gateway, version, time, zones: Object.entries(zones).map(([name, { state }]) => [name, state]), segments: [...named, ...others], neighbours: findNeighbours(configuration, cloud), contacts: findContacts(configuration) };
}

function findContacts({ contacts }: Configuration): Topology["contacts"] {
  const words = { itSecurity: "IT security", otAdministration: "machine networks", vendor: "service" } as const;
  return (["itSecurity", "otAdministration", "vendor"] as const).flatMap((responsibility) => {
    const contact = contacts[responsibility];
    return contact === undefined ? [] : [[words[responsibility], contact.name, contact.phone ?? "", contact.email ?? ""] as const];
  });
}

function openAt({ addresses = [], probePort, ingestTls, ingestPlain }: { readonly addresses?: readonly string[]; readonly probePort?: number; readonly ingestTls?: number; readonly ingestPlain?: number }): string {
  const open = [
    ...addresses,
    ...(probePort === undefined ? [] : [`searches from ${probePort}/udp`]),
    ...(ingestTls === undefined ? [] : [`MQTT/TLS at ${ingestTls}`]),
    ...(ingestPlain === undefined ? [] : [`MQTT without TLS at ${ingestPlain}`]),
  ];
  return open.length === 0 ? "" : `: ${open.join(", ")}`;
}

function findNeighbours({ cloud, network, page, plant }: Configuration, { state, peer }: TopologyInput["cloud"]): readonly Neighbour[] {
  const via = (port: { readonly interface: string } | undefined): string => (port === undefined ? "" : `through ${port.interface}`);
  return [
    ...(cloud === undefined ? [] : [{ name: "cloud", address: bare(cloud.url), words: [state, peer ?? "", cloud.proxy === undefined ? "" : `by the proxy ${bare(cloud.proxy.url)}`, via(network?.cloud)].filter((word) => word !== "").join(", ") }]),
    ...(page.enabled ? [{ name: "management", address: network?.admin === undefined ? (page.addresses ?? ["this computer"]).join(", ") : network.admin.clients.join(", "), words: [`page at port ${network?.admin?.port ?? page.port ?? 9797}`, via(network?.admin)].filter((word) => word !== "").join(", ") }] : []),
    ...(plant?.directory === undefined ? [] : [{ name: "directory", address: plant.directory.servers.join(", "), words: `LDAPS at port ${plant.directory.port} ${via(network?.plant)}`.trim() }]),
    ...(plant?.syslog === undefined ? [] : [{ name: "log collector", address: plant.syslog.server, words: `syslog over TLS at port ${plant.syslog.port} ${via(network?.plant)}`.trim() }]),
    ...(network?.plant === undefined ? [] : [{ name: "plant clients", address: network.plant.clients.join(", "), words: via(network.plant) }]),
    ...(network?.ntp === undefined ? [] : [{ name: "time servers", address: network.ntp.servers.join(", "), words: `through ${network.ntp.via}` }]),
    ...(network?.dns === undefined ? [] : [{ name: "name servers", address: network.dns.servers.join(", "), words: `through ${network.dns.via}` }]),
  ];
}

/** Without user, path and query. */
function bare(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null || parsed.host === "" ? "?" : `${parsed.protocol}//${parsed.host}`;
}

function addressOf(config: unknown): string {
  if (typeof config !== "object" || config === null) return "?";
  const { url, address } = config as { readonly url?: unknown; readonly address?: unknown };
  return typeof url === "string" ? bare(url) : typeof address === "string" ? address : "?";
}
