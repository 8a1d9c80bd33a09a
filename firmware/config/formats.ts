// The formats that a setting's text may have beyond a pattern: URLs, addresses of machines, subnets.

import ipaddr from "ipaddr.js";
import { quote } from "./words.ts";

type Tell = (message: string, remedy?: string) => void;

/** Tells what is wrong with `text`, if anything. A format that is not known here is left to the pattern. */
export function checkFormat(format: string, text: string, tell: Tell): void {
  if (format === "service-url") checkUrl(text, tell);
  else if (format === "machine-url") checkMachineUrl(text, tell);
  else if (format === "machine-address") checkAddress(text, text, tell);
  else if (format === "cidr") checkSubnet(text, tell);
  else if (format === "interface-address") checkInterfaceAddress(text, tell);
}

function checkUrl(text: string, tell: Tell): URL | undefined {
  const url = URL.parse(text);
  if (url === null || url.hostname === "") {
    tell(`is ${quote(hideUser(text))}, which names no host or is no URL.`, "Write scheme://host:port.");
    return undefined;
  }
  if (url.username !== "" || url.password !== "") {
    tell("carries a user name or password.", "Take them out of the URL; store the password with `weir secret set NAME` and refer to it by `password: {secret: NAME}`.");
    return undefined;
  }
  return url;
}

function hideUser(text: string): string {
  return text.replace(/\/\/.*@/, "//…@");
}

function checkMachineUrl(text: string, tell: Tell): void {
  const url = checkUrl(text, tell);
  if (url !== undefined) checkAddress(url.hostname.replace(/^\[|\]$/g, ""), url.hostname, tell);
}

function checkAddress(address: string, shown: string, tell: Tell): void {
  if (ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address)) return;
  tell(`names the host ${quote(shown)}, but must name an IP address.`, "Write the machine's address: the zone that reads machines resolves no names.");
}

function checkSubnet(text: string, tell: Tell): void {
  const subnet = parseSubnet(text);
  if (subnet === undefined) tell(`is ${quote(text)}, which is no subnet.`, "Write an address and the length of its prefix, for example 192.168.10.0/24.");
  else if (subnet.network !== text) tell(`is ${quote(text)}, but bits behind the prefix are set.`, `Write ${subnet.network}.`);
}

function checkInterfaceAddress(text: string, tell: Tell): void {
  const subnet = parseSubnet(text);
  if (subnet === undefined || subnet.bits === 0) tell(`is ${quote(text)}, which is no address with the length of its network.`, "Write both, for example 192.168.10.1/24.");
}

export interface Subnet {
  /** The same subnet as it should be written: `192.168.10.0/24`. */
  readonly network: string;
  includes(address: string): boolean;
  overlaps(other: Subnet): boolean;
  readonly first: ipaddr.IPv4 | ipaddr.IPv6;
  readonly bits: number;
}

/** A subnet in CIDR notation; undefined for what is none. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = "", length = ""] = text.split("/");
  const isV4 = ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!/^\d{1,3}$/.test(length) || (!isV4 && (address.includes("%") || !ipaddr.IPv6.isValid(address)))) return undefined;
  const bits = Number(length);
  if (bits > (isV4 ? 32 : 128)) return undefined;
  const first = isV4 ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
  const contains = (other: ipaddr.IPv4 | ipaddr.IPv6): boolean => other.kind() === first.kind() && other.match(first, bits);
  return {
    network: `${first.toString()}/${bits}`,
    first,
    bits,
    includes: (other) => ipaddr.isValid(other) && contains(ipaddr.parse(other)),
    overlaps: (other) => contains(other.first) || (other.first.kind() === first.kind() && first.match(other.first, other.bits)),
  };
}

/** True for an address of this host itself, or `localhost`. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  if (bare === "localhost") return true;
  return ipaddr.isValid(bare) && ipaddr.parse(bare).range() === "loopback";
}
