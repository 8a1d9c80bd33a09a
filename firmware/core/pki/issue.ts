// Makes a certificate in a thread of its own: what is read there comes from strangers, and loading the libraries for it would hold the event loop.

import { Worker } from "node:worker_threads";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import type { Answer, Issued, Order } from "./orders.ts";

/** It takes 0.1 s; a slow and busy machine many times that. */
const LIMIT_MS = 30_000;
const MEMORY_MIB = 64;

/** Rejects with INPUT_INVALID for a request that is not taken, DEFECT where the thread failed, PEER_TIMEOUT where it did not end, CANCELLED when the signal aborts. */
export async function issue(order: Order, clock: Clock, signal: AbortSignal): Promise<Issued> {
  if (signal.aborted) throw new Fault("CANCELLED", "the certificate is not wanted any more", { cause: signal.reason });
  const worker = new Worker(new URL("./issue-worker.ts", import.meta.url), { workerData: order, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB } });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const abort = (): void => reject(new Fault("CANCELLED", "the certificate is not wanted any more", { cause: signal.reason }));
  const cancelLimit = clock.after(LIMIT_MS, () => reject(new Fault("PEER_TIMEOUT", `making the certificate was given up after ${LIMIT_MS / 1000} s`)));
  worker.once("message", resolve);
  worker.once("error", (error) => reject(asFault(error, "certificates")));
  worker.once("exit", () => reject(new Fault("DEFECT", "the thread that makes certificates ended without an answer")));
  signal.addEventListener("abort", abort, { once: true });
  try {
    const answer = await promise;
    if ("issued" in answer) return answer.issued;
    throw new Fault(answer.fault.code, answer.fault.message, answer.fault);
  } finally {
    signal.removeEventListener("abort", abort);
    cancelLimit();
    await worker.terminate();
  }
}
