// limit: 900s
// Shows that a task survives the death of any zone at any point, and that its work is never done more often than it may be.

import { randomUUID } from "node:crypto";
import { localConduit } from "../../firmware/conduit/local.ts";
import type { TaskKind, TaskReport } from "../../firmware/conduit/tasks.ts";
import { openConduit, type ConduitClient } from "../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../firmware/runtime/journal.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { startGateway, until, writeConfiguration, type GatewayUnderTest } from "../support/gateway.ts";
import { startMachines } from "../support/site.ts";
import { assert, suite, type TestContext } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

interface Site {
  readonly gateway: GatewayUnderTest;
  readonly local: ConduitClient<typeof localConduit>;
  readonly machine: string;
}

async function startSite(context: TestContext): Promise<Site> {
  const folder = makeTempDir(context.defer);
  const machines = await startMachines(context, folder, { count: 1, rate: 20, events: 6000 });
  writeConfiguration(folder, { gateway: { id: "tasks" }, assets: machines.assets });
  const gateway = startGateway(context, { folder });
  await gateway.untilReading(1);
  const local = openConduit(localConduit, { socket: conduitSocket(gateway.dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  context.defer(() => local.close());
  return { gateway, local, machine: machines.assets[0]?.name ?? "" };
}

async function order({ local, machine }: Site, kind: TaskKind, id: string, signal: AbortSignal): Promise<TaskReport> {
  return (await local.call("orderTask", { id, kind, ...(kind === "asset-snapshot" ? { target: machine } : {}) }, signal)).task;
}

/** Until it has ended; the machine may be away for a moment after a kill. */
async function untilEnded({ local }: Site, id: string, signal: AbortSignal): Promise<TaskReport> {
  let task: TaskReport | undefined;
  await until(`task ${id} has ended`, signal, async () => ["done", "failed", "expired", "cancelled"].includes((task = (await local.call("task", { id }, signal)).task).state), 120_000);
  return task as TaskReport;
}

async function fetchResult({ local }: Site, { id, result }: TaskReport, signal: AbortSignal): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let offset = 0; offset < (result?.bytes ?? 0); offset += pieces.at(-1)?.length ?? 0) pieces.push(Buffer.from((await local.call("taskResult", { id, offset }, signal)).body));
  return Buffer.concat(pieces);
}

/** After the order: before anything, while it is handed over, while it is worked on, about its end. */
const MOMENTS_MS = [0, 3, 10, 30, 60, 120];

suite(
  "tasks and the death of zones",
  (test) => {
    for (const zone of ["core", "field"] as const) {
      test(`a snapshot of a machine is taken once, whenever ${zone} is killed`, async (context) => {
        const { signal } = context;
        const site = await startSite(context);
        for (const moment of MOMENTS_MS) {
          const id = randomUUID();
          await order(site, "asset-snapshot", id, signal);
          await systemClock.sleep(moment, signal);
          await site.gateway.killZone(zone);
          const ended = await untilEnded(site, id, signal);
          assert.is(ended.state, "done", `${moment} ms: ${ended.words}`);
          const document = JSON.parse((await fetchResult(site, ended, signal)).toString("utf8")) as { assets: readonly unknown[] };
          assert.is(document.assets.length, 1);
          // Ordered again with its id, it is what it was.
          assert.equal(await order(site, "asset-snapshot", id, signal), ended);
        }
        const { tasks } = await site.local.call("tasks", { limit: 200 }, signal);
        assert.is(tasks.length, MOMENTS_MS.length);
      });
    }
    test("a snapshot of the gateway is taken, whenever core is killed, and one that was cut off begins anew once and says so", async (context) => {
      const { signal } = context;
      const site = await startSite(context);
      for (const moment of MOMENTS_MS) {
        const id = randomUUID();
        await order(site, "gateway-snapshot", id, signal);
        await systemClock.sleep(moment, signal);
        await site.gateway.killZone("core");
        const ended = await untilEnded(site, id, signal);
        assert.is(ended.state, "done", `${moment} ms: ${ended.words}`);
        assert.is((await fetchResult(site, ended, signal)).subarray(0, 2).toString("latin1"), "PK");
      }
    });
  },
  { limitMs: 600_000 },
);
