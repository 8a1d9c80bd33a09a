// Has a thread make a ZIP file of what core gathers, so that core's event loop only hands over.

import { Worker } from "node:worker_threads";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";

export interface PackOrder {
  /** Written anew. */
  readonly file: string;
  /** Of the files in it. */
  readonly timeMs: number;
}

/** A piece of the text of that name; without a text: all is there, pack it. */
export type Packing = { readonly name: string; readonly text: string } | { readonly text?: undefined };

/** With 2,000 machines it takes some seconds; on a slow or busy machine many times that. */
const LIMIT_MS = 300_000;
const MEMORY_MIB = 192;

/** Hands over what `gather` gives, piece by piece; resolves when the file is written. Throws a Fault, CANCELLED when the signal aborts. */
export async function packSnapshot(order: PackOrder, gather: (put: (name: string, text: string) => void) => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  const worker = new Worker(new URL("./pack-worker.ts", import.meta.url), { workerData: order, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB } });
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => undefined);
  const abort = (): void => ended.reject(new Fault("CANCELLED", "the snapshot was cancelled", { cause: signal.reason }));
  const stopLimit = clock.after(LIMIT_MS, () => ended.reject(new Fault("PEER_TIMEOUT", `the snapshot was given up after ${LIMIT_MS / 1000} s`)));
  worker.once("message", () => ended.resolve());
  worker.once("error", (error) => ended.reject(asFault(error, order.file)));
  worker.once("exit", () => ended.reject(new Fault("DEFECT", "the snapshot's thread ended without an answer")));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const post = (packing: Packing): void => worker.postMessage(packing);
  try {
    await Promise.race([gather((name, text) => post({ name, text })), ended.promise]);
    post({});
    await ended.promise;
  } finally {
    signal.removeEventListener("abort", abort);
    stopLimit();
    await worker.terminate();
  }
}
