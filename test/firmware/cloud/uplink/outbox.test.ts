// Shows the uplink with the real core and its outbox: what core acknowledged reaches the broker, while core and broker are restarted.

import { randomUUID } from "node:crypto";

import { runCloud } from "../../../../firmware/cloud/main.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { startIngressTap } from "../../../support/ingress-tap.ts";
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

interface Ledger {
  readonly url: string;
  /** Values by (stream, seq). */
  readonly records: Map<string, unknown>;
  readonly mismatches: string[];
}

/** What the broker confirmed at its ingress. */
async function tap(defer: Defer, brokerPort: number): Promise<Ledger> {
  const [records, mismatches] = [new Map<string, unknown>(), [] as string[]];
  const { port, close } = await startIngressTap(brokerPort, (topic, payload) => {
    if (!topic.endsWith("/telemetry")) return;
    const { stream, readings } = JSON.parse(payload.toString()) as { stream: string; readings: { seq: number; value: unknown }[] };
    for (const { seq, value } of readings) {
      const key = `${stream} ${seq}`;
      if (records.has(key) && records.get(key) !== value) mismatches.push(key);
      records.set(key, value);
    }
  });
  defer(close);
  return { url: `mqtt://127.0.0.1:${port}`, records, mismatches };
}

suite(
  "uplink with the outbox",
  (test) => {
    for (const order of ["lanes", "strict"]) {
      test(`nothing that core acknowledged is missing after core and the cloud zone were restarted (order: ${order})`, async ({ signal, defer }) => {
        const broker = await startMosquitto(defer, signal);
        const { url, records, mismatches } = await tap(defer, broker.port);
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
        while ((await core.cloud.call("figures", {}, signal)).queued > 0) await systemClock.sleep(20, signal);
        assert.equal(mismatches, []);
        assert.is(records.size, sent.size);
        assert.equal(new Set(records.values()), sent);
      });
    }
  },
  { needs: ["mosquitto"], limitMs: 60_000 },
);
