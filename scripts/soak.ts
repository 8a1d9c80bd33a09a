#!/usr/bin/env node
// Kills the zones of a loaded gateway at random and compares what machines saw acknowledged with what the cloud received.
//
// node scripts/soak.ts [--kills N] [--seed S] [--machines N] [--rate R] [--mean-ms MS] [--cloud mosquitto|local] [--no-damage] [--folder DIR] [--json FILE]

import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeComparison } from "../firmware/simulator/ledger-text.ts";
import { runSoak, SOAK_DEFAULTS, type SoakOptions } from "../test/soak/run-soak.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: String(SOAK_DEFAULTS.kills) },
    seed: { type: "string", default: String(SOAK_DEFAULTS.seed) },
    machines: { type: "string", default: String(SOAK_DEFAULTS.machines) },
    rate: { type: "string", default: String(SOAK_DEFAULTS.rate) },
    "mean-ms": { type: "string", default: String(SOAK_DEFAULTS.meanMs) },
    cloud: { type: "string", default: SOAK_DEFAULTS.cloud },
    "no-damage": { type: "boolean", default: false },
    folder: { type: "string" },
    json: { type: "string" },
  },
});

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} ${text}: give a whole number\n`);
  return process.exit(2);
}

const options: SoakOptions = {
  kills: whole("kills", values.kills),
  seed: whole("seed", values.seed),
  machines: whole("machines", values.machines),
  rate: whole("rate", values.rate),
  meanMs: whole("mean-ms", values["mean-ms"]),
  cloud: values.cloud === "local" ? "local" : "mosquitto",
  hasDamage: !values["no-damage"],
  ...(values.folder === undefined ? {} : { folder: values.folder }),
};
if (values.folder !== undefined) mkdirSync(values.folder, { recursive: true });

const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`seed ${options.seed}, ${options.kills} kills, ${options.machines} machines with ${options.rate} readings/s each, cloud: ${options.cloud}`);
const result = await runSoak(options, say);
say(`\n${describeComparison(result.comparison)}`);
say(`killed: ${Object.entries(result.kills).map(([zone, count]) => `${zone} ${count}`).join(", ")}; broker paused ${result.brokerPauses} times; ${result.seconds} s`);
say(result.hasFailed ? "FAILED: a reading was lost, or came twice without the same (stream, seq)" : "nothing lost");
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ "soak.lost": result.comparison.lost, ...result }, null, 2)}\n`);
process.exitCode = result.hasFailed ? 1 : 0;
