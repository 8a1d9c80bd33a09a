// The simulated cloud: a collector behind a broker of its own, or as subscriber of a foreign broker.

import type { Clock } from "../../drivers/contract/clock.ts";
import { startCloudBroker, type CloudTls } from "./cloud-broker.ts";
import { makeCollector, type CollectorFigures } from "./collector.ts";
import { openLedger } from "./ledger-file.ts";
import { every } from "./machines.ts";
import { runSubscriber } from "./subscriber.ts";

export interface CloudOptions {
  readonly host: string;
  /** Port of the own broker; 0: any free one. */
  readonly port: number;
  readonly tls?: CloudTls;
  /** A foreign broker, mqtt://host:port: then none of our own is started. */
  readonly broker?: string;
  /** Client id and topic filters at the foreign broker. */
  readonly clientId: string;
  readonly filters: readonly string[];
  readonly ledger?: string;
}

export interface Cloud {
  /** Where an uplink connects. */
  readonly url: string;
  figures(): CollectorFigures;
  close(): Promise<void>;
}

const flushMs = 250;

/** Resolves when an uplink can connect and nothing it sends is missed. Rejects when the signal aborts before. */
export async function startCloud(options: CloudOptions, clock: Clock, signal: AbortSignal): Promise<Cloud> {
  const ledger = openLedger(options.ledger);
  const collector = makeCollector(clock, ledger);
  const { broker } = options;
  const source = broker === undefined ? await startCloudBroker({ ...options, received: collector.take }) : await followBroker({ ...options, broker }, collector.take, clock, signal);
  const stopFlushes = every(clock, flushMs, ledger.flush);
  return {
    url: source.url,
    figures: collector.figures,
    async close() {
      stopFlushes();
      await source.close();
      ledger.close();
    },
  };
}

async function followBroker(options: CloudOptions & { readonly broker: string }, received: (topic: string, payload: Buffer) => void, clock: Clock, signal: AbortSignal): Promise<{ url: string; close(): Promise<void> }> {
  const stop = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const either = AbortSignal.any([signal, stop.signal]);
  const running = runSubscriber({ url: options.broker, clientId: options.clientId, filters: options.filters, received, subscribed: resolve }, clock, either);
  running.then(() => reject(signal.reason), reject);
  await promise;
  return {
    url: options.broker,
    async close() {
      stop.abort();
      await running;
    },
  };
}
