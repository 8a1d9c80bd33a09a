// limit: 200s
// Shows that a gateway without its cloud starts, restarts, keeps, says so, and delivers everything later, without starving what is live.

import { areZonesRunning, findCondition, readStatusByCommand, startGateway, writeConfiguration } from "../support/gateway.ts";
import { settleAccounts, startCloudSide, startMachines } from "../support/site.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

suite(
  "a gateway without its cloud",
  (test) => {
    test("REL-3 starts offline, restarts offline three times by SIGTERM and kill -9, and delivers everything in order when the broker comes up", async (context) => {
      const folder = makeTempDir(context.defer);
      const cloud = await startCloudSide(context, folder);
      await cloud.down();
      const machines = await startMachines(context, folder, { count: 3, rate: 80 });
      writeConfiguration(folder, { gateway: { id: "offline" }, assets: machines.assets, cloud: cloud.section });
      let gateway = startGateway(context, { folder });
      await gateway.untilReading(3);
      let queued = 0;
      for (const how of ["stop", "killAll", "stop"] as const) {
        await machines.untilAcknowledged(400);
        const status = await gateway.until("the lost cloud is named", (now) => findCondition(now, "CLOUD_LOST") !== undefined);
        assert.ok(status.outbox.queued >= queued + 400, `${status.outbox.queued} queued after ${queued}`);
        assert.is(status.outbox.dropped, 0);
        queued = status.outbox.queued;
        await gateway[how]();
        gateway = startGateway(context, { folder });
        await gateway.untilReading(3);
      }
      const told = await readStatusByCommand(context, gateway.dataDir);
      assert.ok(told.outbox.queued >= queued, `${told.outbox.queued} queued`);
      assert.ok((told.outbox.oldestSeconds ?? 0) > 3, `the oldest for ${told.outbox.oldestSeconds} s`);
      assert.is(told.state, "degraded");
      assert.match(findCondition(told, "CLOUD_LOST")?.cause ?? "", new RegExp(String(cloud.broker.port)));
      await cloud.up();
      const after = await gateway.until("the cloud is back and its condition gone", (now) => now.cloud.state === "connected" && findCondition(now, "CLOUD_LOST") === undefined, 40_000);
      assert.ok(areZonesRunning(after));
      const comparison = await settleAccounts({ gateway, machines: [machines], cloud });
      const said = JSON.stringify(comparison);
      assert.ok(comparison.acknowledged > 1200, said);
      assert.is(comparison.lost, 0, said);
      assert.is(comparison.outOfOrder, 0, said);
      assert.is(comparison.uplinkDuplicates.otherSeq + comparison.uplinkDuplicates.otherStream + comparison.uplinkDuplicates.reusedSeq, 0, said);
      assert.is(comparison.gapReadings, 0, said);
      const end = await gateway.until("the status is calm", (now) => now.outbox.queued === 0 && findCondition(now, "CLOUD_LOST") === undefined);
      assert.is(end.outbox.oldestSeconds, null);
    });
  },
  { needs: ["mosquitto"], limitMs: 90_000 },
);
