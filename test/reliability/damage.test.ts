// limit: 600s
// Shows that a damaged file in the data directory never keeps a gateway from starting: it is named with its remedy, and work goes on.

import { chmodSync, closeSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

import { findCondition, readStatusByCommand, startGateway, writeConfiguration } from "../support/gateway.ts";
import { settleAccounts, startCloudSide, startMachines } from "../support/site.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

/** Overwrites the first page of a database, its header included. */
function damageHead(path: string): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, 0);
  closeSync(file);
}

interface Case {
  readonly file: string;
  /** What is done to it while the gateway stands still. */
  readonly damage: (path: string) => void;
  /** The condition that names it. */
  readonly code: string;
  /** Whether it is kept under another name. */
  readonly isKept: boolean;
}

const cases: readonly Case[] = [
  { file: "state.db", damage: damageHead, code: "STATE_SET_ASIDE", isKept: true },
  { file: "audit.db", damage: damageHead, code: "AUDIT_SET_ASIDE", isKept: true },
  { file: "outbox.db", damage: damageHead, code: "OUTBOX_SET_ASIDE", isKept: true },
  { file: "vault.db", damage: damageHead, code: "VAULT_SET_ASIDE", isKept: true },
  { file: "vault.key", damage: (path) => writeFileSync(path, "too short"), code: "VAULT_KEY_UNUSABLE", isKept: false },
];

suite(
  "damaged files at the start",
  (test) => {
    test("REL-2 each damaged database, key or configuration is named in the status with its remedy, and the gateway goes on", async (context) => {
      const folder = makeTempDir(context.defer);
      const cloud = await startCloudSide(context, folder);
      const machines = await startMachines(context, folder, { count: 2, rate: 50 });
      const configFile = writeConfiguration(folder, { gateway: { id: "damaged" }, assets: machines.assets, cloud: cloud.section });
      let gateway = startGateway(context, { folder });
      await gateway.untilReading(2);
      await machines.untilAcknowledged(100);
      for (const { file, damage, code, isKept } of cases) {
        if (file === "outbox.db") {
          // A backlog that must come out of the damaged file.
          await cloud.down();
          await machines.untilAcknowledged(500);
        }
        await gateway.stop();
        damage(join(gateway.dataDir, file));
        gateway = startGateway(context, { folder });
        await gateway.untilReading(2);
        const condition = findCondition(await gateway.until(`${file} is named`, (now) => findCondition(now, code) !== undefined), code);
        assert.ok(condition !== undefined);
        assert.match(`${condition.subject} ${condition.cause}`, file, JSON.stringify(condition));
        assert.ok(condition.remedy.length > 20, condition.remedy);
        assert.is(readdirSync(gateway.dataDir).some((name) => name.startsWith(`${file}.damaged`)), isKept, readdirSync(gateway.dataDir).join(" "));
        await machines.untilAcknowledged(100);
        if (file === "outbox.db") await cloud.up();
        await gateway.until("the cloud is connected", (now) => now.cloud.state === "connected");
      }
      await gateway.stop();
      writeFileSync(configFile, "gateway:\n  id: damaged\nassets:\n  - nam: [\n");
      gateway = startGateway(context, { folder });
      await gateway.untilReading(2);
      const told = await readStatusByCommand(context, gateway.dataDir);
      assert.match(findCondition(told, "CONFIG_BROKEN")?.cause ?? "", /weir\.yaml:\d+:\d+: /);
      await machines.untilAcknowledged(100);
      const comparison = await settleAccounts({ gateway, machines: [machines], cloud });
      assert.is(comparison.lost, 0, JSON.stringify(comparison));
      assert.is(comparison.uplinkDuplicates.reusedSeq, 0, JSON.stringify(comparison));
    });

    test("REL-2 a first start with every file damaged at once, or empty, ends in a running gateway", async (context) => {
      const folder = makeTempDir(context.defer);
      const cloud = await startCloudSide(context, folder);
      const machines = await startMachines(context, folder, { count: 2, rate: 50 });
      writeConfiguration(folder, { gateway: { id: "damaged" }, assets: machines.assets, cloud: cloud.section });
      let gateway = startGateway(context, { folder });
      await gateway.untilReading(2);
      await gateway.stop();
      for (const empty of [false, true]) {
        for (const { file } of cases) {
          const path = join(gateway.dataDir, file);
          if (empty || file === "vault.key") writeFileSync(path, "");
          else damageHead(path);
          chmodSync(path, 0o600);
          assert.ok(statSync(path).isFile());
        }
        gateway = startGateway(context, { folder });
        await gateway.untilReading(2);
        if (!empty) await gateway.until("each is named", (now) => cases.every(({ code }) => findCondition(now, code) !== undefined));
        await machines.untilAcknowledged(100);
        await gateway.stop();
      }
    });
  },
  { needs: ["mosquitto"], limitMs: 280_000 },
);
