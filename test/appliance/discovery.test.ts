// limit: 300s
// Shows on a booted appliance that the zone field, under its unit and rules, searches its segments, asks what it finds who it is, and is found itself.

import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { GROUP, hello, IDENTIFICATION, machineTarget, startNeighbourIn } from "../firmware/field/discovery/fixture-field.ts";
import { startChild } from "../support/child.ts";
import { assert, suite } from "../support/suite.ts";
import { buildTown } from "../walls/town.ts";
import { NEIGHBOURHOOD_NEEDS, startAmong, startNeighbourhood } from "./neighbourhood.ts";
import { APPLIANCE_NEEDS } from "./start-appliance.ts";

const HOST = "192.168.10.22";

suite(
  "appliance, discovery",
  (test) => {
    test("K1.7a K2.2.3 the appliance says Hello in its segments, searches them, and asks what announces itself there and only there", async (context) => {
      const town = buildTown(context.defer);
      const neighbours = await startNeighbourhood(context, town, { rate: 1 });
      const inCell = (house: string, args: readonly string[]): ReturnType<typeof startChild> => startChild(context.defer, "ip", ["netns", "exec", town.namespace(house), ...args]);
      const cell = await startNeighbourIn(context, (args) => inCell("cell-a", args));
      const plant = await startNeighbourIn(context, (args) => inCell("plant", args));
      cell.order({ hear: HOST, port: 3702, group: GROUP });
      plant.order({ hear: "10.20.0.50", port: 3702, group: GROUP });
      cell.order({ serve: HOST, port: 8080, manner: "identify", body: IDENTIFICATION });
      plant.order({ serve: "10.20.0.50", port: 8080, manner: "identify", body: IDENTIFICATION });
      await cell.until(/serve 192\.168\.10\.22 8080/);
      await plant.until(/serve 10\.20\.0\.50 8080/);
      await startAmong(context, town, neighbours);
      await cell.until(/\/Hello<.*urn:weir:gateway:1.*mqtts:\/\/192\.168\.10\.1:8883/);
      await cell.until(/"port":3702,"text":"[^\n]*\/Probe</);
      const hellos = [hello(machineTarget("urn:uuid:outside", "http://10.20.0.50:8080/")), hello(machineTarget("urn:uuid:inside", `http://${HOST}:8080/miko/`))];
      cell.order({ send: hellos, from: [HOST], fromPort: 0, to: GROUP, port: 3702 });
      await cell.until(/GET \/miko\/identification HTTP/);
      await systemClock.sleep(500, context.signal);
      assert.equal(plant.lines().filter((line) => !("ready" in line)), []);
    }, { limitMs: 200_000 });
  },
  { needs: [...APPLIANCE_NEEDS, ...NEIGHBOURHOOD_NEEDS] },
);
