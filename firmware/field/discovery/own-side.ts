// From which of our own addresses a segment is searched: one for each interface and family that leads into it.

import { lies } from "../../protocol/firewall/addresses.ts";
import { isLinkLocal } from "../../runtime/own-addresses.ts";
import type { OwnAddress } from "../../runtime/own-addresses.ts";

/** Those within the subnets; where an interface has one, its IPv6 link-local address stands in for a missing IPv6 address if the segment has IPv6 subnets. */
export function ownSide(all: readonly OwnAddress[], subnets: readonly string[]): readonly OwnAddress[] {
  const within = all.filter(({ address }) => subnets.some((subnet) => lies(address, subnet)));
  const hasIpv6 = subnets.some((subnet) => subnet.includes(":"));
  const interfaces = new Set(within.map((own) => own.interface));
  const standIns = hasIpv6 ? all.filter((own) => isLinkLocal(own) && interfaces.has(own.interface)) : [];
  const chosen = new Map<string, OwnAddress>();
  for (const own of [...within, ...standIns]) {
    const key = `${own.interface} ${own.family}`;
    if (!chosen.has(key)) chosen.set(key, own);
  }
  return [...chosen.values()];
}
