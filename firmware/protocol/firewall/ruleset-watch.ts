// What the kernel remembers for detection: bounded sets of who was not let through and where to, and of who speaks on a segment. No payload.

import type { Side, Walls } from "./flow.ts";
import { DISCOVERY } from "./flows-field.ts";
import { identifier, interfaceName, joinNft, nft, port, type Nft } from "./nft-text.ts";

/** `denied`: no flow. `forwarded`: for somebody else than the gateway. `spoofed`: from an address of another side. `flooded`: too many. */
export const VERDICTS = ["denied", "forwarded", "spoofed", "flooded"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Elements of each set. About 200 bytes each while they are there; a full set remembers nobody new, and what is dropped stays dropped. */
export const WATCH_SIZES = { sources: 1024, targets: 1024, zoneTargets: 256, neighbours: 4096, claims: 4096, discovery: 1024 } as const;

/** How long an element outlives its last packet, in seconds. */
export const WATCH_SECONDS = 600;

/** Below Linux's own range of ports (ip_local_port_range): an answer that comes too late goes above it and is no attempt. */
const OWN_PORTS_FROM = 32_768;

const FAMILIES = [false, true] as const;

/** The set's name for one family. `sources`: address; `targets`: source, destination, protocol, port (type and code of ICMP as 16 bits). */
export function watchSet(kind: "sources" | "targets", verdict: Verdict, side: string, isSix: boolean): Nft {
  return identifier(`${kind}_${verdict}${isSix ? "6" : "4"}`, side);
}

/** Destination, protocol, port of what a zone's user wanted out without a flow. */
export function zoneSet(zone: string, isSix: boolean): Nft {
  return identifier(`targets_of${isSix ? "6" : "4"}`, zone);
}

/** Counts what stands in the zone's set: without the late packets of connections that are over. */
export function zoneAttempts(zone: string): Nft {
  return identifier("attempts_of", zone);
}

/** Address and MAC: by IP packets, or by WS-Discovery alone. */
export function pairSet(kind: "neighbours" | "discovery", segment: string, isSix: boolean): Nft {
  return identifier(`${kind}${isSix ? "6" : "4"}`, segment);
}

/** Address and MAC as ARP claims them, in the table of the family arp. */
export function claimSet(segment: string): Nft {
  return identifier("claims", segment);
}

export function isSegment({ name }: Side): boolean {
  return name.startsWith("segment:");
}

/** The gateway's own ports that WS-Discovery of this side comes to. */
export function discoveryPorts({ flows }: Walls, side: string): readonly number[] {
  const own = flows.filter((flow) => flow.side === side && flow.direction === "in" && flow.groups === undefined && flow.name.startsWith("probe-answers-"));
  return [DISCOVERY.port, ...own.flatMap(({ ownPort }) => (ownPort === undefined ? [] : [ownPort]))];
}

/** The sets and the chain that ends in a drop, for one verdict about one side. Without targets for floods: there, who is enough. */
export function renderVerdict(verdict: Verdict, side: string, counter: Nft): readonly Nft[] {
  const hasTargets = verdict !== "flooded";
  const sets = FAMILIES.flatMap((isSix) => [
    writeSet(watchSet("sources", verdict, side, isSix), address(isSix), WATCH_SIZES.sources),
    ...(hasTargets ? [writeSet(watchSet("targets", verdict, side, isSix), nft`${address(isSix)} . ${address(isSix)} . inet_proto . inet_service`, WATCH_SIZES.targets)] : []),
  ]);
  const noted = FAMILIES.flatMap((isSix) => noteSource(verdict, side, isSix, hasTargets));
  const chain = identifier("attempt_from", side);
  const ends = verdict === "denied" ? [writeChain(chain, [...noted, nft`drop`]), writeChain(counter, [nft`counter name ${counter}`, ...attempts(chain), nft`drop`])] : [writeChain(counter, [nft`counter name ${counter}`, ...noted, nft`drop`])];
  return [nft`\tcounter ${counter} { }`, ...sets, ...ends];
}

/** The same for what a zone's user wanted out. */
export function renderZone(zone: string, counter: Nft): readonly Nft[] {
  const sets = FAMILIES.map((isSix) => writeSet(zoneSet(zone, isSix), nft`${address(isSix)} . inet_proto . inet_service`, WATCH_SIZES.zoneTargets));
  const noted = FAMILIES.flatMap((isSix) => notePorts(zoneSet(zone, isSix), nft`${family(isSix)} daddr`));
  const chain = identifier("attempt_of", zone);
  const syn = nft`meta l4proto tcp tcp flags & (fin | syn | rst | ack) != syn drop`;
  return [nft`\tcounter ${counter} { }`, nft`\tcounter ${zoneAttempts(zone)} { }`, ...sets, writeChain(chain, [syn, nft`counter name ${zoneAttempts(zone)}`, ...noted, nft`drop`]), writeChain(counter, [nft`counter name ${counter}`, nft`goto ${chain}`])];
}

/** Broadcasts are the chatter of every office network, and late answers come to every gateway: neither is an attempt. */
function attempts(chain: Nft): readonly Nft[] {
  return [
    nft`fib daddr type != local drop`,
    nft`tcp flags & (fin | syn | rst | ack) == syn goto ${chain}`,
    nft`meta l4proto { tcp, udp } th dport < ${OWN_PORTS_FROM} goto ${chain}`,
    nft`meta l4proto != { tcp, udp } goto ${chain}`,
  ];
}

function noteSource(verdict: Verdict, side: string, isSix: boolean, hasTargets: boolean): readonly Nft[] {
  const ip = family(isSix);
  const source = nft`update @${watchSet("sources", verdict, side, isSix)} { ${ip} saddr }`;
  return [source, ...(hasTargets ? notePorts(watchSet("targets", verdict, side, isSix), nft`${ip} saddr . ${ip} daddr`) : [])];
}

/** The first 16 bits of what has no ports are its kind (ICMP: type and code), so that one ping is one target. */
function notePorts(set: Nft, who: Nft): readonly Nft[] {
  return [nft`meta l4proto { tcp, udp } update @${set} { ${who} . meta l4proto . th dport }`, nft`meta l4proto != { tcp, udp } update @${set} { ${who} . meta l4proto . th sport }`];
}

/** Sets of the pairs of address and MAC on the segments. */
export function renderPairSets({ sides }: Walls): readonly Nft[] {
  return sides.filter(isSegment).flatMap(({ name }) =>
    FAMILIES.flatMap((isSix) => [
      writeSet(pairSet("neighbours", name, isSix), nft`${address(isSix)} . ether_addr`, WATCH_SIZES.neighbours),
      writeSet(pairSet("discovery", name, isSix), nft`${address(isSix)} . ether_addr`, WATCH_SIZES.discovery),
    ]),
  );
}

/** For a packet of a segment that passes the early checks. What only WS-Discovery says is kept apart: it is what forgers of machines say. */
export function notePairs(walls: Walls, side: Side): readonly Nft[] {
  const ports = joinNft(discoveryPorts(walls, side.name).map(port), ", ");
  const note = (kind: "neighbours" | "discovery", match: Nft): readonly Nft[] => FAMILIES.map((isSix) => nft`${match} update @${pairSet(kind, side.name, isSix)} { ${family(isSix)} saddr . ether saddr }`);
  return [...note("discovery", nft`udp dport { ${ports} }`), ...note("neighbours", nft`meta l4proto != udp`), ...note("neighbours", nft`udp dport != { ${ports} }`)].map((rule) => nft`\t\t${rule}`);
}

/** The table that watches ARP on the segments and lets everything pass. */
export function renderArp({ sides }: Walls): readonly Nft[] {
  const segments = sides.filter(isSegment);
  const renew = nft`add table arp weir\ndelete table arp weir`;
  if (segments.length === 0) return [renew];
  const sets = segments.map(({ name }) => writeSet(claimSet(name), nft`ipv4_addr . ether_addr`, WATCH_SIZES.claims));
  const rules = segments.map(({ name, interface: wire }) => nft`\t\tiifname ${interfaceName(wire)} update @${claimSet(name)} { arp saddr ip . arp saddr ether }`);
  return [renew, nft`table arp weir {`, ...sets, nft`\tchain input {\n\t\ttype filter hook input priority filter; policy accept;`, ...rules, nft`\t}`, nft`}`];
}

function writeSet(name: Nft, type: Nft, size: number): Nft {
  return nft`\tset ${name} {\n\t\ttype ${type}\n\t\tsize ${size}\n\t\tflags dynamic,timeout\n\t\ttimeout ${WATCH_SECONDS}s\n\t\tcounter\n\t}`;
}

function writeChain(name: Nft, rules: readonly Nft[]): Nft {
  return joinNft([nft`\tchain ${name} {`, ...rules.map((rule) => nft`\t\t${rule}`), nft`\t}`], "\n");
}

function address(isSix: boolean): Nft {
  return isSix ? nft`ipv6_addr` : nft`ipv4_addr`;
}

function family(isSix: boolean): Nft {
  return isSix ? nft`ip6` : nft`ip`;
}
