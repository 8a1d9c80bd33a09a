// Whose datagrams are read in a segment: told by the source's address alone, since Node does not say which interface one came in by.

import { lies } from "../../protocol/firewall/addresses.ts";
import { isLinkLocal } from "../../runtime/own-addresses.ts";
import type { OwnAddress } from "../../runtime/own-addresses.ts";

export interface SegmentBounds {
  /** Whoever is not in one of them is not heard; on the link itself, IPv6 link-local is. */
  readonly subnets: readonly string[];
  /** Hosts beyond the link that may answer, IP addresses. */
  readonly hosts: readonly string[];
  /** Subnets of the other segments: what lies in one of these too belongs to nobody. */
  readonly elsewhere: readonly string[];
}

export type SourceKind = "own" | "foreign" | "ambiguous";

/** A socket in the group hears other interfaces too; link-local addresses say from which one. That others come in by their own segment's wire is the kernel's part (rp_filter, the walls). */
export function judgeSource(address: string, own: OwnAddress, { subnets, hosts, elsewhere }: SegmentBounds): SourceKind {
  const [plain = "", zone] = address.split("%");
  if (zone !== undefined) return zone === own.interface && isLinkLocal({ family: "ipv6", address: plain }) ? "own" : "foreign";
  if (!subnets.some((subnet) => lies(plain, subnet)) && !hosts.includes(plain)) return "foreign";
  return elsewhere.some((subnet) => lies(plain, subnet)) ? "ambiguous" : "own";
}
