// What is dropped before connection tracking: other hosts' packets, false sources, and more packets than one source or side may send.

import { LINK_LOCAL_6 } from "./addresses.ts";
import type { Side, Walls } from "./flow.ts";
import { interfaceName, isIpv6, joinNft, keyword, mark, nft, subnet, type Nft } from "./nft-text.ts";
import { counterOf } from "./ruleset-denied.ts";
import { isSegment, notePairs } from "./ruleset-watch.ts";

/**
 * Packets per second that pass, with as many at once as `burst`. Connections: MQTT and HTTP clients keep theirs, so 50 new ones a second are a
 * flood. Datagrams: a device answers polls, 1,000 a second are more than any does. The side's totals bound what forged sources can do.
 */
export const LIMITS = {
  source: { connections: { rate: 50, burst: 100 }, datagrams: { rate: 1000, burst: 2000 } },
  side: { connections: { rate: 1000, burst: 2000 }, datagrams: { rate: 20_000, burst: 20_000 } },
} as const;

/** On packets to a group, so that the copy which the kernel gives to this host's own members is known. No packet of a wire carries a mark. */
export const OWN_MULTICAST = 0x5745_4952;

/** One wire with the sides on it; meters are kept by wire. */
interface Wire {
  readonly name: string;
  readonly key: Nft;
  readonly sides: readonly Side[];
}

function listWires({ sides }: Walls): readonly Wire[] {
  const names = [...new Set(sides.map((side) => side.interface))];
  return names.map((name, place) => ({ name, key: nft`${place}`, sides: sides.filter((side) => side.interface === name) }));
}

/** Sources that are remembered for a minute. 16,384 of each family take about 3 MB; a full set meters no new source, the side's total still holds. */
export function renderMeters(walls: Walls): readonly Nft[] {
  return listWires(walls).flatMap(({ key }) =>
    [nft`connections`, nft`datagrams`].flatMap((kind) =>
      [false, true].map((isSix) => nft`\tset ${kind}${isSix ? nft`6` : nft`4`}_${key} {\n\t\ttype ${isSix ? nft`ipv6_addr` : nft`ipv4_addr`}\n\t\tsize 16384\n\t\tflags dynamic,timeout\n\t\ttimeout 1m\n\t}`),
    ),
  );
}

export function renderEarly(walls: Walls): readonly Nft[] {
  const wires = listWires(walls);
  const jumps = joinNft([nft`"lo" : accept`, ...wires.map(({ name, key }) => nft`${interfaceName(name)} : goto early_${key}`)], ", ");
  const floods = wires.map(({ key, sides }) => nft`\tchain flooded_${key} {\n\t\tgoto ${counterOf("flooded", first(sides))}\n\t}`);
  return [nft`\tcounter own_multicast { }`, ...floods, ...wires.map((wire) => renderWire(wire, walls)), nft`\tchain early {\n\t\ttype filter hook prerouting priority raw; policy accept;\n\t\tiifname vmap { ${jumps} }\n\t\tgoto ${counterOf("denied", "other")}\n\t}`];
}

/** Own multicast comes back from the kernel with its mark and is no false source. A packet for another host, or for another port's address (weak host model), is never delivered. */
function renderWire({ key, sides }: Wire, walls: Walls): Nft {
  const segments = sides.filter(isSegment);
  return joinNft(
    [
      nft`\tchain early_${key} {`,
      nft`\t\tmeta mark ${mark(OWN_MULTICAST)} counter name own_multicast drop`,
      nft`\t\tfib saddr type local goto ${counterOf("spoofed", first(sides))}`,
      ...segments.flatMap(refuseOthers),
      nft`\t\tfib daddr . iif type != { local, broadcast, multicast } goto forwarded`,
      ...meter(key, "connections", nft`tcp flags & (fin | syn | rst | ack) == syn`),
      ...meter(key, "datagrams", nft`meta l4proto != tcp`),
      ...segments.flatMap((side) => notePairs(walls, side)),
      nft`\t\taccept`,
      nft`\t}`,
    ],
    "\n",
  );
}

function meter(key: Nft, kind: "connections" | "datagrams", match: Nft): readonly Nft[] {
  const { rate, burst } = LIMITS.source[kind];
  const total = LIMITS.side[kind];
  const perSource = [false, true].map((isSix) => nft`\t\t${match} add @${keyword(kind)}${isSix ? nft`6` : nft`4`}_${key} { ${isSix ? nft`ip6` : nft`ip`} saddr limit rate over ${rate}/second burst ${burst} packets } goto flooded_${key}`);
  return [...perSource, nft`\t\t${match} limit rate over ${total.rate}/second burst ${total.burst} packets goto flooded_${key}`];
}

/** A machine network is declared with its subnets; 0.0.0.0 and :: are hosts that have no address yet. */
function refuseOthers({ name, subnets }: Side): readonly Nft[] {
  const four = [...subnets.filter((text) => !isIpv6(text)), "0.0.0.0"];
  const six = [...subnets.filter(isIpv6), LINK_LOCAL_6, "::"];
  const to = counterOf("spoofed", name);
  return [nft`\t\tip saddr != { ${joinNft(four.map(subnet), ", ")} } goto ${to}`, nft`\t\tip6 saddr != { ${joinNft(six.map(subnet), ", ")} } goto ${to}`];
}

function first(sides: readonly Side[]): string {
  return sides.find(({ name }) => name === "cloud")?.name ?? sides[0]?.name ?? "other";
}
