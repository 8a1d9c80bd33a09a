// Shows that a state database that is lost or damaged while core is dead and the other zones live on costs no reading.

import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { findCondition, isAlive, startGateway, writeConfiguration } from "../support/gateway.ts";
import { settleAccounts, startCloudSide, startMachines } from "../support/site.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

interface Case {
  readonly name: string;
  readonly harm: (path: string) => void;
  /** The condition that names it, where there is something to name. */
  readonly code?: string;
}

function remove(path: string, ...suffixes: readonly string[]): void {
  for (const suffix of suffixes) rmSync(path + suffix, { force: true });
}

const cases: readonly Case[] = [
  { name: "is deleted", harm: (path) => remove(path, "", "-wal", "-shm") },
  {
    name: "is damaged",
    harm: (path) => {
      // The log would mend it.
      remove(path, "-wal", "-shm");
      const file = openSync(path, "r+");
      writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, 0);
      closeSync(file);
    },
    code: "STATE_SET_ASIDE",
  },
];

suite(
  "a lost state database",
  (test) => {
    for (const { name, harm, code } of cases) {
      test(`REL-2 state.db ${name} while core is dead and field lives: the machines are known again and no reading is lost`, async (context) => {
        const folder = makeTempDir(context.defer);
        const cloud = await startCloudSide(context, folder);
        const machines = await startMachines(context, folder, { count: 3, rate: 100 });
        writeConfiguration(folder, { gateway: { id: "lost" }, assets: machines.assets, cloud: cloud.section });
        const gateway = startGateway(context, { folder });
        await gateway.untilReading(3);
        const field = gateway.zonePids().get("field");
        for (let round = 0; round < 2; round += 1) {
          await machines.untilAcknowledged(300);
          const core = gateway.zonePids().get("core") ?? 0;
          // While its supervisor stands still nobody starts the next core.
          gateway.child.kill("SIGSTOP");
          process.kill(core, "SIGKILL");
          while (isAlive(core)) await systemClock.sleep(1, context.signal);
          harm(join(gateway.dataDir, "state.db"));
          gateway.child.kill("SIGCONT");
          await gateway.until("core is back", ({ zones }) => zones["core"]?.state === "running" && zones["core"].pid !== core);
          await gateway.untilReading(3);
          const status = await gateway.until("the damage is named", (now) => code === undefined || findCondition(now, code) !== undefined);
          assert.is(findCondition(status, "PAYLOADS_QUARANTINED"), undefined, JSON.stringify(status.conditions));
          assert.is(gateway.zonePids().get("field"), field, "field was to live on");
        }
        await machines.untilAcknowledged(300);
        const comparison = await settleAccounts({ gateway, machines: [machines], cloud });
        assert.is(comparison.lost, 0, JSON.stringify(comparison));
        assert.is(comparison.uplinkDuplicates.reusedSeq, 0, JSON.stringify(comparison));
      });
    }
  },
  { needs: ["mosquitto"], limitMs: 140_000 },
);
