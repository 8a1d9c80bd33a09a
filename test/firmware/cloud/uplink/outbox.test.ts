// Shows the uplink with the real core and its outbox: what core acknowledged reaches the broker, while core and broker are restarted.
// limit: 90s

import { randomUUID } from "node:crypto";

import { connectAsync } from "mqtt";

import { runCloud } from "../../../../firmware/cloud/main.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { startMosquitto } from "../../../support/mosquitto.ts";
import { assetOf, configure, identify, sampleOf, startCore } from "../../core/running-core.ts";
import { QUICK } from "../core.ts";

function startZone(defer: Defer, dataDir: string): () => Promise<void> {
  const abort = new AbortController();
  const running = runCloud({ clock: systemClock, log: silentLog, dataDir, epoch: randomUUID(), ready: () => undefined }, QUICK, abort.signal);
  running.catch(() => undefined);
  const stop = (): Promise<void> => {
    abort.abort();
    return running;
  };
  defer(stop);
  return stop;
}

/** Counts per (stream, seq), and the values. */
async function collect(defer: Defer, url: string): Promise<{ readonly records: Map<string, unknown>; readonly values: Set<unknown>; readonly mismatches: string[] }> {
  const [records, values, mismatches] = [new Map<string, unknown>(), new Set<unknown>(), [] as string[]];
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 20 });
  defer(() => client.endAsync(true));
  client.on("error", () => undefined);
  client.on("message", (_topic, payload) => {
    const { stream, readings } = JSON.parse(payload.toString()) as { stream: string; readings: { seq: number; value: unknown }[] };
    for (const { seq, value } of readings) {
      const key = `${stream} ${seq}`;
      if (records.has(key) && records.get(key) !== value) mismatches.push(key);
      records.set(key, value);
      values.add(value);
    }
  });
  await client.subscribeAsync("weir/v1/+/telemetry", { qos: 1 });
  return { records, values, mismatches };
}

suite(
  "uplink with the outbox",
  (test) => {
    for (const order of ["lanes", "strict"]) {
      test(`nothing that core acknowledged is missing after core and the cloud zone were restarted (order: ${order})`, async ({ signal, defer }) => {
        const broker = await startMosquitto(defer, signal);
        const url = `mqtt://127.0.0.1:${broker.port}`;
        const ledger = await collect(defer, url);
        const configuration = configure({ "press-1": undefined }, `cloud:\n  url: ${url}\n  order: ${order}\n`);
        let core = await startCore(defer, configuration);
        const { dataDir } = core;
        let stopZone = startZone(defer, dataDir);
        await identify(core, "press-1", "1", signal);
        const sent = new Set<unknown>();
        for (let round = 0; round < 40; round += 1) {
          const readings = Array.from({ length: 100 }, () => sampleOf(assetOf("1")));
          await core.source.call("readings", { readings }, signal);
          for (const reading of readings) sent.add("value" in reading ? reading.value : undefined);
          if (round === 15) {
            await core.stop();
            core = await startCore(defer, configuration, { dataDir });
          }
          if (round === 25) {
            await stopZone();
            stopZone = startZone(defer, dataDir);
          }
        }
        while (ledger.values.size < sent.size) await systemClock.sleep(20, signal);
        assert.equal(ledger.mismatches, []);
        assert.is(ledger.records.size, sent.size);
        for (;;) {
          const { queued } = await core.cloud.call("figures", {}, signal);
          if (queued === 0) break;
          await systemClock.sleep(20, signal);
        }
      });
    }
  },
  { needs: ["mosquitto"], limitMs: 20_000 },
);
