// Inspects a configuration in a thread of its own, so that a large or hostile text does not hold the caller's event loop.

import { Worker } from "node:worker_threads";
import type { Clock } from "../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../drivers/contract/fault.ts";
import { demandConfiguration, freeze, inspectConfiguration, type InspectedConfiguration } from "./load.ts";
import type { Configuration } from "./schema.ts";

export interface ApartOptions {
  readonly clock: Clock;
  /** A text of at most so many bytes is inspected in place: a thread costs more than it. 2,048 unless said. */
  readonly inPlaceBytes?: number;
}

/** A configuration of 2,000 machines takes 0.7 s, the worst texts known 4 s for 1 MiB. */
const LIMIT_MS = 10_000;
/** The worst texts known take half of it. */
const MEMORY_MIB = 256;
/** Some 20 ms of even the worst text. */
const IN_PLACE_BYTES = 2048;

/** As `inspectConfiguration`; a text that takes more than 10 s or too much memory is a problem too. Rejects with CANCELLED when the signal aborts. */
export async function inspectApart(text: string | Uint8Array, { clock, inPlaceBytes = IN_PLACE_BYTES }: ApartOptions, signal: AbortSignal): Promise<InspectedConfiguration> {
  if (text.length <= inPlaceBytes) return inspectConfiguration(text);
  const { promise, resolve, reject } = Promise.withResolvers<InspectedConfiguration>();
  const refuse = (message: string): void => resolve({ problems: [{ line: 1, column: 1, message, remedy: "Is this the right file? Look for text that repeats or nests without end." }], configuration: undefined });
  const abort = (): void => reject(new Fault("CANCELLED", "the inspection of the configuration was cancelled", { cause: signal.reason }));
  const worker = new Worker(new URL("./inspect-worker.ts", import.meta.url), { workerData: text, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB } });
  const cancelLimit = clock.after(LIMIT_MS, () => refuse(`checking the file was given up after ${LIMIT_MS / 1000} s.`));
  worker.once("message", resolve);
  worker.once("error", (error) => refuse(`the file cannot be checked: ${asFault(error).message}.`));
  worker.once("exit", () => refuse("the file cannot be checked: its check ended without an answer."));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    const { problems, configuration } = await promise;
    return { problems, configuration: configuration === undefined ? undefined : freeze(configuration) };
  } finally {
    signal.removeEventListener("abort", abort);
    cancelLimit();
    await worker.terminate();
  }
}

/** As `loadConfiguration`. */
export async function loadApart(text: string | Uint8Array, fileName: string, options: ApartOptions, signal: AbortSignal): Promise<Configuration> {
  return demandConfiguration(await inspectApart(text, options, signal), fileName);
}
