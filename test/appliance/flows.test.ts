// limit: 300s
// Shows on a booted appliance that its real zones, under their users, units and rules, do their work: read machines in both segments and send to the cloud.

import { assert, suite } from "../support/suite.ts";
import { scan } from "../walls/scan.ts";
import { buildTown, HOUSES } from "../walls/town.ts";
import { NEIGHBOURHOOD_NEEDS, startAmong, startNeighbourhood } from "./neighbourhood.ts";
import { APPLIANCE_NEEDS } from "./start-appliance.ts";

/** By house. */
const OPEN: Readonly<Record<string, readonly string[]>> = { "cell-a": ["1883/tcp", "8883/tcp"], office: ["9797/tcp"] };

suite(
  "appliance, declared flows",
  (test) => {
    test("K2.2.1 readings of machines in both segments, by IPv4 and IPv6, reach the broker that its name leads to, and meanwhile nmap finds open what machines publish to, and to people the page, and nothing else from any side", async (context) => {
      const town = buildTown(context.defer);
      const neighbours = await startNeighbourhood(context, town, { rate: 5 });
      const appliance = await startAmong(context, town, neighbours);
      await appliance.until("the broker confirms readings", ({ outbox }) => outbox.queued === 0);
      const before = appliance.counters();
      await appliance.until("the ingest endpoint is open", ({ conditions }) => conditions.every(({ code }) => code !== "INGEST_CLOSED") && conditions.some(({ code }) => code === "INGEST_PLAIN"));
      await appliance.until("the page is open", ({ zones, conditions }) => zones["admin"]?.state === "running" && conditions.every(({ code }) => code !== "PAGE_NOT_SERVED"));
      // The façade comes with its zone.
      const open = await Promise.all(HOUSES.flatMap(({ name, gateway }) => gateway.map(async (address) => [name, address, await scan(context, town, { name, gateway, hosts: [], wire: "" }, address)])));
      assert.equal(open, HOUSES.flatMap(({ name, gateway }) => gateway.map((address) => [name, address, OPEN[name] ?? []])));
      const after = appliance.counters();
      for (const side of ["segment_cell_a", "segment_cell_b", "plant", "management", "cloud", "other"]) {
        const counted = (after[`denied_from_${side}`] ?? 0) - (before[`denied_from_${side}`] ?? 0);
        assert.ok(counted > 100, `only ${counted} packets of nmap were counted as denied from ${side}`);
      }
      const { lost, acknowledged } = await neighbours.settle(appliance);
      assert.is(lost, 0);
      assert.ok(acknowledged > 0);
    }, { limitMs: 200_000 });
  },
  { needs: [...APPLIANCE_NEEDS, ...NEIGHBOURHOOD_NEEDS, "nmap"] },
);
