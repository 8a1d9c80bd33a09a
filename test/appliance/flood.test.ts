// limit: 300s
// Shows on a booted appliance that a machine that floods its segment harms nobody else's readings. The figures are measured by scripts/flood.ts.

import { assert, suite } from "../support/suite.ts";
import { FLOOD_NAMES, flood, flowWithin, readJourneys, startFloodedSite } from "./flood.ts";
import { MACHINES, NEIGHBOURHOOD_NEEDS } from "./neighbourhood.ts";
import { APPLIANCE_NEEDS } from "./start-appliance.ts";

suite(
  "appliance, floods",
  (test) => {
    test("CR 7.1 K2.2.7 while one machine sends WS-Discovery datagrams, MQTT connects and SYNs by the ten thousand a second, the others' readings arrive, and none is lost", async (context) => {
      const site = await startFloodedSite(context, 10);
      const { neighbours, appliance } = site;
      const result = await flood(context, site, { names: FLOOD_NAMES, seconds: 8, rate: 10_000 });
      const { lost, lostExamples } = await neighbours.settle(appliance);
      assert.is(lost, 0, lostExamples.join("\n"));
      assert.ok(result.sent > 80_000, `only ${result.sent} packets were sent`);
      assert.ok(result.dropped > result.sent / 2, `only ${result.dropped} of ${result.sent} packets were cut off`);
      const journeys = readJourneys(neighbours.folder, MACHINES.map(({ name }) => name));
      for (const { name } of MACHINES) {
        const { made, arrived } = flowWithin(journeys, result, name);
        assert.ok(made > 0 && arrived > made / 4, `${name}: ${arrived} of ${made} readings arrived while the flood went on`);
      }
    }, { limitMs: 200_000 });
  },
  { needs: [...APPLIANCE_NEEDS, ...NEIGHBOURHOOD_NEEDS, "gcc"] },
);
