// The thread that `inspectApart` starts: inspects one text and hands over what it found, one portion for each that is asked for.

import { parentPort, workerData } from "node:worker_threads";
import { checkConfiguration } from "./check.ts";
import { markParts } from "./compare.ts";
import type { Handover, Inspection } from "./inspect-apart.ts";
import { inspectConfiguration } from "./load.ts";
import type { Configuration } from "./schema.ts";

/** Machines in one portion: well below a millisecond for the thread that takes it. */
const PORTION = 50;

const { text, before } = workerData as Inspection;
const portions: Handover[] = before === undefined ? inspect(text) : [{ checked: checkConfiguration(text, before) }];
parentPort?.on("message", () => parentPort?.postMessage(portions.shift()));
parentPort?.postMessage(portions.shift());

function inspect(whole: string | Uint8Array): Handover[] {
  const { problems, configuration } = inspectConfiguration(whole);
  return configuration === undefined ? [{ problems }] : cut(configuration);
}

function cut(whole: Configuration): Handover[] {
  const cutAssets: Handover[] = [];
  for (let from = 0; from < whole.assets.length; from += PORTION) cutAssets.push({ assets: whole.assets.slice(from, from + PORTION) });
  return [{ problems: [], rest: { ...whole, assets: [] }, marks: markParts(whole), more: cutAssets.length }, ...cutAssets];
}
