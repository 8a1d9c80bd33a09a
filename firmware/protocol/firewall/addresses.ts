// Addresses and subnets: whether one lies in the other, which side an address belongs to, and which may stand behind a cloud name.

import ipaddr from "ipaddr.js";
import type { Flow, Side } from "./flow.ts";
import type { FirewallInput } from "./input.ts";

export const EVERYONE = ["0.0.0.0/0", "::/0"] as const;
export const LINK_LOCAL_6 = "fe80::/10";

/** False too for what is no address or no subnet. A subnet without a length is one address. */
export function lies(address: string, subnet: string): boolean {
  const [first = "", length] = subnet.split("/");
  if (!isAddress(address) || !isAddress(first)) return false;
  const [one, other] = [ipaddr.parse(address), ipaddr.parse(first)];
  return one.kind() === other.kind() && one.match(other, length === undefined ? (other.kind() === "ipv4" ? 32 : 128) : Number(length));
}

/** True where two subnets have an address in common. */
export function overlap(one: string, other: string): boolean {
  return lies(one.split("/")[0] ?? "", other) || lies(other.split("/")[0] ?? "", one);
}

export function isAddress(text: string): boolean {
  return !text.includes("%") && (ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text));
}

/** The host of a URL without brackets; undefined for what is no URL with a host. */
export function hostOf(url: string): string | undefined {
  const host = URL.parse(url)?.hostname.replace(/^\[|\]$/g, "");
  return host === "" ? undefined : host;
}

/** An address of this host itself, or `localhost`. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || (isAddress(host) && ipaddr.parse(host).range() === "loopback");
}

/** The side that an address belongs to by its subnet: a segment before plant, plant before management, else the cloud; undefined where there is no such side. */
export function sideOf(address: string, sides: readonly Side[]): Side | undefined {
  return sides.find(({ subnets }) => subnets.some((subnet) => lies(address, subnet))) ?? sides.find(({ name }) => name === "cloud");
}

/** True where the other end of a flow may have this address, whatever its port. */
export function admits({ peers }: Flow, address: string): boolean {
  if (peers.kind === "subnets") return peers.subnets.some((subnet) => lies(address, subnet));
  return peers.kind === "endpoints" && peers.endpoints.some((endpoint) => lies(address, endpoint.address));
}

/**
 * Whether a resolved address may stand for a cloud name. Only global unicast may: no private, link-local, loopback, multicast,
 * shared (CGN), unique local, documentation or translated address, and none of a segment, of the plant or of management.
 */
export function mayBeCloudAddress(address: string, { segments, network }: FirewallInput): boolean {
  if (!isAddress(address) || ipaddr.parse(address).range() !== "unicast") return false;
  // RFC 4291 §2.4: what is assigned for the Internet lies in 2000::/3; the rest only looks like unicast.
  if (address.includes(":") && !lies(address, "2000::/3")) return false;
  const { plant, admin, ntp, dns } = network ?? {};
  const inside = [segments.flatMap(({ subnets }) => subnets), plant?.clients, plant?.ldaps, plant?.syslog, admin?.clients, ntp?.servers, dns?.servers];
  return !inside.some((subnets) => subnets?.some((subnet) => lies(address, subnet)) === true);
}
