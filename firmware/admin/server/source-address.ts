// Who somebody is by their address, to count what they do.

import ipaddr from "ipaddr.js";

/** The address as core is told it: IPv4 where it is one, without a scope. */
export function addressOf(remote: string | undefined): string {
  return (remote ?? "unknown").replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
}

/** One for each who may be told apart: an IPv4 address, or the /64 of an IPv6 address, within which anybody has as many as they want. */
export function sourceOf(remote: string | undefined): string {
  const address = addressOf(remote);
  if (!ipaddr.IPv6.isValid(address)) return address;
  return `${ipaddr.IPv6.parse(address).parts.slice(0, 4).map((part) => part.toString(16)).join(":")}::/64`;
}
