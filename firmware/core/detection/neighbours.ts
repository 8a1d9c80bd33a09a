// From what a segment says of its addresses and MACs to findings, and to what is known of it from then on. Pure but for the memory it is given.

import type { ObservedPair, ObservedSegment } from "../../conduit/observation.ts";
import type { Finding, KindName } from "./finding.ts";
import { growth } from "./refusals.ts";

/** Addresses that are remembered for each segment, and of each MAC: a forger of addresses fills no memory. */
export const MOST_NEIGHBOURS = 4096;
export const MOST_ADDRESSES_OF_ONE = 64;

/** Whose an address is, kept by the caller over restarts. */
export interface SegmentMemory {
  /** Address to MAC. */
  readonly owners: Map<string, string>;
  /** MAC to addresses: the same the other way round. */
  readonly devices: Map<string, Set<string>>;
  /** Packets of each pair in the last observation; undefined before the first one. */
  packets: ReadonlyMap<string, number> | undefined;
  /** Pairs that contradict an owner, from the last observation: decided in this one. */
  doubtful: ReadonlyMap<string, ObservedPair>;
  /** Pairs that contradicted a speaking owner; while both are seen, a pause of one of them changes nothing. */
  contested: ReadonlySet<string>;
  /** MACs that spoke first in the last observation, with their address: told in this one, unless they turn out to take somebody's place. */
  newcomers: ReadonlyMap<string, string>;
}

export interface Learned {
  readonly address: string;
  readonly mac: string;
}

interface Step {
  readonly findings: readonly Finding[];
  /** To be kept. */
  readonly learned: readonly Learned[];
}

export function emptyMemory(learned: readonly Learned[] = []): SegmentMemory {
  const memory: SegmentMemory = { owners: new Map(), devices: new Map(), packets: undefined, doubtful: new Map(), contested: new Set(), newcomers: new Map() };
  for (const { address, mac } of learned) own(memory, address, mac);
  return memory;
}

/** While a segment is learned, new and changed neighbours are known silently; contradictions are told always. Changes `memory`. */
export function findNeighbours(memory: SegmentMemory, observed: ObservedSegment, isLearning: boolean): Step {
  const step: OpenStep = { memory, observed, isSilent: isLearning || observed.isCrowded, findings: [], learned: [], newcomers: new Map(), active: new Set() };
  const { doubtful: former, newcomers } = memory;
  memory.doubtful = listen(step);
  const seen = new Set(observed.pairs.map(keyOf));
  memory.contested = new Set([...memory.contested].filter((key) => seen.has(key)));
  for (const pair of former.values()) decide(step, pair);
  const taken = new Set([...step.findings.map(({ source }) => source), ...[...memory.doubtful.values()].map(({ mac }) => mac)]);
  for (const [mac, address] of newcomers) if (!taken.has(mac) && !step.isSilent) tell(step, "new-device", mac, address);
  memory.newcomers = step.newcomers;
  if (observed.isCrowded || memory.owners.size >= MOST_NEIGHBOURS) tell(step, "too-many-sources", "neighbours", `${observed.pairs.length} pairs of address and MAC in ten minutes`);
  return step;
}

/** One observation while it is worked on. */
interface OpenStep {
  readonly memory: SegmentMemory;
  readonly observed: ObservedSegment;
  readonly isSilent: boolean;
  readonly findings: Finding[];
  readonly learned: Learned[];
  readonly newcomers: Map<string, string>;
  /** Pairs that spoke. */
  readonly active: Set<string>;
}

/** What spoke since the last observation: learned where it is unknown; the answer is what contradicts an owner, to be decided in the next one. */
function listen(step: OpenStep): ReadonlyMap<string, ObservedPair> {
  const { memory, observed, active } = step;
  // What the first observation contradicts may be minutes old: a device that was replaced before core was started anew.
  const mayDoubt = memory.packets !== undefined;
  const doubtful = new Map<string, ObservedPair>();
  for (const pair of listActive(memory, observed)) {
    active.add(keyOf(pair));
    const { address, mac } = pair;
    const owner = memory.owners.get(address);
    if (observed.own.addresses.includes(address)) tell(step, "gateway-address-claimed", mac, address);
    else if (owner === undefined) welcome(step, pair);
    else if (owner !== mac && mayDoubt && !memory.doubtful.has(keyOf(pair)) && !doubtful.has(keyOf(pair))) doubtful.set(keyOf(pair), pair);
  }
  return doubtful;
}

