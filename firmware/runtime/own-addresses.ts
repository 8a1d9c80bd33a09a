// This host's own addresses, by interface: from where a segment is spoken to.

import { networkInterfaces } from "node:os";

export interface OwnAddress {
  readonly interface: string;
  readonly family: "ipv4" | "ipv6";
  readonly address: string;
  /** The address with the length of its prefix. */
  readonly subnet: string;
  readonly isLoopback: boolean;
}

/** Those that are up. An IPv6 link-local address stands without its interface. */
export function listOwnAddresses(): readonly OwnAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map(({ address, family, internal, cidr }) => ({ interface: name, family: family === "IPv4" ? "ipv4" : "ipv6", address, subnet: cidr ?? address, isLoopback: internal })),
  );
}

export function isLinkLocal({ family, address }: Pick<OwnAddress, "family" | "address">): boolean {
  return family === "ipv6" && /^fe[89ab]/i.test(address);
}
