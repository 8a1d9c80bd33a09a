// What the machine CA calls gateways and machines: names under a domain of the gateway's own that no public resolver knows.

import ipaddr from "ipaddr.js";
import { createHash } from "node:crypto";

/** `internal` is reserved for private use (ICANN resolution 2024.07.29.06). */
const ROOT = "machines.weir.internal";
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Begins what had to be written otherwise; a name that begins so by itself is written otherwise too, so that no two names meet. */
const OTHERWISE = "x--";

/** The domain under which alone the gateway's CA may name anything. */
export function domainOf(gateway: string): string {
  return `${labelOf(gateway)}.${ROOT}`;
}

/** The DNS name of a machine's certificate; different for different names. */
export function machineDomain(name: string, domain: string): string {
  return `${labelOf(name)}.${domain}`;
}

/** The name by which browsers on the same network find the gateway, where its host answers multicast DNS (RFC 6762). */
export function localNameOf(gateway: string): string {
  return `${labelOf(gateway.startsWith("weir-") ? gateway.toLowerCase() : `weir-${gateway.toLowerCase()}`)}.local`;
}

/** A name of ours (letters, digits, `.`, `_`, `-`, at most 64) as one DNS label (RFC 1123 §2.1). */
function labelOf(name: string): string {
  if (LABEL.test(name) && !name.startsWith(OTHERWISE)) return name;
  const readable = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "").slice(0, 40);
  return `${OTHERWISE}${readable}-${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}

/** Whether it is an IP address, in the forms that certificates and browsers know. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes("%"));
}
