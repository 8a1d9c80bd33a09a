// Which addresses the machine CA may ever name: private ones, and those of the segments that were configured when it was made.

import { parseSubnet } from "../../config/formats.ts";

/** RFC 1918, RFC 3927, RFC 4193, loopback and link-local: addresses that mean nothing outside the plant. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128"] as const;
/** So that the certificate stays small enough for any machine: some 4 KiB. */
const MOST = 128;

/** For a CA that is made now. What does not fit any more can be named only by a CA that is made later. */
export function permittedSubnets(segments: readonly { readonly subnets: readonly string[] }[]): string[] {
  const permitted = PRIVATE.flatMap((text) => parseSubnet(text) ?? []);
  for (const text of segments.flatMap(({ subnets }) => subnets)) {
    const subnet = parseSubnet(text);
    const isCovered = subnet === undefined || permitted.some((one) => one.bits <= subnet.bits && one.overlaps(subnet));
    if (!isCovered && permitted.length < MOST) permitted.push(subnet);
  }
  return permitted.map(({ network }) => network);
}

export function isWithin(address: string, subnets: readonly string[]): boolean {
  return subnets.some((subnet) => parseSubnet(subnet)?.includes(address) === true);
}
