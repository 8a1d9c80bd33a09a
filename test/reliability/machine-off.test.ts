// Shows that a machine which is off is seen to be off, also where the gateway restarts meanwhile: its points are bad, with the reason, here and in the cloud.

import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { parseLine, textLines, type LedgerLine } from "../../firmware/simulator/ledger-lines.ts";
import { findFreePort } from "../support/free-port.ts";
import { findCondition, startGateway, until, writeConfiguration } from "../support/gateway.ts";
import { processorWaitMs } from "../support/processor-wait.ts";
import { startCloudSide, startMachines } from "../support/site.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

suite(
  "a machine that is off",
  (test) => {
    test("REL-3 its points turn bad with the reason after a restart of the gateway and of field alone, the cloud gets it, and they are good within 5 s of its return", async (context) => {
      const folder = makeTempDir(context.defer);
      const cloud = await startCloudSide(context, folder);
      const more = ["--port", String(await findFreePort(2))];
      const start = (): ReturnType<typeof startMachines> => startMachines(context, folder, { count: 1, rate: 40, more });
      let machine = await start();
      writeConfiguration(folder, { gateway: { id: "off" }, assets: machine.assets, cloud: cloud.section });
      let gateway = startGateway(context, { folder });
      const areAll = async (quality: "good" | "bad"): Promise<boolean> => {
        const values = await gateway.values();
        return values.length > 0 && values.every((sample) => sample.quality === quality);
      };
      const untilAll = (quality: "good" | "bad"): Promise<void> => until(`every point is ${quality}`, context.signal, () => areAll(quality));
      for (const restart of ["gateway", "field"] as const) {
        await gateway.untilReading(1);
        await machine.untilAcknowledged(100);
        await untilAll("good");
        if (restart === "gateway") await gateway.stop();
        await machine.stop();
        if (restart === "gateway") gateway = startGateway(context, { folder });
        else await gateway.killZone("field");
        await untilAll("bad");
        const values = await gateway.values();
        for (const { value, reason, sourceTime } of values) {
          assert.equal([value, sourceTime], [null, null]);
          assert.match(reason ?? "", /ECONNREFUSED|closed the connection|connection broke/);
        }
        await gateway.until("the lost machine is named, and the cloud has all", (now) => findCondition(now, "ASSET_LOST") !== undefined && now.outbox.queued === 0);
        machine = await start();
        const field = gateway.zonePids().get("field") ?? 0;
        // Others' load on the processor is not the gateway's time.
        const soFarMs = (): number => systemClock.uptimeMs() - processorWaitMs(field);
        const backMs = soFarMs();
        await untilAll("good");
        const tookMs = soFarMs() - backMs;
        console.log(`${restart}: ${values.length} points good again ${Math.round(tookMs)} ms after the machine's start`);
        assert.ok(tookMs < 5000, `took ${tookMs} ms`);
      }
      await machine.finish();
      await gateway.until("the outbox is empty", ({ outbox }) => outbox.queued === 0);
      const points = new Set((await gateway.values()).map(({ point }) => point));
      cloud.flush();
      const received = [...textLines(cloud.ledger)].map((text) => parseLine(text) as LedgerLine & { readonly value?: unknown });
      const nulls = received.filter(({ point, value }) => point !== undefined && value === null);
      for (const point of points) {
        const count = nulls.filter((line) => line.point === point).length;
        assert.ok(count >= 2 && count <= 3, `${point} came bad ${count} times`);
        const last = received.filter((line) => line.point === point).at(-1);
        assert.is.not(last?.value, null, `${point} ends good`);
      }
    });
  },
  { needs: ["mosquitto"], limitMs: 240_000 },
);
