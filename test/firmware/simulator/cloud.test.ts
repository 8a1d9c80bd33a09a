// Shows that the simulated cloud writes down what it receives, checks streams, and follows a foreign broker.

import { join } from "node:path";
import { deflateSync, zstdCompressSync } from "node:zlib";
import { connectAsync } from "mqtt";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { CLOUD_DEFAULTS } from "../../../firmware/simulator/defaults.ts";
import { startCloud, type Cloud, type CloudOptions } from "../../../firmware/simulator/cloud.ts";
import { parseLine, textLines, type LedgerLine } from "../../../firmware/simulator/ledger-lines.ts";
import { startChild } from "../../support/child.ts";
import { findFreePort } from "../../support/free-port.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

async function run(defer: Defer, signal: AbortSignal, options: Partial<CloudOptions> = {}): Promise<{ cloud: Cloud; ledger(): Promise<LedgerLine[]> }> {
  const path = join(makeTempDir(defer), "cloud.ndjson");
  const cloud = await startCloud({ ...CLOUD_DEFAULTS, ledger: path, ...options }, systemClock, signal);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= cloud.close());
  defer(close);
  return {
    cloud,
    async ledger() {
      await close();
      return [...textLines(path)].map(parseLine);
    },
  };
}

const sample = (seq: number, more: object = {}): object => ({ seq, asset: "urn:a", point: "p", value: seq / 2, quality: "good", sourceTime: "2026-01-01T00:00:00.000001Z", gatewayTime: "2026-01-01T00:00:00.000Z", ...more });
const telemetry = (readings: readonly object[], stream = "s1"): string => JSON.stringify({ gateway: "g", stream, readings });

suite("simulated cloud", (test) => {
  test("counts readings, repeats, holes and gaps per stream, in all compressions", async ({ defer, signal }) => {
    const { cloud, ledger } = await run(defer, signal);
    const client = await connectAsync(cloud.url, { protocolVersion: 4 });
    defer(() => client.endAsync(true));
    const send = (suffix: string, payload: string | Buffer): Promise<unknown> => client.publishAsync(`weir/v1/g/telemetry${suffix}`, payload, { qos: 1 });
    await send("", telemetry([sample(1), sample(2, { historical: true }), { seq: 3, asset: "urn:a", event: { id: "e1" } }]));
    await send("/deflate", deflateSync(telemetry([sample(2), sample(6)])));
    await send("/zstd", zstdCompressSync(telemetry([{ gap: { first: 4, last: 4, reason: "age" } }, sample(1)], "s2")));
    await send("", "no json");
    const { p50Ms, p99Ms, ...counts } = cloud.figures();
    assert.equal(counts, { messages: 4, readings: 4, events: 1, duplicates: 1, dropped: 1, missing: 4, streams: 2, unreadable: 1 });
    assert.ok(p50Ms !== null && p99Ms !== null);
    const lines = await ledger();
    assert.is(lines.length, 7);
    const { receivedMicros, ...first } = lines[0] as LedgerLine & { receivedMicros: number };
    assert.ok(receivedMicros > 0);
    assert.equal(first, { stream: "s1", seq: 1, asset: "urn:a", point: "p", value: 0.5, sourceTime: "2026-01-01T00:00:00.000001Z" });
    assert.is(lines[1]?.historical, true);
  });
  test("writes a reading down before it acknowledges it", async ({ defer, signal }) => {
    const { cloud } = await run(defer, signal);
    const client = await connectAsync(cloud.url, { protocolVersion: 4 });
    defer(() => client.endAsync(true));
    for (let seq = 1; seq <= 50; seq += 1) {
      await client.publishAsync("weir/v1/g/telemetry", telemetry([sample(seq)]), { qos: 1 });
      assert.is(cloud.figures().readings, seq);
    }
  });
  test(
    "stands behind a foreign broker and misses nothing that is sent once it is ready",
    async ({ defer, signal }) => {
      const port = await findFreePort();
      const mosquitto = startChild(defer, "mosquitto", ["-p", String(port)]);
      await mosquitto.line(/running/, signal);
      const { cloud, ledger } = await run(defer, signal, { broker: `mqtt://127.0.0.1:${port}` });
      const client = await connectAsync(cloud.url, { protocolVersion: 5 });
      defer(() => client.endAsync(true));
      await Promise.all(Array.from({ length: 500 }, (_, index) => client.publishAsync("weir/v1/g/telemetry", telemetry([sample(index + 1)]), { qos: 1 })));
      while (cloud.figures().readings < 500) await systemClock.sleep(10, signal);
      assert.is((await ledger()).length, 500);
    },
    { needs: ["mosquitto"] },
  );
});
