// limit: 600s
// Shows that clocks which jump by a year, the gateway's or the machines', lose, drop and stop nothing.

import { globSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { compareLedgers } from "../../firmware/simulator/ledger-compare.ts";
import { findFreePort } from "../support/free-port.ts";
import { findCondition, startGateway, until, writeConfiguration, type GatewayUnderTest } from "../support/gateway.ts";
import { settleAccounts, startCloudSide, startMachines, type SimulatedMachines } from "../support/site.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

/** Environment under which a program's wall clock says what the file says; its monotonic clock and the files' times stay true. */
function fakeTime(file: string): Record<string, string> {
  const [library = ""] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
  return { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_DONT_FAKE_MONOTONIC: "1", FAKETIME_CACHE_DURATION: "1", NO_FAKE_STAT: "1" };
}

/** The year that newly arrived values bear as the gateway's time. */
async function untilYear(gateway: GatewayUnderTest, offset: number, signal: AbortSignal): Promise<void> {
  const wanted = String(new Date().getUTCFullYear() + offset);
  await until(`the gateway's time is in ${wanted}`, signal, async () => (await gateway.values()).some(({ gatewayTime }) => gatewayTime.startsWith(wanted)));
}

suite(
  "clocks that jump",
  (test) => {
    test(
      "REL-3 the gateway's clock jumps a year forward, two back and one forward: nothing is lost or dropped, retries and keep-alive go on, time quality is stated",
      async (context) => {
        const folder = makeTempDir(context.defer);
        const time = join(folder, "faketime");
        // No real-time clock: it begins decades ago.
        writeFileSync(time, "-9000d\n");
        const cloud = await startCloudSide(context, folder, "all");
        const machines = await startMachines(context, folder, { count: 2, rate: 40 });
        writeConfiguration(folder, { gateway: { id: "jumping" }, assets: machines.assets, cloud: { ...cloud.section, keepAliveSeconds: 10 }, outbox: { maxAge: "1h" } });
        const gateway = startGateway(context, { folder, env: fakeTime(time) });
        await gateway.untilReading(2);
        await machines.untilAcknowledged(100);
        writeFileSync(time, "+0\n");
        await untilYear(gateway, 0, context.signal);
        for (const [jump, years] of [["+365d", 1], ["-365d", -1], ["+0", 0]] as const) {
          await machines.untilAcknowledged(100);
          await cloud.down();
          await gateway.until("the lost cloud is named", (now) => findCondition(now, "CLOUD_LOST") !== undefined);
          await machines.untilAcknowledged(100);
          writeFileSync(time, `${jump}\n`);
          await untilYear(gateway, years, context.signal);
          await gateway.killZone("core");
          await machines.untilAcknowledged(100);
          const { outbox } = await gateway.untilReading(2);
          // The age rule is at work, and a year is no hour to it.
          assert.ok(outbox.queued > 200 && outbox.dropped === 0 && outbox.oldestSeconds !== null && outbox.oldestSeconds < 200, JSON.stringify(outbox));
          await cloud.up();
          await gateway.until("the cloud is back", (now) => now.cloud.state === "connected" && findCondition(now, "CLOUD_LOST") === undefined);
        }
        const samples = await gateway.values();
        assert.ok(samples.length > 0 && samples.every(({ timeQuality }) => timeQuality === systemClock.timeQuality()), JSON.stringify(samples[0]));
        await machines.finish();
        await gateway.until("the outbox is empty", ({ outbox }) => outbox.queued === 0);
        // With nothing to send, the link lives on its pings, also when the clock jumps between two of them.
        const pings = (): number => cloud.broker.output().match(/Received PINGREQ from jumping\b/g)?.length ?? 0;
        for (const jump of ["+365d", "-365d"]) {
          const before = pings();
          await until("the uplink pings the broker", context.signal, () => pings() > before);
          writeFileSync(time, `${jump}\n`);
        }
        const last = pings();
        await until("the uplink pings the broker after the jump", context.signal, () => pings() > last);
        const { outbox, cloud: link } = await gateway.status();
        assert.is(link.state, "connected");
        assert.is(outbox.dropped, 0);
        cloud.flush();
        await gateway.stop();
        await machines.stop();
        const comparison = compareLedgers([machines.ledger], [cloud.ledger]);
        assert.is(comparison.lost, 0, JSON.stringify(comparison));
        assert.is(comparison.gapReadings, 0, JSON.stringify(comparison));
        assert.is(comparison.uplinkDuplicates.otherSeq + comparison.uplinkDuplicates.otherStream + comparison.uplinkDuplicates.reusedSeq, 0, JSON.stringify(comparison));
      },
      { needs: ["faketime"] },
    );

    test("REL-3 machines whose clocks are a year ahead or behind, and change places at a restart, lose nothing", async (context) => {
      const folder = makeTempDir(context.defer);
      const cloud = await startCloudSide(context, folder);
      const ports = [await findFreePort(2), await findFreePort(2)];
      const start = (offsets: readonly [string, string]): Promise<SimulatedMachines[]> =>
        Promise.all(offsets.map((offset, index) => startMachines(context, folder, { count: 1, rate: 80, name: `machine-${index}`, more: ["--first", String(index), "--port", String(ports[index]), "--clock-offset", offset] })));
      let machines = await start(["365d", "-365d"]);
      writeConfiguration(folder, { gateway: { id: "off" }, assets: machines.flatMap(({ assets }) => assets), cloud: cloud.section, outbox: { maxAge: "1d" } });
      const gateway = startGateway(context, { folder });
      await gateway.untilReading(2);
      for (const machine of machines) await machine.untilAcknowledged(200);
      for (const machine of machines) {
        await machine.finish();
        await machine.stop();
      }
      await gateway.until("both machines are missed", (now) => now.conditions.filter(({ code }) => code === "ASSET_LOST").length === 2);
      machines = await start(["-365d", "365d"]);
      await gateway.until("both machines are back", (now) => now.conditions.every(({ code }) => code !== "ASSET_LOST"));
      for (const machine of machines) await machine.untilAcknowledged(200);
      const comparison = await settleAccounts({ gateway, machines, cloud });
      assert.ok(comparison.acknowledged > 800, JSON.stringify(comparison));
      assert.is(comparison.lost, 0, JSON.stringify(comparison));
      assert.is(comparison.gapReadings, 0, JSON.stringify(comparison));
      assert.is((await gateway.status()).outbox.dropped, 0);
    });
  },
  { needs: ["mosquitto"], limitMs: 280_000 },
);
