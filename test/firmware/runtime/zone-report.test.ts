// Shows that core learns how the zones stand, the newest state, also when it comes later.

import { Fault } from "../../../drivers/contract/fault.ts";
import { localConduit } from "../../../firmware/conduit/local.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { answerAll, serveConduit } from "../../../firmware/runtime/conduit-server.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { openZoneReport } from "../../../firmware/runtime/zone-report.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

suite("zone report", (test) => {
  test("tells a core that comes later the newest state", async ({ defer }) => {
    const dataDir = makeTempDir(defer);
    const report = openZoneReport({ dataDir, clock: systemClock, epoch: "e", log: silentLog });
    defer(() => report.close());
    for (const restarts of [0, 1, 2, 3]) report.tell({ field: { state: "running", restarts, pid: 7 } });
    const { promise: told, resolve } = Promise.withResolvers<unknown>();
    const refuse = (): never => {
      throw new Fault("NOT_SUPPORTED", "not here");
    };
    const zones = (input: { readonly zones: Readonly<Record<string, { readonly restarts: number }>> }): object => {
      if (input.zones["field"]?.restarts === 3) resolve(input.zones);
      return {};
    };
    const handlers = { ...answerAll(localConduit, refuse), zones };
    const server = await serveConduit(localConduit, handlers, { socket: conduitSocket(dataDir, "local"), log: silentLog });
    defer(() => server.close());
    assert.equal(await told, { field: { state: "running", restarts: 3, pid: 7 } });
  });

  test("closes at once while core is away", async ({ defer }) => {
    const report = openZoneReport({ dataDir: makeTempDir(defer), clock: systemClock, epoch: "e", log: silentLog });
    report.tell({ core: { state: "starting", restarts: 0 } });
    await report.close();
  });
});
