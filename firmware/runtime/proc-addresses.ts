// Own addresses from /proc/self/net, for a process that may open no netlink socket (the unit of field): the same as Node lists.

import ipaddr from "ipaddr.js";

/** As own-addresses.ts tells it. */
export interface ProcAddress {
  readonly interface: string;
  readonly family: "ipv4" | "ipv6";
  readonly address: string;
  readonly subnet: string;
  readonly isLoopback: boolean;
}

/** Gives the text of a file. Throws where there is none. */
export type ReadText = (path: string) => string;

/** IPv4 by the routes: an address belongs to the interface whose own network it lies in. Empty where the kernel tells nothing. */
export function readProcAddresses(read: ReadText): readonly ProcAddress[] {
  const textOf = (name: string): string => {
    try {
      return read(`/proc/self/net/${name}`);
    } catch {
      return "";
    }
  };
  return [...readIpv4(textOf("fib_trie"), textOf("route")), ...readIpv6(textOf("if_inet6"))];
}

function readIpv4(trie: string, routes: string): readonly ProcAddress[] {
  const networks = routes.split("\n").slice(1).flatMap((line) => {
    const [name = "", destination = "", gateway, , , , , mask = ""] = line.split("\t");
    return gateway === "00000000" && mask !== "00000000" ? [{ name, network: `${dotted(destination)}/${lengthOf(mask)}`, length: lengthOf(mask) }] : [];
  });
  const networksOf = [{ name: "lo", network: "127.0.0.0/8", length: 8 }, ...networks].toSorted((one, other) => other.length - one.length);
  const locals = [...trie.matchAll(/\|-- (\d+\.\d+\.\d+\.\d+)\n\s+\/32 host LOCAL/g)].map(([, address = ""]) => address);
  return [...new Set(locals)].flatMap((address): ProcAddress[] => {
    const found = networksOf.find(({ network }) => ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(network)));
    return found === undefined ? [] : [{ interface: found.name, family: "ipv4", address, subnet: `${address}/${found.length}`, isLoopback: found.name === "lo" }];
  });
}

/** `IFA_F_TENTATIVE` and `IFA_F_DADFAILED`: nobody may use it (yet). */
const UNUSABLE = 0x48;

function readIpv6(text: string): readonly ProcAddress[] {
  return text.split("\n").flatMap((line): ProcAddress[] => {
    const [hex = "", , length = "", , flags = "", name = ""] = line.trim().split(/\s+/);
    if (!/^[0-9a-f]{32}$/.test(hex) || (Number.parseInt(flags, 16) & UNUSABLE) !== 0) return [];
    const address = ipaddr.parse((hex.match(/.{4}/g) ?? []).join(":")).toString();
    return [{ interface: name, family: "ipv6", address, subnet: `${address}/${Number.parseInt(length, 16)}`, isLoopback: name === "lo" }];
  });
}

/** The kernel writes IPv4 addresses here as a number in its own byte order; all that Weir runs on is little-endian. */
function dotted(hex: string): string {
  return (hex.match(/../g) ?? []).toReversed().map((byte) => Number.parseInt(byte, 16)).join(".");
}

function lengthOf(mask: string): number {
  return [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === "1").length;
}
