// limit: 600s
// Shows that a running gateway follows its configuration, keeps to the last good one, and shares a host with another.

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { connected, findCondition, startGateway, weir, writeConfiguration } from "../support/gateway.ts";
import { readLedger, settleAccounts, startCloudSide, startMachines } from "../support/site.ts";
import { startChild } from "../support/child.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

suite(
  "a configuration that changes",
  (test) => {
    test("DESIGN §4 a machine that is added or removed in weir.yaml is read or left without a restart, and the others are not disturbed", async (context) => {
      const folder = makeTempDir(context.defer);
      const cloud = await startCloudSide(context, folder);
      const machines = await startMachines(context, folder, { count: 3, rate: 40 });
      const write = (count: number): string => writeConfiguration(folder, { gateway: { id: "live" }, assets: machines.assets.slice(0, count), cloud: cloud.section });
      write(2);
      const gateway = startGateway(context, { folder });
      await gateway.untilReading(2);
      const pids = gateway.zonePids();
      write(3);
      await gateway.until("the third machine is read, and nothing needs attention", (now) => connected(now) === 3 && now.conditions.length === 0);
      await machines.untilAcknowledged(200);
      write(1);
      const one = await gateway.until("one machine is read, and nothing needs attention", (now) => connected(now) === 1 && now.conditions.length === 0);
      assert.is(Object.values(one.assets).filter(({ link }) => link === "not assigned").length, 2, JSON.stringify(one.assets));
      write(3);
      await gateway.until("all are read again", (now) => connected(now) === 3);
      await machines.untilAcknowledged(200);
      assert.equal(gateway.zonePids(), pids);
      const comparison = await settleAccounts({ gateway, machines: [machines], cloud });
      assert.is(comparison.lost, 0, JSON.stringify(comparison));
      assert.is(comparison.uplinkDuplicates.otherSeq, 0, JSON.stringify(comparison));
    });

    test("DESIGN §4 a typo keeps the former configuration at work and shows file, line, column and remedy until it is corrected", async (context) => {
      const folder = makeTempDir(context.defer);
      const cloud = await startCloudSide(context, folder);
      const machines = await startMachines(context, folder, { count: 2, rate: 40 });
      const file = writeConfiguration(folder, { gateway: { id: "typo" }, assets: machines.assets, cloud: cloud.section });
      const gateway = startGateway(context, { folder });
      await gateway.untilReading(2);
      const good = readFileSync(file, "utf8");
      const line = good.split("\n").findIndex((text) => text.startsWith("cloud:")) + 1;
      writeFileSync(file, good.replace("cloud:", "clowd:"));
      const broken = await gateway.until("the typo is named", (now) => findCondition(now, "CONFIG_BROKEN") !== undefined);
      const condition = findCondition(broken, "CONFIG_BROKEN");
      assert.match(condition?.cause ?? "", `${file}:${line}:1: `);
      assert.match(condition?.cause ?? "", /cloud/);
      assert.match(condition?.remedy ?? "", /weir check/);
      assert.is(connected(broken), 2);
      await gateway.until("the cloud is connected", ({ cloud: { state } }) => state === "connected");
      await machines.untilAcknowledged(100);
      // A new machine beside the fault waits with it; correcting the fault is all it takes.
      appendFileSync(file, "\n");
      writeFileSync(file, good);
      await gateway.until("the condition is over", (now) => findCondition(now, "CONFIG_BROKEN") === undefined);
      const check = startChild(context.defer, process.execPath, [weir, "check", "--config", file]);
      assert.is((await check.exited).code, 0, check.output());
    });

    test("DESIGN §1 two gateways on one host with data directories of their own do not disturb each other", async (context) => {
      const folder = makeTempDir(context.defer);
      const cloud = await startCloudSide(context, folder);
      const sides = await Promise.all(
        ["one", "two"].map(async (name, index) => {
          const home = join(folder, name);
          const machines = await startMachines(context, folder, { count: 2, rate: 40, name, more: ["--first", String(index * 10)] });
          writeConfiguration(home, { gateway: { id: name }, assets: machines.assets, cloud: cloud.section });
          return { machines, home, gateway: startGateway(context, { folder: home }) };
        }),
      );
      const [one, two] = sides as [(typeof sides)[number], (typeof sides)[number]];
      await Promise.all(sides.map(({ gateway }) => gateway.untilReading(2)));
      const pids = two.gateway.zonePids();
      await one.gateway.killZone("core");
      await one.gateway.killAll();
      await two.machines.untilAcknowledged(200);
      const again = startGateway(context, { folder: one.home });
      await again.untilReading(2);
      assert.equal(two.gateway.zonePids(), pids);
      const second = startGateway(context, { folder: two.home });
      assert.is((await second.child.exited).code, 2);
      assert.match(second.child.output(), /already runs on this data directory \(process \d+\)/);
      await two.machines.finish();
      await two.gateway.until("its outbox is empty", ({ outbox }) => outbox.queued === 0);
      await two.machines.stop();
      const comparison = await settleAccounts({ gateway: again, machines: [one.machines], cloud });
      assert.is(comparison.lost, 0, JSON.stringify(comparison));
      const received = new Set(readLedger(cloud.ledger).map((entry) => `${entry.asset} ${entry.sourceTime ?? entry.event}`));
      assert.equal(readLedger(two.machines.ledger).filter((entry) => entry.acknowledged === true && !received.has(`${entry.asset} ${entry.sourceTime ?? entry.event}`)), []);
      assert.is(comparison.streams.length, 2, JSON.stringify(comparison.streams));
    });
  },
  { needs: ["mosquitto"], limitMs: 240_000 },
);
