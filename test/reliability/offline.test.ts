// limit: 600s
// Shows that a gateway without its cloud starts, restarts, keeps, says so, and delivers everything later, without starving what is live.

import { areZonesRunning, findCondition, readStatusByCommand, startGateway, writeConfiguration } from "../support/gateway.ts";
import { parseLine, textLines, type LedgerLine } from "../../firmware/simulator/ledger-lines.ts";
import { settleAccounts, startCloudSide, startMachines } from "../support/site.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

type Received = LedgerLine & { readonly receivedMicros: number };

function sourceMs({ sourceTime }: Received): number {
  return Date.parse(sourceTime ?? "");
}

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
      await gateway.until("the lost cloud is named after the last restart", (now) => findCondition(now, "CLOUD_LOST") !== undefined);
      const told = await readStatusByCommand(context, gateway.dataDir);
      assert.ok(told.outbox.queued >= queued, `${told.outbox.queued} queued`);
      assert.ok((told.outbox.oldestSeconds ?? 0) > 3, `the oldest for ${told.outbox.oldestSeconds} s`);
      assert.is(told.state, "degraded");
      assert.match(findCondition(told, "CLOUD_LOST")?.cause ?? "", new RegExp(String(cloud.port)));
      await cloud.up();
      const after = await gateway.until("the cloud is back and its condition gone", (now) => now.cloud.state === "connected" && findCondition(now, "CLOUD_LOST") === undefined);
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

    test("REL-5 a backlog of 100,000 readings drains while live readings pass it, and only what waited is historical", async (context) => {
      const folder = makeTempDir(context.defer);
      const cloud = await startCloudSide(context, folder);
      await cloud.down();
      const bulk = await startMachines(context, folder, { count: 3, rate: 3000, name: "bulk" });
      const live = await startMachines(context, folder, { count: 1, rate: 200, name: "live", more: ["--first", "10"] });
      writeConfiguration(folder, { gateway: { id: "backlog" }, assets: [...bulk.assets, ...live.assets], cloud: cloud.section });
      const gateway = startGateway(context, { folder });
      await gateway.until("100,000 readings wait", ({ outbox }) => outbox.queued > 100_000, 200_000);
      await bulk.finish();
      await cloud.up();
      await gateway.until("the backlog is drained", ({ outbox }) => outbox.queued < 1000, 120_000);
      await live.untilAcknowledged(200);
      const comparison = await settleAccounts({ gateway, machines: [bulk, live], cloud });
      assert.is(comparison.lost, 0, JSON.stringify(comparison));
      assert.is(comparison.outOfOrder, 0, JSON.stringify(comparison));

      const received = [...textLines(cloud.ledger)].map((text) => parseLine(text) as Received).filter(({ point }) => point !== undefined);
      const isLive = ({ asset }: Received): boolean => asset.endsWith(":A1010");
      const present = received.filter((line) => line.historical !== true);
      assert.equal(present.filter((line) => !isLive(line)), []);
      const firstMs = present.reduce((least, { receivedMicros }) => Math.min(least, receivedMicros / 1000), Number.POSITIVE_INFINITY);
      assert.equal(received.filter((line) => isLive(line) && line.historical === true && sourceMs(line) > firstMs), []);
      const late = received.filter((line) => line.historical === true).map(({ receivedMicros }) => receivedMicros / 1000);
      const from = late.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY);
      const to = late.reduce((most, ms) => Math.max(most, ms), 0);
      const meanwhile = present.filter(({ receivedMicros }) => receivedMicros / 1000 <= to).map((line) => line.receivedMicros / 1000 - sourceMs(line)).sort((a, b) => a - b);
      const p99 = meanwhile[Math.floor(meanwhile.length * 0.99)] ?? Number.POSITIVE_INFINITY;
      const said = `${late.length} readings drained in ${Math.round(to - from)} ms; meanwhile ${meanwhile.length} live ones, p50 ${meanwhile[meanwhile.length >> 1]?.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, most ${meanwhile.at(-1)?.toFixed(1)} ms`;
      console.log(said);
      assert.ok(meanwhile.length > 50, said);
      // The goal of 100 ms is the bench's; here other tests share the processor.
      assert.ok(p99 < 1000, said);
    });
  },
  { needs: ["mosquitto"], limitMs: 280_000 },
);
