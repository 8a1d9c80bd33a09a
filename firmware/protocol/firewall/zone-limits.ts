// From the walls to what systemd holds a zone's process to: ports it may bind, interfaces and addresses it may use.

import { lies } from "./addresses.ts";
import type { Flow, Walls } from "./flow.ts";

/** The zones whose processes have IP. Each has a unit of its own. */
export const LIMITED_ZONES = ["field", "cloud", "admin", "plant"] as const;
export type LimitedZone = (typeof LIMITED_ZONES)[number];

export interface ZoneLimits {
  /** `tcp 8883`: what it may bind; nothing else. */
  readonly ports: readonly string[];
  /** The interfaces it may use; none where there are none. */
  readonly interfaces: readonly string[];
  /** The addresses and subnets it may exchange packets with; undefined where names are among its peers, whose addresses come and go. */
  readonly addresses?: readonly string[];
}

/** A second wall of the same walls: what a rule of the firewall misses, the zone's own unit does not let pass. */
export function deriveLimits({ flows }: Walls): Readonly<Record<LimitedZone, ZoneLimits>> {
  const of = (zone: LimitedZone): ZoneLimits => limitsOf(flows.filter(({ speaker }) => speaker === zone));
  return { field: of("field"), cloud: of("cloud"), admin: of("admin"), plant: of("plant") };
}

function limitsOf(flows: readonly Flow[]): ZoneLimits {
  const ports = flows.flatMap(({ protocol, ownPort }) => (ownPort === undefined ? [] : [`${protocol} ${ownPort}`]));
  const interfaces = flows.map((flow) => flow.interface);
  const limits = { ports: unique(ports), interfaces: unique(interfaces) };
  return flows.some(({ peers }) => peers.kind === "names") ? limits : { ...limits, addresses: widest(flows.flatMap(addressesOf)) };
}

function addressesOf({ peers, groups = [] }: Flow): readonly string[] {
  if (peers.kind === "subnets") return [...peers.subnets, ...groups];
  return peers.kind === "endpoints" ? peers.endpoints.map(({ address }) => address) : [];
}

/** Without what lies in another one. */
function widest(addresses: readonly string[]): readonly string[] {
  const subnets = unique(addresses.filter((address) => address.includes("/")));
  return [...subnets, ...unique(addresses).filter((address) => !address.includes("/") && !subnets.some((subnet) => lies(address, subnet)))];
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}
