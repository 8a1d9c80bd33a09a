// The ledger at the broker: a second subscriber that writes down each (stream, seq) it sees.

import { inflateSync, zstdDecompressSync } from "node:zlib";
import { connectAsync } from "mqtt";

import { assert, type Defer } from "../../support/suite.ts";
import type { TestCore } from "./core.ts";

export interface Collector {
  /** How often each sequence number came. */
  readonly seen: ReadonlyMap<number, number>;
  /** The numbers in the order of arrival. */
  readonly order: readonly number[];
  readonly topics: ReadonlySet<string>;
  /** The newest retained document by topic. */
  readonly documents: ReadonlyMap<string, unknown>;
}

/** Subscribes to everything below `weir/v1`; ends with the test. */
export async function startCollector(defer: Defer, core: TestCore, url: string, options: object = {}): Promise<Collector> {
  const seen = new Map<number, number>();
  const order: number[] = [];
  const topics = new Set<string>();
  const documents = new Map<string, unknown>();
  const client = await connectAsync(url, { protocolVersion: 5, clientId: `collector-${Math.random()}`, reconnectPeriod: 20, clean: true, ...options });
  defer(() => client.endAsync(true));
  client.on("error", () => undefined);
  client.on("message", (topic, payload) => {
    if (!topic.includes("/telemetry")) {
      documents.set(topic, JSON.parse(payload.toString()));
      return;
    }
    topics.add(topic);
    const text = topic.endsWith("/deflate") ? inflateSync(payload) : topic.endsWith("/zstd") ? zstdDecompressSync(payload) : payload;
    const { stream, readings } = JSON.parse(text.toString()) as { stream: string; readings: { seq: number; value: unknown }[] };
    assert.is(stream, core.stream);
    for (const { seq, value } of readings) {
      if (typeof value === "number") assert.is(value, seq);
      seen.set(seq, (seen.get(seq) ?? 0) + 1);
      order.push(seq);
    }
  });
  await client.subscribeAsync("weir/v1/#", { qos: 1 });
  return { seen, order, topics, documents };
}
