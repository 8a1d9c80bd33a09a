// The ledger of each (stream, seq): taken at the broker's ingress, or by a subscriber where TLS hides the ingress.

import { inflateSync, zstdDecompressSync } from "node:zlib";
import { connectAsync } from "mqtt";

import { startIngressTap } from "../../support/ingress-tap.ts";
import { assert, type Defer } from "../../support/suite.ts";
import type { TestCore } from "./core.ts";

export interface Collector {
  /** How often each sequence number came. */
  readonly seen: ReadonlyMap<number, number>;
  /** The numbers in the order of arrival. */
  readonly order: readonly number[];
  readonly topics: ReadonlySet<string>;
  /** The newest document by topic. */
  readonly documents: ReadonlyMap<string, unknown>;
}

export interface Ingress extends Collector {
  /** Where the uplink connects. */
  readonly url: string;
  readonly port: number;
}

/** What the broker confirmed, written down before the uplink can know it: whatever core has settled is in here. Ends with the test. */
export async function tapIngress(defer: Defer, core: TestCore, broker: { readonly port: number }): Promise<Ingress> {
  const { take, ...collector } = makeCollector(core);
  const { port, close } = await startIngressTap(broker.port, take);
  defer(close);
  return { ...collector, port, url: `mqtt://127.0.0.1:${port}` };
}

/** Subscribes to everything below `weir/v1`; ends with the test. */
export async function startSubscriber(defer: Defer, core: TestCore, url: string, options: object = {}): Promise<Collector> {
  const { take, ...collector } = makeCollector(core);
  const client = await connectAsync(url, { protocolVersion: 5, clientId: `collector-${Math.random()}`, reconnectPeriod: 20, clean: true, ...options });
  defer(() => client.endAsync(true));
  client.on("error", () => undefined);
  client.on("message", take);
  await client.subscribeAsync("weir/v1/#", { qos: 1 });
  return collector;
}

function makeCollector(core: TestCore): Collector & { take(topic: string, payload: Buffer): void } {
  const seen = new Map<number, number>();
  const order: number[] = [];
  const topics = new Set<string>();
  const documents = new Map<string, unknown>();
  const take = (topic: string, payload: Buffer): void => {
    if (!topic.includes("/telemetry")) return void documents.set(topic, JSON.parse(payload.toString()));
    topics.add(topic);
    const text = topic.endsWith("/deflate") ? inflateSync(payload) : topic.endsWith("/zstd") ? zstdDecompressSync(payload) : payload;
    const { stream, readings } = JSON.parse(text.toString()) as { stream: string; readings: { seq: number; value: unknown }[] };
    assert.is(stream, core.stream);
    for (const { seq, value } of readings) {
      if (typeof value === "number") assert.is(value, seq);
      seen.set(seq, (seen.get(seq) ?? 0) + 1);
      order.push(seq);
    }
  };
  return { seen, order, topics, documents, take };
}
