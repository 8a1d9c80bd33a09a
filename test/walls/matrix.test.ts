// limit: 300s
// Shows in network namespaces that exactly the declared flows pass the gateway's walls, in every direction, IPv4 and IPv6, and that the rest is counted.

import { deriveWalls } from "../../firmware/protocol/firewall/derive-flows.ts";
import type { Speaker, Walls } from "../../firmware/protocol/firewall/flow.ts";
import { USER_OF } from "../../firmware/protocol/firewall/flow.ts";
import { renderRuleset } from "../../firmware/protocol/firewall/ruleset.ts";
import { assert, suite } from "../support/suite.ts";
import type { Place } from "./agent-orders.ts";
import { demandCounted, everyPort, expect, reachFrom, sourceOf, write } from "./expectations.ts";
import { buildTown, HOUSES, readTopology, USER_IDS, type Town } from "./town.ts";

const SPEAKERS = ["field", "devices", "plant", "admin", "cloud", "core", "host", "time"] as const satisfies readonly Speaker[];
const CLOUD = [
  { address: "9.9.9.9", port: 8883, lifeSeconds: 600 },
  { address: "2a00:40::9", port: 8883, lifeSeconds: 600 },
  { address: "9.9.9.9", port: 443, lifeSeconds: 600 },
];
const needs = ["root", "netns", "nft", "setpriv", "sysctl"];

const configuration = readTopology("own-ports");
const walls = deriveWalls(configuration);
const { countedAs, flowIn, listenAsOwners, mayReach, sent } = expect(walls, CLOUD);

function raiseWalls(town: Town, which: Walls): void {
  town.run("gateway", "nft", ["-f", "-"], renderRuleset(which, { userIds: USER_IDS, cloudAddresses: CLOUD }));
}

function userId(speaker: Exclude<Speaker, "kernel">): number {
  return USER_IDS[USER_OF[speaker]] ?? Number.NaN;
}

/** Written by hand: what the example may reach and who may reach it, so that a wrong table of flows is seen too. */
const OUTWARDS = [
  // Brokers, and the ports at which what is found is asked who it is.
  ...["192.168.10.21", "fd00:a::21", "192.168.10.22", "192.168.11.21", "fd00:b::21"].flatMap((address) => [80, 443, 1883, 8080, 8883].map((port) => `field ${address} ${port}/tcp`)),
  "plant 10.20.0.5 636/tcp", "plant 10.20.0.6 6514/tcp", "time 10.20.0.1 123/udp",
  "cloud 10.40.0.1 53/tcp", "cloud 10.40.0.1 53/udp", "cloud 9.9.9.9 443/tcp", "cloud 9.9.9.9 8883/tcp", "cloud 2a00:40::9 8883/tcp",
];
const INWARDS = [
  ...["192.168.10.1", "fd00:a::1"].flatMap((address) => ["8883/tcp", "1883/tcp", "162/udp", "37020/udp", "3702/udp"].map((port) => `cell-a ${address} ${port}`)),
  "cell-b 192.168.11.1 3702/udp", "cell-b fd00:b::1 3702/udp",
  ...["10.20.0.2", "fd00:20::2"].flatMap((address) => ["9443/tcp", "8883/tcp", "4840/tcp", "3702/udp"].map((port) => `plant ${address} ${port}`)),
  "office 10.30.0.2 9797/tcp", "office fd00:30::2 9797/tcp",
];

