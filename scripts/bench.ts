#!/usr/bin/env node
// Measures the figures of DESIGN §8 that concern readings, memory and start; never fails for a figure.
//
// node scripts/bench.ts [--quick] [--only forward,latency,start,drain,soak] [--json FILE]

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { asFault } from "../drivers/contract/fault.ts";
import { collectorCeiling, generatorCeiling } from "../test/bench/ceilings.ts";
import { EXTENTS, measureDrain, measureForward, measureLatency, measureSoak, measureStart, type Figures } from "../test/bench/parts.ts";
import { hasMosquitto } from "../test/bench/rig.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false }, only: { type: "string" }, json: { type: "string" } } });
const extent = EXTENTS[values.quick ? "quick" : "full"];
const parts = { forward: measureForward, latency: measureLatency, start: measureStart, drain: measureDrain, soak: measureSoak } as const;
const goals: Readonly<Record<string, string>> = {
  "forward.ratio": "≥ 1.0",
  "forward.perSecond": "",
  "forward.p50Ms": "",
  "forward.p99Ms": "≤ 10",
  "memory.pssMb": "≤ 320",
  "start.seconds": "≤ 2",
  "drain.perSecond": "≥ 20,000",
  "drain.liveP99Ms": "≤ 100",
  "soak.lost": "0",
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const figures: Figures = {};

if (!hasMosquitto()) {
  say("not measured: mosquitto is not installed, which is both the cloud's broker and what Weir is compared with");
  process.exit(0);
}
say(`${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}`);
say(`generator and collector alone: ${(await generatorCeiling(extent.reportMs / 2)).toFixed(0)} messages/s over the wire; collector alone: ${collectorCeiling(500).toFixed(0)} readings/s in batches`);
const only = values.only?.split(",");
for (const [name, measurePart] of Object.entries(parts)) {
  if (only !== undefined && !only.includes(name)) continue;
  say(`\n${name}`);
  try {
    Object.assign(figures, await measurePart(extent, (line) => say(`  ${line}`)));
  } catch (error) {
    say(`  not measured: ${asFault(error)}`);
  }
}

say(`\n${"figure".padEnd(28)}${"measured".padStart(12)}  goal`);
for (const [name, value] of Object.entries(figures)) say(`${name.padEnd(28)}${(value === null ? "none" : value.toFixed(value < 100 ? 2 : 0)).padStart(12)}  ${goals[name] ?? ""}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
