// The addresses behind cloud names: put into the ruleset's sets while it runs, without loading it anew.

import { isAddress, mayBeCloudAddress } from "./addresses.ts";
import { deriveWalls } from "./derive-flows.ts";
import { cloudDestinations } from "./flows-cloud.ts";
import type { FirewallInput } from "./input.ts";
import { identifier, isIpv6, joinNft, nft, port, seconds, singleAddress, type Nft } from "./nft-text.ts";

/** One address that a cloud name resolved to, the port it may be reached at, and for how long. */
export interface CloudAddress {
  readonly address: string;
  readonly port: number;
  /** 1 to 604,800. */
  readonly lifeSeconds: number;
}

/**
 * Those that may stand for a cloud name at a port that the configuration names, and those that may not: a name that leads inwards is a sign
 * of an attack on the resolver, another port one of a zone that was taken over. Throws CONFIG_INVALID.
 */
export function sortCloudAddresses(addresses: readonly CloudAddress[], input: FirewallInput): { readonly accepted: readonly CloudAddress[]; readonly refused: readonly CloudAddress[] } {
  const ports = deriveWalls(input).flows.flatMap(({ peers }) => (peers.kind === "names" ? peers.names.map((name) => name.port) : []));
  const accepted = addresses.filter(({ address, port }) => ports.includes(port) && mayBeCloudAddress(address, input));
  return { accepted, refused: addresses.filter((one) => !accepted.includes(one)) };
}

/** Whether the configuration names this host, which is no address, as a destination at this port. Throws CONFIG_INVALID. */
export function isCloudName(name: string, number: number, input: FirewallInput): boolean {
  return !isAddress(name) && cloudDestinations(input).some(({ host, port: own }) => host === name && own === number);
}

/** nftables text that adds the addresses or renews their life, in one transaction. Empty for none. Throws INPUT_INVALID. */
export function renderCloudRefresh(addresses: readonly CloudAddress[]): string {
  const lines = [false, true].flatMap((isSix): Nft[] => {
    const elements = writeElements(addresses, isSix);
    if (elements === undefined) return [];
    const set = identifier(isSix ? "cloud6" : "cloud4");
    const keys = joinNft(unique(addresses, isSix).map(writePair), ", ");
    // Adding what is there leaves its old life (before Linux 6.12): so it is added, deleted and added anew, all at once.
    return [nft`add element inet weir ${set} { ${elements} }`, nft`delete element inet weir ${set} { ${keys} }`, nft`add element inet weir ${set} { ${elements} }`];
  });
  return lines.length === 0 ? "" : `${joinNft(lines, "\n")}\n`;
}

/** Elements of one family for a set; undefined where there are none. */
export function writeElements(addresses: readonly CloudAddress[], isSix: boolean): Nft | undefined {
  const own = unique(addresses, isSix);
  return own.length === 0 ? undefined : joinNft(own.map((one) => nft`${writePair(one)} timeout ${seconds(one.lifeSeconds)}`), ", ");
}

function writePair({ address, port: number }: CloudAddress): Nft {
  return nft`${singleAddress(address)} . ${port(number)}`;
}

function unique(addresses: readonly CloudAddress[], isSix: boolean): readonly CloudAddress[] {
  return [...new Map(addresses.filter(({ address }) => isIpv6(address) === isSix).map((one) => [writePair(one) as string, one])).values()];
}