suite(
  "walls, every flow",
  (test) => {
    test("NDR 5.2 each zone's user reaches exactly what is declared for it, and every other attempt is counted under its zone", async ({ signal, defer }) => {
      const town = buildTown(defer);
      raiseWalls(town, walls);
      const places = everyPort(HOUSES.flatMap(({ hosts }) => hosts));
      await Promise.all(HOUSES.map(({ name, hosts }) => town.start(name, 0).listen(everyPort(hosts), signal)));
      const reached: string[] = [];
      const before = town.counters();
      const refused: Record<string, number> = {};
      await Promise.all(SPEAKERS.map(async (speaker) => {
        const answers = await town.start("gateway", userId(speaker)).reach(places, signal);
        reached.push(...places.filter((_, place) => answers[place]).map((place) => write(speaker, place)));
        refused[speaker] = answers.filter((answer) => !answer).length;
      }));
      const expected = SPEAKERS.flatMap((speaker) => places.filter((place) => mayReach(speaker, place)).map((place) => write(speaker, place)));
      assert.equal(reached.toSorted(), expected.toSorted());
      assert.equal(reached.toSorted(), OUTWARDS.toSorted());
      const after = town.counters();
      for (const zone of ["field", "devices", "plant", "admin", "cloud", "core"]) demandCounted(before, after, [`denied_of_${zone}`], refused[zone] ?? 0);
      demandCounted(before, after, ["denied_of_other"], (refused["host"] ?? 0) + (refused["time"] ?? 0));
    }, { limitMs: 90_000 });

    test("NDR 5.2 NDR 1.13 each side reaches exactly the ports declared for it, at the address of its own wire, and every other attempt is counted under its side", async ({ signal, defer }) => {
      const town = buildTown(defer);
      raiseWalls(town, walls);
      const places = everyPort(HOUSES.flatMap(({ gateway }) => gateway));
      await listenAsOwners(town, places, userId, signal);
      const reached: string[] = [];
      const expected: string[] = [];
      const before = town.counters();
      await Promise.all(HOUSES.map(async (house) => {
        const open = await reachFrom(house, town, places, signal);
        reached.push(...open.map((place) => write(house.name, place)));
        expected.push(...places.filter((place) => flowIn(house, sourceOf(house, place), place) !== undefined).map((place) => write(house.name, place)));
        const side = countedAs(house);
        demandCounted(before, town.counters(), ["denied", "forwarded", "flooded"].map((verdict) => `${verdict}_from_${side}`), sent(house, places) - open.length);
      }));
      assert.equal(reached.toSorted(), expected.toSorted());
      assert.equal(reached.toSorted(), INWARDS.toSorted());
    }, { limitMs: 90_000 });

    test("CR 5.1 nothing is forwarded from one side to another, even where the kernel would, and every attempt is counted", async ({ signal, defer }) => {
      const town = buildTown(defer);
      raiseWalls(town, walls);
      const ports = [80, 8883];
      const placesOf = (hosts: readonly string[]): readonly Place[] => hosts.flatMap((address) => ports.flatMap((port) => [{ protocol: "tcp" as const, address, port }, { protocol: "udp" as const, address, port }]));
      const agents = await Promise.all(HOUSES.map(async (house) => ({ house, agent: town.start(house.name, 0) })));
      await Promise.all(agents.map(({ house, agent }) => agent.listen(placesOf(house.hosts), signal)));
      for (const forwards of ["0", "1"]) {
        town.run("gateway", "sysctl", ["-qw", `net.ipv4.ip_forward=${forwards}`, `net.ipv6.conf.all.forwarding=${forwards}`]);
        const before = town.counters();
        await Promise.all(agents.map(async ({ house, agent }) => {
          const places = placesOf(HOUSES.filter((other) => other !== house).flatMap(({ hosts }) => hosts));
          const answers = await agent.reach(places, signal);
          assert.equal(places.filter((_, place) => answers[place]), [], `from ${house.name} with ip_forward=${forwards}`);
          const side = countedAs(house);
          demandCounted(before, town.counters(), [`forwarded_from_${side}`, `denied_from_${side}`], sent(house, places));
        }));
      }
    }, { limitMs: 90_000 });

    test("NDR 5.2 no zone's user reaches another zone's port on loopback or at the gateway's own addresses", async ({ signal, defer }) => {
      const town = buildTown(defer);
      raiseWalls(town, walls);
      const own = everyPort(["127.0.0.1", "::1", ...HOUSES.flatMap(({ gateway }) => gateway)]);
      await listenAsOwners(town, own, userId, signal);
      const before = town.counters();
      await Promise.all(SPEAKERS.map(async (speaker) => {
        const answers = await town.start("gateway", userId(speaker)).reach(own, signal);
        assert.equal(own.filter((_, place) => answers[place]).map((place) => write(speaker, place)), []);
      }));
      for (const zone of ["field", "devices", "plant", "admin", "cloud", "core"]) demandCounted(before, town.counters(), [`denied_of_${zone}`], own.length);
    }, { limitMs: 90_000 });
  },
  { needs },
);
