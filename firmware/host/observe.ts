// The verb that reads what the kernel remembers of refused packets and of neighbours: counters first, and a set only where its counter moved.

import { networkInterfaces } from "node:os";
import { PAIR_ORIGINS } from "../conduit/observation.ts";
import type { Observation, ObservedPair, ObservedSegment, ObservedSide } from "../conduit/observation.ts";
import type { Side, Walls } from "../protocol/firewall/flow.ts";
import { counterOf, COUNTED } from "../protocol/firewall/ruleset-denied.ts";
import { claimSet, discoveryPorts, isSegment, pairSet, VERDICTS, WATCH_SIZES, watchSet, zoneAttempts, zoneSet } from "../protocol/firewall/ruleset-watch.ts";
import type { Verdict } from "../protocol/firewall/ruleset-watch.ts";
import { readCounters, readSet } from "./nft-reply.ts";
import type { SetElement } from "./nft-reply.ts";

/** Runs nft with these arguments and gives what it prints. */
export type AskNft = (args: readonly string[]) => Promise<string>;

type ObservedZone = Observation["zones"][number];

interface Reading {
  readonly stamp: number;
  readonly elements: readonly SetElement[];
}

/** A set counts as full a little before its size: elements that are over take their places until the kernel clears them. */
const FULL = 0.95;

export interface Observer {
  /** Of the rules that are installed. Throws what nft says. */
  observe(walls: Walls): Promise<Observation>;
}

/** One nft at a time and one set each: nft 1.0.6 cannot list sets of two tables at once, and listing all would bring the flood meters too. */
export function openObserver(ask: AskNft): Observer {
  const sets = new Sets(ask);
  let last: Promise<unknown> = Promise.resolve();
  const observe = async (walls: Walls): Promise<Observation> => {
    const counters = readCounters(await ask(["-j", "list", "counters", "table", "inet", "weir"]));
    sets.begin(walls, counters);
    const sides: ObservedSide[] = [];
    for (const { name } of [...walls.sides, { name: "other" }]) sides.push(await readSide(name, discoveryPorts(walls, name), sets));
    const segments: ObservedSegment[] = [];
    for (const side of walls.sides.filter(isSegment)) segments.push(await readSegment(side, sets));
    const zones: ObservedZone[] = [];
    for (const zone of [...COUNTED, "other"]) zones.push(await readZone(zone, sets));
    return { sides, segments, zones };
  };
  return {
    observe: (walls) => {
      const turn = last.then(() => observe(walls));
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

/** The kernel's sets as they were read last. */
class Sets {
  readonly #ask: AskNft;
  #known = new Map<string, Reading>();
  #walls: Walls | undefined;
  #counters: ReadonlyMap<string, number> = new Map();

  constructor(ask: AskNft) {
    this.#ask = ask;
  }

  /** New rules have new sets. */
  begin(walls: Walls, counters: ReadonlyMap<string, number>): void {
    if (this.#walls !== walls) this.#known = new Map();
    this.#walls = walls;
    this.#counters = counters;
  }

  packets(counter: string): number {
    return this.#counters.get(counter) ?? 0;
  }

  async read(family: "inet" | "arp", set: string): Promise<readonly SetElement[]> {
    return readSet(await this.#ask(["-j", "list", "set", family, "weir", set]));
  }

  /** A set whose counter stands still has not changed, but for elements that are over. */
  async readWhenCounted(set: string, counter: string): Promise<readonly SetElement[]> {
    const stamp = this.packets(counter);
    const before = this.#known.get(set);
    if (stamp === 0) return [];
    if (before?.stamp === stamp) return before.elements;
    const elements = await this.read("inet", set);
    this.#known.set(set, { stamp, elements });
    return elements;
  }
}

async function readZone(zone: string, sets: Sets): Promise<ObservedZone> {
  const counter = zoneAttempts(zone);
  const elements = [...(await sets.readWhenCounted(zoneSet(zone, false), counter)), ...(await sets.readWhenCounted(zoneSet(zone, true), counter))];
  const targets = elements.map(({ values: [destination = "", protocol = "", port = ""], packets }) => ({ destination, protocol, port: Number(port), packets }));
  return { zone, packets: sets.packets(counter), targets };
}

async function readSide(side: string, ports: readonly number[], sets: Sets): Promise<ObservedSide> {
  const refused: ObservedSide["refused"] = [];
  for (const verdict of VERDICTS) refused.push(await readRefused(verdict, side, sets));
  return { side, discoveryPorts: [...ports], refused };
}

async function readRefused(verdict: Verdict, side: string, sets: Sets): Promise<ObservedSide["refused"][number]> {
  const counter = counterOf(verdict, side);
  const read = (set: string): Promise<readonly SetElement[]> => sets.readWhenCounted(set, counter);
  const [four, six] = [await read(watchSet("sources", verdict, side, false)), await read(watchSet("sources", verdict, side, true))];
  const hasTargets = verdict !== "flooded";
  const targets = hasTargets ? [...(await read(watchSet("targets", verdict, side, false))), ...(await read(watchSet("targets", verdict, side, true)))] : [];
  return {
    verdict,
    packets: sets.packets(counter),
    sources: [...four, ...six].map(({ values: [address = ""], packets: count }) => ({ address, packets: count })),
    targets: targets.map(({ values: [source = "", destination = "", protocol = "", port = ""], packets: count }) => ({ source, destination, protocol, port: Number(port), packets: count })),
    isCrowded: [four, six].some(({ length }) => length >= FULL * WATCH_SIZES.sources),
  };
}

async function readSegment({ name, interface: wire }: Side, sets: Sets): Promise<ObservedSegment> {
  const read: Record<ObservedPair["origin"], (readonly SetElement[])[]> = { arp: [await sets.read("arp", claimSet(name))], ip: [], discovery: [] };
  for (const isSix of [false, true]) {
    read.ip.push(await sets.read("inet", pairSet("neighbours", name, isSix)));
    read.discovery.push(await sets.read("inet", pairSet("discovery", name, isSix)));
  }
  const pairs = PAIR_ORIGINS.flatMap((origin) => read[origin].flat().map(({ values: [address = "", mac = ""], packets }): ObservedPair => ({ address, mac, origin, packets })));
  const isCrowded = [...read.arp, ...read.ip].some(({ length }) => length >= FULL * WATCH_SIZES.neighbours) || read.discovery.some(({ length }) => length >= FULL * WATCH_SIZES.discovery);
  return { side: name, own: ownOf(wire), pairs, isCrowded };
}

function ownOf(wire: string): ObservedSegment["own"] {
  const own = networkInterfaces()[wire] ?? [];
  return { addresses: own.map(({ address }) => address.split("%")[0] ?? address), macs: [...new Set(own.map(({ mac }) => mac))] };
}
