// Looks a password up among the most frequent ones in a thread of its own: the list takes some MiB, which are free again afterwards.

import { Worker } from "node:worker_threads";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";

/** It takes 0.1 s; a slow and busy machine many times that. */
const LIMIT_MS = 30_000;
const MEMORY_MIB = 64;

/** `password` in small letters. Rejects with DEFECT where the thread failed, PEER_TIMEOUT where it did not end, CANCELLED. */
export async function isFrequentPassword(password: string, clock: Clock, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) throw new Fault("CANCELLED", "the password is not wanted any more", { cause: signal.reason });
  const worker = new Worker(new URL("./frequent-password-worker.ts", import.meta.url), { workerData: password, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB } });
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const abort = (): void => reject(new Fault("CANCELLED", "the password is not wanted any more", { cause: signal.reason }));
  const cancelLimit = clock.after(LIMIT_MS, () => reject(new Fault("PEER_TIMEOUT", `looking up the password was given up after ${LIMIT_MS / 1000} s`)));
  worker.once("message", resolve);
  worker.once("error", (error) => reject(asFault(error, "frequent passwords")));
  worker.once("exit", () => reject(new Fault("DEFECT", "the thread that looks up passwords ended without an answer")));
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    cancelLimit();
    await worker.terminate();
  }
}
