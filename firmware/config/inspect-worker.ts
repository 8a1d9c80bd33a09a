// The thread that `inspectApart` starts: inspects one text and hands over what it found, one portion for each that is asked for.

import { parentPort, workerData } from "node:worker_threads";
import { markParts } from "./compare.ts";
import type { Handover } from "./inspect-apart.ts";
import { inspectConfiguration } from "./load.ts";
import type { Configuration } from "./schema.ts";

/** Machines in one portion: well below a millisecond for the thread that takes it. */
const PORTION = 50;

const { problems, configuration } = inspectConfiguration(workerData as string | Uint8Array);
const portions: Handover[] = configuration === undefined ? [{ problems }] : cut(configuration);
parentPort?.on("message", () => parentPort?.postMessage(portions.shift()));
parentPort?.postMessage(portions.shift());

function cut(whole: Configuration): Handover[] {
  const cutAssets: Handover[] = [];
  for (let from = 0; from < whole.assets.length; from += PORTION) cutAssets.push({ assets: whole.assets.slice(from, from + PORTION) });
  return [{ problems: [], rest: { ...whole, assets: [] }, marks: markParts(whole), more: cutAssets.length }, ...cutAssets];
}
