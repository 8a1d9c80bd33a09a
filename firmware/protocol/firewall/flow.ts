// What a flow is: one path through the walls, with who may use it, where it leads and which requirement asks for it.

export const ZONES = ["field", "devices", "plant", "admin", "cloud", "core", "host"] as const;
export type Zone = (typeof ZONES)[number];

/** Who speaks: a zone, or a part of the system that stands outside the zones. `kernel` has no Unix user of its own. */
export type Speaker = Zone | "time" | "addresses" | "kernel";

/** The Unix user of each speaker; nftables matches it. */
export const USER_OF: Readonly<Record<Exclude<Speaker, "kernel">, string>> = {
  field: "weir-field",
  devices: "weir-devices",
  plant: "weir-plant",
  admin: "weir-admin",
  cloud: "weir-cloud",
  core: "weir-core",
  host: "root",
  time: "_chrony",
  addresses: "systemd-network",
};

/** What stands at the other end of a flow: `segment:<name>`, or one of the other three sides, or this host itself. */
export type SideName = `segment:${string}` | "plant" | "management" | "cloud" | "loopback";

/** The side that a port of the configuration leads to. */
export const SIDE_VIA = { plant: "plant", admin: "management", cloud: "cloud" } as const;

export type Protocol = "tcp" | "udp" | "igmp" | "icmpv6";

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface NamedEndpoint {
  readonly host: string;
  readonly port: number;
}

/** Who is at the other end: whole subnets, single addresses with their port, or names that are resolved at run time. */
export type Peers =
  | { readonly kind: "subnets"; readonly subnets: readonly string[] }
  | { readonly kind: "endpoints"; readonly endpoints: readonly Endpoint[] }
  | { readonly kind: "names"; readonly names: readonly NamedEndpoint[] };

export interface Flow {
  /** Unique, of `a-z0-9-`. */
  readonly name: string;
  readonly speaker: Speaker;
  /** Seen from the gateway: who sends the first packet. */
  readonly direction: "in" | "out";
  readonly side: SideName;
  readonly interface: string;
  readonly protocol: Protocol;
  /** The gateway's own port; any where not given. */
  readonly ownPort?: number;
  /** Ports of the other end; any where not given, and those of the endpoints or names where peers are such. */
  readonly peerPorts?: readonly number[];
  readonly peers: Peers;
  /** Multicast groups that an incoming packet is addressed to; without them, the gateway itself. */
  readonly groups?: readonly string[];
  readonly icmpTypes?: readonly string[];
  /** The requirements that ask for this flow. */
  readonly requirements: readonly string[];
  /** One sentence for people. */
  readonly says: string;
}

/** One side of the gateway, and how its packets are told: by the interface, then by the source. */
export interface Side {
  readonly name: Exclude<SideName, "loopback">;
  readonly interface: string;
  /** Empty for the cloud, which is everything that is no other side. */
  readonly subnets: readonly string[];
}

/** Everything that the rules are made of. */
export interface Walls {
  readonly sides: readonly Side[];
  readonly flows: readonly Flow[];
}
