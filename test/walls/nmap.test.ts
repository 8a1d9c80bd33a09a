// limit: 300s
// Shows with nmap from each side that the open ports are the declared ones, TCP and UDP, IPv4 and IPv6, though somebody listens at every port.

import { deriveWalls } from "../../firmware/protocol/firewall/derive-flows.ts";
import { USER_OF, type Flow } from "../../firmware/protocol/firewall/flow.ts";
import { renderRuleset } from "../../firmware/protocol/firewall/ruleset.ts";
import { assert, suite } from "../support/suite.ts";
import type { Place } from "./agent-orders.ts";
import { DECLARED, OTHERS, scan } from "./scan.ts";
import { buildTown, HOUSES, readTopology, USER_IDS, type Town } from "./town.ts";

/** Written by hand, as in matrix.test.ts. The port of probes' answers is open to whatever a machine sends from. */
const OPEN: Readonly<Record<string, readonly string[]>> = {
  "cell-a": ["1883/tcp", "8883/tcp", "162/udp", "3702/udp"],
  "cell-b": ["3702/udp"],
  plant: ["4840/tcp", "8883/tcp", "9443/tcp", "3702/udp"],
  office: ["9797/tcp"],
  cloud: [],
  stranger: [],
};

const walls = deriveWalls(readTopology("own-ports"));

suite(
  "walls, seen from outside",
  (test) => {
    test("CR 7.7 nmap finds from each side the ports declared for it and no others, by IPv4 and by IPv6", async (context) => {
      const town = buildTown(context.defer);
      town.run("gateway", "nft", ["-f", "-"], renderRuleset(walls, { userIds: USER_IDS }));
      await listenEverywhere(town, context.signal);
      const found = await Promise.all(HOUSES.flatMap((house) => house.gateway.map(async (address) => [`${house.name} to ${address}`, await scan(context, town, house, address)] as const)));
      assert.equal(found, HOUSES.flatMap(({ name, gateway }) => gateway.map((address) => [`${name} to ${address}`, OPEN[name]?.toSorted()])));
    }, { limitMs: 200_000 });
  },
  { needs: ["root", "netns", "nft", "setpriv", "sysctl", "nmap"] },
);

/** Each declared port by the user that owns it, all the rest by root at every address. */
async function listenEverywhere(town: Town, signal: AbortSignal): Promise<void> {
  const places = (["tcp", "udp"] as const).flatMap((protocol) => [...OTHERS[protocol]].flatMap((port) => ["0.0.0.0", "::"].map((address): Place => ({ protocol, address, port }))));
  const owned = new Map<number, Place[]>([[0, places]]);
  for (const house of HOUSES) {
    for (const address of house.gateway) {
      for (const protocol of ["tcp", "udp"] as const) {
        for (const port of DECLARED[protocol]) {
          const owner = ownerOf(walls.flows.find((flow) => flow.direction === "in" && flow.interface === house.wire && flow.protocol === protocol && flow.ownPort === port));
          owned.set(owner, [...(owned.get(owner) ?? []), { protocol, address, port }]);
        }
      }
    }
  }
  await Promise.all([...owned].map(([id, own]) => town.start("gateway", id).listen(own, signal)));
}

function ownerOf(flow: Flow | undefined): number {
  return flow === undefined || flow.speaker === "kernel" ? 0 : (USER_IDS[USER_OF[flow.speaker]] ?? Number.NaN);
}
