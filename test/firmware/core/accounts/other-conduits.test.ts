// The other zones' conduits: whoever takes over one of them finds no operation of people there, whatever session they have got hold of.
// limit: 600s

import { randomUUID } from "node:crypto";
import { isFault } from "../../../../drivers/contract/fault.ts";
import { loginRoutes, ownRoutes } from "../../../../firmware/conduit/accounts.ts";
import { cloudConduit } from "../../../../firmware/conduit/cloud.ts";
import { plantConduit } from "../../../../firmware/conduit/plant.ts";
import { peopleRoutes } from "../../../../firmware/conduit/people.ts";
import type { Contract } from "../../../../firmware/conduit/route.ts";
import { sourceConduit } from "../../../../firmware/conduit/source.ts";
import { openConduit } from "../../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { startPeople } from "./people-core.ts";
import { OWN_PROBES, PROBES } from "./probes.ts";

const LOGIN_PROBES = { welcome: {}, claim: { oneTimePassword: "x", name: "x", password: "x" }, login: { user: "x", password: "x" } };
const ROUTES: Contract = { ...peopleRoutes, ...ownRoutes, ...loginRoutes };
const INPUTS: Readonly<Record<string, object>> = { ...PROBES, ...OWN_PROBES, ...LOGIN_PROBES };
const OTHERS: Readonly<Record<string, Contract>> = { "source-field": sourceConduit, cloud: cloudConduit, plant: plantConduit, console: {} };

suite("operations of people on the other conduits", (test) => {
  test("CR 5.1 field, cloud, plant and the console's screen have none of them", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const root = await people.enter("root", "systemadministrator");
    for (const [zone, own] of Object.entries(OTHERS)) {
      const paths = new Set(Object.values(own).map(({ method, path }) => `${method} ${path}`));
      const client = openConduit(ROUTES, { socket: conduitSocket(people.core.dataDir, zone), clock: systemClock, epoch: randomUUID(), log: silentLog });
      defer(() => client.close());
      for (const [name, { method, path }] of Object.entries(ROUTES)) {
        // A route of the zone's own, with an answer of its own.
        if (paths.has(`${method} ${path}`)) continue;
        const code = await client.call(name, INPUTS[name] ?? {}, signal, { bearer: root }).then(() => "answered", (error: unknown) => (isFault(error) ? error.code : "no fault"));
        assert.is(code, "NOT_FOUND", `${zone}: ${name}`);
      }
    }
  }, { limitMs: 400_000 });
});