function decide(step: OpenStep, pair: ObservedPair): void {
  const { memory, observed, active } = step;
  const { address, mac } = pair;
  const owner = memory.owners.get(address);
  if (owner === undefined || owner === mac) return;
  const isOwnerSeen = observed.pairs.some((one) => keyOf(one) === `${address} ${owner}`);
  const isOnlyDiscovery = pair.origin === "discovery" && observed.pairs.every((one) => keyOf(one) !== keyOf(pair) || one.origin === "discovery");
  if (isOnlyDiscovery) tell(step, "discovery-forged", mac, `in the name of ${address}, which is ${owner}`);
  else if (active.has(`${address} ${owner}`)) {
    memory.contested = new Set([...memory.contested, keyOf(pair)]);
    tell(step, "address-contested", mac, `${address}, which is ${owner}`);
  } else if (!memory.contested.has(keyOf(pair)) || !isOwnerSeen) {
    learn(step, address, mac);
    if (!step.isSilent) tell(step, "address-changed", mac, `${address} was ${owner}`);
  }
}

/** IPv6 hosts change their addresses for privacy (RFC 8981): of a known device only another IPv4 address is worth a word. */
function welcome(step: OpenStep, { address, mac }: ObservedPair): void {
  const known = step.memory.devices.get(mac);
  const formerFour = [...(known ?? [])].filter((one) => !one.includes(":"));
  if (!step.isSilent && known === undefined) step.newcomers.set(mac, address);
  if (!step.isSilent && formerFour.length > 0 && !address.includes(":") && !step.newcomers.has(mac)) tell(step, "device-moved", mac, `${address}, formerly ${formerFour.slice(0, 3).join(", ")}`);
  learn(step, address, mac);
}

function tell({ observed: { side }, findings }: OpenStep, kind: KindName, source: string, detail: string): void {
  findings.push({ kind, side, source, count: 1, detail });
}

function learn({ memory, learned }: OpenStep, address: string, mac: string): void {
  if (own(memory, address, mac)) learned.push({ address, mac });
}

/** Pairs that spoke since the last observation, ARP first. Hosts that have no address yet do not count. */
function listActive(memory: SegmentMemory, { pairs, own: { macs } }: ObservedSegment): readonly ObservedPair[] {
  const counted = new Map(pairs.map((pair) => [`${pair.origin} ${keyOf(pair)}`, pair.packets]));
  const active = pairs.filter((pair) => pair.address !== "0.0.0.0" && pair.address !== "::" && !macs.includes(pair.mac) && growth(memory.packets?.get(`${pair.origin} ${keyOf(pair)}`), pair.packets) > 0);
  memory.packets = counted;
  return active;
}

/** False where the address is not remembered: the segment or the device has too many. */
function own({ owners, devices }: SegmentMemory, address: string, mac: string): boolean {
  const former = owners.get(address);
  const addresses = devices.get(mac) ?? new Set();
  if ((former === undefined && owners.size >= MOST_NEIGHBOURS) || addresses.size >= MOST_ADDRESSES_OF_ONE) return false;
  owners.set(address, mac);
  devices.set(mac, addresses.add(address));
  if (former !== undefined && former !== mac) forget(devices, former, address);
  return true;
}

function forget(devices: Map<string, Set<string>>, mac: string, address: string): void {
  const addresses = devices.get(mac);
  addresses?.delete(address);
  if (addresses?.size === 0) devices.delete(mac);
}

function keyOf({ address, mac }: ObservedPair): string {
  return `${address} ${mac}`;
}
