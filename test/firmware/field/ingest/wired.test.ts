// Shows the whole way of a message: a machine's client, the ingest endpoint of the zone field, the driver's session of the machine, core.

import { findFreePort } from "../../../support/free-port.ts";
import { assert, suite } from "../../../support/suite.ts";
import { until } from "../../../drivers/miko/until.ts";
import { runField, startCore } from "../fake-core.ts";
import { enrol, loopback } from "./enrolled.ts";

suite("ingest, wired into the zone", (test) => {
  for (const version of ["mqttv311", "mqttv5"]) {
    test(`what mosquitto_pub publishes by ${version} is a reading at core before it is acknowledged`, async ({ signal, defer }) => {
      const core = await startCore(defer);
      const port = await findFreePort();
      const { machine, asset, assignment, publish } = await enrol(defer, { url: `mqtt://127.0.0.1:${port}` });
      core.segments = [loopback({ ingestPlain: port })];
      runField(core, defer, signal);
      core.assign([assignment]);
      await until(() => machine.asked.includes("/publish"), signal);
      const publisher = publish(port, "points/n", '{"value":7,"time":"2026-01-02T00:00:00Z"}', "-V", version);
      assert.is((await publisher.exited).code, 0, publisher.output());
      assert.ok(core.of(asset).some(({ value }) => value === 7));
      assert.ok(core.links.some(({ via }) => via === "gateway"));
    });
  }
}, { needs: ["mosquitto_pub"], limitMs: 60_000 });
