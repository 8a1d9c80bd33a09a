#!/usr/bin/env node
// Measures what floods from one machine do to the readings of the others, on a booted appliance in namespaces. Needs root and `make deps-test`.
//
// node scripts/flood.ts [--seconds 20] [--rate 50] [--packets 10000] [--json FILE]

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { systemClock } from "../firmware/runtime/system-clock.ts";
import { FLOOD_NAMES, flood, flowWithin, readJourneys, startFloodedSite, type FloodResult } from "../test/appliance/flood.ts";
import { MACHINES } from "../test/appliance/neighbourhood.ts";
import { attempt, type TestContext } from "../test/support/attempt.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "20" }, rate: { type: "string", default: "50" }, packets: { type: "string", default: "10000" }, json: { type: "string" } } });
const seconds = Number(values.seconds);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** No flood, for comparison. */
async function quiet({ signal }: TestContext): Promise<FloodResult> {
  const fromMs = systemClock.now();
  await systemClock.sleep(seconds * 1000, signal);
  return { fromMs, toMs: systemClock.now(), sent: 0, dropped: 0 };
}

say(`${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}; ${MACHINES.length} machines with ${values.rate} readings/s each, ${seconds} s per row`);
await attempt(async (context) => {
  const site = await startFloodedSite(context, Number(values.rate));
  const { neighbours, appliance } = site;
  await systemClock.sleep(5000, context.signal);
  const rows: [string, FloodResult][] = [["before", await quiet(context)]];
  for (const names of [...FLOOD_NAMES.map((name) => [name]), FLOOD_NAMES]) {
    rows.push([names.length === 1 ? names.join() : "all at once", await flood(context, site, { names, seconds, rate: Number(values.packets) })]);
  }
  rows.push(["after", await quiet(context)]);
  const { lost, acknowledged } = await neighbours.settle(appliance);
  const journeys = readJourneys(neighbours.folder, MACHINES.map(({ name }) => name));
  say(`\n${"flood".padEnd(30)}${["packets/s", "cut off", "readings/s", "p50 ms", "p99 ms", "max ms"].map((head) => head.padStart(12)).join("")}`);
  const figures = rows.map(([name, result]) => {
    const lasted = (result.toMs - result.fromMs) / 1000;
    const { made, p50Ms, p99Ms, maxMs } = flowWithin(journeys, result);
    return { name, packetsPerSecond: result.sent / seconds, cutOff: result.sent === 0 ? 0 : result.dropped / result.sent, readingsPerSecond: made / lasted, p50Ms, p99Ms, maxMs };
  });
  for (const { name, packetsPerSecond, cutOff, readingsPerSecond, p50Ms, p99Ms, maxMs } of figures) {
    say(`${name.padEnd(30)}${[packetsPerSecond.toFixed(0), `${(cutOff * 100).toFixed(1)} %`, readingsPerSecond.toFixed(0), p50Ms.toFixed(1), p99Ms.toFixed(1), maxMs.toFixed(1)].map((cell) => cell.padStart(12)).join("")}`);
  }
  say(`\nlost: ${lost} of ${acknowledged}`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ lost, acknowledged, figures }, null, 2)}\n`);
}, 900_000);
