// What a configuration lets pass, as lists of places to be tried: the one half of every test that tries them.

import { admits, lies } from "../../firmware/protocol/firewall/addresses.ts";
import { explain } from "../../firmware/protocol/firewall/explain.ts";
import type { Flow, Speaker, Walls } from "../../firmware/protocol/firewall/flow.ts";
import { assert } from "../support/suite.ts";
import type { Place } from "./agent-orders.ts";
import { HOUSES, type House, type Town } from "./town.ts";

const PORTS = [22, 53, 80, 123, 162, 443, 636, 820, 1883, 3702, 4840, 6514, 8080, 8883, 9443, 9797, 37_020];

export interface Expectations {
  /** What a speaker may reach from a port of the system's choice. */
  mayReach(speaker: Speaker, place: Place): boolean;
  /** The flow that lets a host of a house reach a port of the gateway at the address of that house's wire. */
  flowIn(house: House, source: string, place: Place): Flow | undefined;
  /** The side that a house's packets are counted under. */
  countedAs(house: House): string;
  /** How many packets leave a house for these places at least. */
  sent(house: House, places: readonly Place[]): number;
  /** Each declared port is listened at by the user it belongs to, all others by root: what does not answer was stopped by the walls. */
  listenAsOwners(town: Town, places: readonly Place[], userId: (speaker: Exclude<Speaker, "kernel">) => number, signal: AbortSignal): Promise<void>;
}

/** `cloud`: what stands for the cloud's names. */
export function expect(walls: Walls, cloud: readonly { readonly address: string; readonly port: number }[]): Expectations {
  const countedAs: Expectations["countedAs"] = ({ name, hosts }) => {
    const side = walls.sides.find(({ subnets }) => subnets.some((subnet) => hosts.some((host) => lies(host, subnet))));
    return side?.name.replace(/[:-]/g, "_") ?? (name === "cloud" ? "cloud" : "other");
  };
  return {
    countedAs,
    mayReach: (speaker, { address, port, protocol }) => {
      const [answer] = explain(walls, speaker, address, { number: port, protocols: [protocol] });
      const flow = walls.flows.find(({ name }) => name === answer?.flow);
      if (answer?.passes === true && flow?.ownPort === undefined) return true;
      return speaker === "cloud" && protocol === "tcp" && cloud.some((one) => one.address === address && one.port === port);
    },
    flowIn: (house, source, { address, port, protocol }) => {
      if (!house.gateway.includes(address)) return undefined;
      return walls.flows.find((flow) => flow.direction === "in" && flow.interface === house.wire && flow.protocol === protocol && flow.ownPort === port && flow.peerPorts === undefined && flow.groups === undefined && admits(flow, source));
    },
    // At a port that nobody named not even neighbours are found, so that no packet of IPv6 leaves a stranger but the question for one.
    sent: (house, places) => (countedAs(house) === "other" ? places.filter(({ address }) => !address.includes(":")).length : places.length),
    async listenAsOwners(town, places, userId, signal) {
      const owned = new Map<number, Place[]>();
      for (const place of places) {
        const house = HOUSES.find(({ gateway }) => gateway.includes(place.address));
        const flow = house === undefined ? undefined : walls.flows.find((one) => one.direction === "in" && one.interface === house.wire && one.protocol === place.protocol && one.ownPort === place.port);
        const owner = flow === undefined || flow.speaker === "kernel" ? 0 : userId(flow.speaker);
        owned.set(owner, [...(owned.get(owner) ?? []), place]);
      }
      await Promise.all([...owned].map(([id, own]) => town.start("gateway", id).listen(own, signal)));
    },
  };
}

export function everyPort(addresses: readonly string[]): readonly Place[] {
  return addresses.flatMap((address) => PORTS.flatMap((port) => [{ protocol: "tcp" as const, address, port }, { protocol: "udp" as const, address, port }]));
}

export function write(who: string, { address, port, protocol }: Place): string {
  return `${who} ${address} ${port}/${protocol}`;
}

/** The address that a house speaks from. */
export function sourceOf(house: House, { address }: Place): string {
  return house.hosts.find((host) => host.includes(":") === address.includes(":")) ?? "";
}

/** Tries places from a house in portions, so that the walls do not take it for a flood. */
export async function reachFrom(house: House, town: Town, places: readonly Place[], signal: AbortSignal): Promise<readonly Place[]> {
  const agent = town.start(house.name, 0);
  const answers: boolean[] = [];
  for (let first = 0; first < places.length; first += 136) answers.push(...(await agent.reach(places.slice(first, first + 136), signal)));
  return places.filter((_, place) => answers[place]);
}

export function demandCounted(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>, names: readonly string[], least: number): void {
  const counted = names.reduce((sum, name) => sum + (after[name] ?? 0) - (before[name] ?? 0), 0);
  assert.ok(counted >= least, `${names.join(" + ")} counted ${counted} packets, but ${least} attempts were refused`);
}
