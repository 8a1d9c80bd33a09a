// Inspects a configuration in a thread of its own, so that a large or hostile text does not hold the caller's event loop.

import { Worker } from "node:worker_threads";
import type { Clock } from "../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../drivers/contract/fault.ts";
import { checkConfiguration, type CheckedConfiguration } from "./check.ts";
import { markParts, type PartMarks } from "./compare.ts";
import { demandConfiguration, freeze, inspectConfiguration, type InspectedConfiguration } from "./load.ts";
import type { Problem } from "./problems.ts";
import type { Configuration } from "./schema.ts";

export interface ApartOptions {
  readonly clock: Clock;
  /** A text of at most so many bytes is inspected in place: a thread costs more than it. 2,048 unless said. */
  readonly inPlaceBytes?: number;
  /** Awaited before each portion of the configuration is taken over: a turn of the event loop's own, the next one unless said. */
  readonly turn?: () => Promise<void>;
}

export interface ApartConfiguration extends InspectedConfiguration {
  /** Of the parts of `configuration`. */
  readonly marks: PartMarks;
}

/** What the thread is given. `before`: the text that the new one is compared with; then its answer is a `Handover` with `checked`. */
export interface Inspection {
  readonly text: string | Uint8Array;
  readonly before?: string | Uint8Array;
}

/** What the thread answers: problems, or first the configuration without its machines, then these in `more` portions. */
export type Handover =
  | { readonly checked: CheckedConfiguration; readonly problems?: undefined; readonly rest?: undefined; readonly assets?: undefined }
  | { readonly problems: readonly Problem[]; readonly checked?: undefined; readonly rest?: undefined; readonly assets?: undefined }
  | { readonly problems: readonly Problem[]; readonly rest: Configuration; readonly marks: PartMarks; readonly more: number; readonly checked?: undefined; readonly assets?: undefined }
  | { readonly assets: Configuration["assets"]; readonly checked?: undefined; readonly problems?: undefined; readonly rest?: undefined };

/** A configuration of 2,000 machines takes 0.7 s, the worst texts known 4 s for 1 MiB; on a slow or busy machine many times that. */
const LIMIT_MS = 60_000;
/** The worst texts known take half of it. */
const MEMORY_MIB = 256;
/** Some 20 ms of even the worst text. */
const IN_PLACE_BYTES = 2048;

const NO_MARKS: PartMarks = new Map();

/** As `inspectConfiguration`; a text that takes more than a minute or too much memory is a problem too. Rejects with CANCELLED when the signal aborts. */
export async function inspectApart(text: string | Uint8Array, options: ApartOptions, signal: AbortSignal): Promise<ApartConfiguration> {
  const { inPlaceBytes = IN_PLACE_BYTES, turn = nextTurn } = options;
  if (text.length <= inPlaceBytes) return withMarks(inspectConfiguration(text));
  return inThread({ text }, options, signal, async (take, post) => {
    const ask = async (): Promise<Handover> => {
      await turn();
      post();
      return take();
    };
    return putTogether(await take(), ask);
  });
}

/** As `checkConfiguration`, in a thread unless both texts are short. Rejects with CANCELLED when the signal aborts. */
export async function checkApart(text: string | Uint8Array, before: string | Uint8Array, options: ApartOptions, signal: AbortSignal): Promise<CheckedConfiguration> {
  if (text.length + before.length <= (options.inPlaceBytes ?? IN_PLACE_BYTES)) return checkConfiguration(text, before);
  const answer = await inThread({ text, before }, options, signal, (take) => take());
  return answer.checked ?? { problems: answer.problems ?? [], changes: [] };
}

/** Lets `talk` speak with a thread that inspects; it answers with a problem where the thread takes too long or dies. */
async function inThread<T>(inspection: Inspection, { clock }: ApartOptions, signal: AbortSignal, talk: (take: () => Promise<Handover>, post: () => void) => Promise<T>): Promise<T> {
  const worker = new Worker(new URL("./inspect-worker.ts", import.meta.url), { workerData: inspection, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB } });
  const ended = Promise.withResolvers<Handover>();
  const refuse = (message: string): void => ended.resolve({ problems: [{ line: 1, column: 1, message, remedy: "Is this the right file? Look for text that repeats or nests without end." }] });
  const abort = (): void => ended.reject(new Fault("CANCELLED", "the inspection of the configuration was cancelled", { cause: signal.reason }));
  const cancelLimit = clock.after(LIMIT_MS, () => refuse(`checking the file was given up after ${LIMIT_MS / 1000} s.`));
  worker.once("error", (error) => refuse(`the file cannot be checked: ${asFault(error).message}.`));
  worker.once("exit", () => refuse("the file cannot be checked: its check ended without an answer."));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const take = (): Promise<Handover> => Promise.race([new Promise<Handover>((resolve) => void worker.once("message", resolve)), ended.promise]);
  try {
    return await talk(take, () => worker.postMessage(undefined));
  } finally {
    signal.removeEventListener("abort", abort);
    cancelLimit();
    await worker.terminate();
  }
}

/** Takes the machines over portion by portion: all at once they would hold the event loop for some 20 ms. */
async function putTogether(first: Handover, ask: () => Promise<Handover>): Promise<ApartConfiguration> {
  if (first.rest === undefined) return { problems: first.problems ?? [], configuration: undefined, marks: NO_MARKS };
  const assets: Configuration["assets"][number][] = [];
  for (let left = first.more; left > 0; left -= 1) {
    const portion = await ask();
    if (portion.assets === undefined) return { problems: portion.problems ?? [], configuration: undefined, marks: NO_MARKS };
    for (const asset of portion.assets) assets.push(freeze(asset));
  }
  return { problems: [], configuration: freeze({ ...first.rest, assets }), marks: first.marks };
}

function withMarks(inspected: InspectedConfiguration): ApartConfiguration {
  return { ...inspected, marks: inspected.configuration === undefined ? NO_MARKS : markParts(inspected.configuration) };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** A configuration that can be used. */
export interface MarkedConfiguration {
  readonly configuration: Configuration;
  readonly marks: PartMarks;
}

/** As `loadConfiguration`. */
export async function loadApart(text: string | Uint8Array, fileName: string, options: ApartOptions, signal: AbortSignal): Promise<MarkedConfiguration> {
  const inspected = await inspectApart(text, options, signal);
  return { configuration: demandConfiguration(inspected, fileName), marks: inspected.marks };
}
