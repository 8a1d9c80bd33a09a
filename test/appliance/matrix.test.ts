// limit: 400s
// Shows on a booted appliance, while its real zones work, that every undeclared flow in every direction is dropped and counted and every declared one is open.

import { loadConfiguration } from "../../firmware/config/load.ts";
import { deriveWalls } from "../../firmware/protocol/firewall/derive-flows.ts";
import { USER_OF, type Speaker } from "../../firmware/protocol/firewall/flow.ts";
import { assert, suite } from "../support/suite.ts";
import type { Place } from "../walls/agent-orders.ts";
import { demandCounted, everyPort, expect, reachFrom, sourceOf, write } from "../walls/expectations.ts";
import { buildTown, HOUSES } from "../walls/town.ts";
import { isServed, MACHINES, NEIGHBOURHOOD_NEEDS, startAmong, startNeighbourhood } from "./neighbourhood.ts";
import { APPLIANCE_NEEDS } from "./start-appliance.ts";

const SPEAKERS = ["field", "devices", "plant", "admin", "cloud", "core", "host"] as const satisfies readonly Speaker[];
/** Where real peers of the zones listen already: that these flows are open is seen by the readings. */
const TAKEN = new Set([...MACHINES.flatMap(({ address }) => [`${address} 1882`, `${address} 1883`]), "9.9.9.9 8883", "2a00:40::9 8883", "10.40.0.1 53"]);
/** At the gateway: field's own probes into cell-a leave from there, and what comes there is for its ears alone. */
const isProbePort = ({ address, port, protocol }: Place): boolean => protocol === "udp" && port === 37_020 && HOUSES.some(({ name, gateway }) => name === "cell-a" && gateway.includes(address));
const isFree = ({ address, port }: Place): boolean => !TAKEN.has(`${address} ${port}`);

suite(
  "appliance, every flow",
  (test) => {
    test("NDR 5.2 while machines are read and the cloud is reached, zones' users and all sides reach exactly what is declared, and every other attempt is counted", async (context) => {
      const { defer, signal } = context;
      const town = buildTown(defer);
      const neighbours = await startNeighbourhood(context, town, { rate: 2 });
      const appliance = await startAmong(context, town, neighbours);
      const walls = deriveWalls(loadConfiguration(Buffer.from(neighbours.configuration), "weir.yaml").configuration);
      const { countedAs, flowIn, listenAsOwners, mayReach, sent } = expect(walls, []);
      const userId = (speaker: Exclude<Speaker, "kernel">): number => (speaker === "host" ? 0 : appliance.userId(USER_OF[speaker]));

      const outside = everyPort(HOUSES.flatMap(({ hosts }) => hosts)).filter(isFree);
      const inside = everyPort(HOUSES.flatMap(({ gateway }) => gateway)).filter((place) => !isProbePort(place)).map((place) => (isServed(place) ? { ...place, isSilent: true } : place));
      await Promise.all(HOUSES.map(({ name, hosts }) => town.start(name, 0).listen(everyPort(hosts).filter(isFree), signal)));
      await listenAsOwners(town, inside.filter((place) => !isServed(place)), userId, signal);

      const before = appliance.counters();
      const refused = new Map<string, number>();
      const reached: string[] = [];
      for (const speaker of SPEAKERS) {
        const answers = await town.start("gateway", userId(speaker)).reach(outside, signal);
        reached.push(...outside.filter((_, place) => answers[place]).map((place) => write(speaker, place)));
        refused.set(speaker, answers.filter((answer) => !answer).length);
      }
      assert.equal(reached.toSorted(), SPEAKERS.flatMap((speaker) => outside.filter((place) => mayReach(speaker, place)).map((place) => write(speaker, place))).toSorted());
      assert.ok(reached.includes("field 192.168.10.22 1883/tcp") && reached.includes("plant 10.20.0.5 636/tcp"), reached.join("\n"));
      const between = appliance.counters();
      for (const [speaker, count] of refused) demandCounted(before, between, [`denied_of_${speaker === "host" ? "other" : speaker}`], count);

      const entered: string[] = [];
      await Promise.all(HOUSES.map(async (house) => {
        const others = everyPort(HOUSES.filter((other) => other !== house).flatMap(({ hosts }) => hosts)).filter(({ port }) => port === 8883);
        const places = [...inside, ...others];
        const open = await reachFrom(house, town, places, signal);
        const declared = places.filter((place) => flowIn(house, sourceOf(house, place), place) !== undefined);
        assert.equal(open.map((place) => write(house.name, place)).toSorted(), declared.map((place) => write(house.name, place)).toSorted());
        entered.push(...open.map((place) => write(house.name, place)));
        demandCounted(between, appliance.counters(), ["denied", "forwarded", "flooded"].map((verdict) => `${verdict}_from_${countedAs(house)}`), sent(house, places) - open.length);
      }));
      assert.ok(entered.includes("cell-a 192.168.10.1 8883/tcp") && entered.includes("office fd00:30::2 9797/tcp"), entered.join("\n"));
      const { lost, acknowledged } = await neighbours.settle(appliance);
      assert.is(lost, 0);
      assert.ok(acknowledged > 0);
    }, { limitMs: 300_000 });
  },
  { needs: [...APPLIANCE_NEEDS, ...NEIGHBOURHOOD_NEEDS] },
);
