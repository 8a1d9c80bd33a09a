// At which of this host's addresses the page is: as the settings say, as far as the host has them.

import type { PageSettings } from "../conduit/admin.ts";
import { isLinkLocal, type OwnAddress } from "../runtime/own-addresses.ts";

export interface PageAddresses {
  /** To listen at; in one order always. */
  readonly here: readonly string[];
  /** Asked for and not there, so that somebody must be told. */
  readonly missing: readonly string[];
  /** They may be others tomorrow, without anybody changing the settings. */
  readonly mayChange: boolean;
}

const ANY: Readonly<Record<string, OwnAddress["family"]>> = { "0.0.0.0": "ipv4", "::": "ipv6" };
/** Nobody misses it on a host without IPv6. */
const LOOPBACK_6 = "::1";

/** Without IPv6 link-local addresses, which no browser can open. */
export function addressesFor({ addresses, interface: wire }: Pick<PageSettings, "addresses" | "interface">, own: readonly OwnAddress[]): PageAddresses {
  const usable = own.filter((one) => !isLinkLocal(one));
  if (wire !== undefined) return { here: sorted(usable.filter((one) => one.interface === wire)), missing: [], mayChange: true };
  const anywhere = addresses.flatMap((address) => usable.filter(({ family }) => family === ANY[address]));
  const named = addresses.filter((address) => ANY[address] === undefined);
  const here = sorted([...anywhere, ...usable.filter(({ address }) => named.includes(address))]);
  return { here, missing: named.filter((address) => address !== LOOPBACK_6 && !here.includes(address)), mayChange: anywhere.length > 0 };
}

/** IPv4 first: it is what people type. */
function sorted(own: readonly OwnAddress[]): readonly string[] {
  const inOrder = own.toSorted((one, other) => one.family.localeCompare(other.family) || one.address.localeCompare(other.address));
  return [...new Set(inOrder.map(({ address }) => address))];
}
