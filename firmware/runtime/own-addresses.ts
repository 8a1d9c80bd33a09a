// This host's own addresses, by interface: from where a segment is spoken to.

import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { readProcAddresses } from "./proc-addresses.ts";

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
  const all = askSystem();
  if (all === undefined) return readProcAddresses((path) => readFileSync(path, "utf8"));
  return Object.entries(all).flatMap(([name, addresses = []]) =>
    addresses.map(({ address, family, internal, cidr }) => ({ interface: name, family: family === "IPv4" ? "ipv4" : "ipv6", address, subnet: cidr ?? address, isLoopback: internal })),
  );
}

/** What tells one interface from another that later bears its name: its index and its hardware address; empty where there is none. */
export function linkIdentity(name: string): { readonly index: string; readonly hardware: string } {
  const read = (file: string): string => {
    try {
      return readFileSync(`/sys/class/net/${name}/${file}`, "utf8").trim();
    } catch {
      return "";
    }
  };
  return { index: read("ifindex"), hardware: read("address") };
}

export function isLinkLocal({ family, address }: Pick<OwnAddress, "family" | "address">): boolean {
  return family === "ipv6" && /^fe[89ab]/i.test(address);
}

/** Undefined where the process may not ask: libuv opens a netlink socket for it, which the unit of field forbids. */
function askSystem(): ReturnType<typeof networkInterfaces> | undefined {
  try {
    return networkInterfaces();
  } catch {
    return undefined;
  }
}
