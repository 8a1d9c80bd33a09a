#!/usr/bin/env node
// Kills the zones of a loaded gateway and its broker at random and compares what machines saw acknowledged with what the cloud received.
//
// node scripts/soak.ts [--kills N] [--seed S] [--machines N] [--rate R] [--mean-ms MS] [--cloud mosquitto|subscriber|local] [--source ingest|brokers] [--no-damage] [--folder DIR] [--json FILE]

import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { describeComparison } from "../firmware/simulator/ledger-text.ts";
import { SOURCES } from "../test/bench/ingest-door.ts";
import { runSoak, SOAK_DEFAULTS, type SoakOptions } from "../test/soak/run-soak.ts";
import { CLOUDS } from "../test/soak/rig.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: String(SOAK_DEFAULTS.kills) },
    seed: { type: "string", default: String(SOAK_DEFAULTS.seed) },
    machines: { type: "string", default: String(SOAK_DEFAULTS.machines) },
    rate: { type: "string", default: String(SOAK_DEFAULTS.rate) },
    "mean-ms": { type: "string", default: String(SOAK_DEFAULTS.meanMs) },
    cloud: { type: "string", default: SOAK_DEFAULTS.cloud },
    source: { type: "string", default: SOAK_DEFAULTS.source },
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

function oneOf<Kind extends string>(name: string, kinds: readonly Kind[], text: string): Kind {
  const kind = kinds.find((one) => one === text);
  if (kind !== undefined) return kind;
  process.stderr.write(`--${name} ${text}: give one of ${kinds.join(", ")}\n`);
  return process.exit(2);
}

const options: SoakOptions = {
  kills: whole("kills", values.kills),
  seed: whole("seed", values.seed),
  machines: whole("machines", values.machines),
  rate: whole("rate", values.rate),
  meanMs: whole("mean-ms", values["mean-ms"]),
  cloud: oneOf("cloud", CLOUDS, values.cloud),
  source: oneOf("source", SOURCES, values.source),
  hasDamage: !values["no-damage"],
  ...(values.folder === undefined ? {} : { folder: values.folder }),
};
if (values.folder !== undefined) mkdirSync(values.folder, { recursive: true });

const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`seed ${options.seed}, ${options.kills} kills, ${options.machines} machines with ${options.rate} readings/s each, publishing to ${options.source === "ingest" ? "the gateway" : "brokers of their own"}, cloud: ${options.cloud}`);
const result = await runSoak(options, say);
say(`\n${describeComparison(result.comparison)}`);
const { restarts, brokerTroubles } = result;
say(`killed: ${Object.entries(result.kills).map(([zone, count]) => `${zone} ${count}`).join(", ")}; broker stopped ${brokerTroubles.pause} times, killed ${brokerTroubles.kill} times; ${result.seconds} s`);
say(`a killed zone was back after ${restarts.p50Ms} ms (p50), ${restarts.maxMs} ms at most (${Object.entries(restarts.slowestMs).map(([zone, ms]) => `${zone} ${ms}`).join(", ")}), over the ${restarts.measured} kills that met no other. Promise: 2000 ms where the machine is not overloaded; load average ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`);
say(result.hasFailed ? "FAILED: a reading was lost, came twice without the same (stream, seq), or came out of order" : "nothing lost, nothing doubled by the uplink, all in order");
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ "soak.lost": result.comparison.lost, ...result }, null, 2)}\n`);
process.exitCode = result.hasFailed ? 1 : 0;
