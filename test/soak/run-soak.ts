// The soak: zones of a loaded gateway are killed at random; then the ledgers of machines and cloud are compared.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { compareLedgers, hasFailed, type Comparison } from "../../firmware/simulator/ledger-compare.ts";
import { makeRandom } from "../../firmware/simulator/random.ts";
import { hasMosquitto, startCollector, startGateway, startMachinesProgram, startMosquitto, until, untilReading, writeConfiguration, type Broker, type Collecting, type Gateway, type RunningMachines } from "../bench/rig.ts";
import { damageOutbox, restoreState, saveState, setAside } from "./damage.ts";

export interface SoakOptions {
  readonly kills: number;
  readonly seed: number;
  readonly machines: number;
  /** Readings per second of each machine. */
  readonly rate: number;
  readonly meanMs: number;
  /** mosquitto with the collector behind it, or the local cloud. */
  readonly cloud: "mosquitto" | "local";
  /** One damaged outbox and one restored state in between. */
  readonly hasDamage: boolean;
  /** Where everything is kept for a look; where none is named, a temporary folder that is removed when nothing was lost. */
  readonly folder?: string;
}

export interface SoakResult {
  readonly options: SoakOptions;
  readonly kills: Readonly<Record<string, number>>;
  readonly brokerPauses: number;
  /** What core set aside after the damage. */
  readonly setAside: readonly string[];
  readonly seconds: number;
  readonly comparison: Comparison;
  readonly hasFailed: boolean;
}

export const SOAK_DEFAULTS: SoakOptions = { kills: 30, seed: 1, machines: 5, rate: 200, meanMs: 600, cloud: hasMosquitto() ? "mosquitto" : "local", hasDamage: true };

const drainLimitMs = 180_000;

/** Runs it to its end and leaves no process. `say` gets a line for each thing that happens. Throws an Error where it cannot go on. */
export async function runSoak(options: SoakOptions, say: (line: string) => void): Promise<SoakResult> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "weir-soak-"));
  const rig = await startRig(options, folder);
  const startedMs = systemClock.uptimeMs();
  const tally: Tally = { kills: {}, brokerPauses: 0, setAside: [] };
  try {
    await untilReading(rig.gateway, options.machines);
    await killAtRandom(rig, options, tally, say);
    await drain(rig, say);
    await rig.close();
    const comparison = compareLedgers([rig.machineLedger], [rig.cloudLedger]);
    if (options.folder === undefined && !hasFailed(comparison)) rmSync(folder, { recursive: true, force: true });
    else say(`kept for a look: ${folder}`);
    return { options, ...tally, seconds: Math.round((systemClock.uptimeMs() - startedMs) / 1000), comparison, hasFailed: hasFailed(comparison) };
  } catch (error) {
    say(`kept for a look: ${folder}`);
    throw error;
  } finally {
    await rig.close();
  }
}

interface Tally {
  readonly kills: Record<string, number>;
  brokerPauses: number;
  setAside: readonly string[];
}

interface Rig {
  readonly folder: string;
  readonly machines: RunningMachines;
  readonly broker: Broker | undefined;
  readonly collector: Collecting;
  readonly machineLedger: string;
  readonly cloudLedger: string;
  gateway: Gateway;
  close(): Promise<void>;
}

async function startRig(options: SoakOptions, folder: string): Promise<Rig> {
  const machineLedger = join(folder, "machines.ndjson");
  const cloudLedger = join(folder, "cloud.ndjson");
  const broker = options.cloud === "mosquitto" ? await startMosquitto(folder, "mosquitto") : undefined;
  const collector = await startCollector(folder, "collector", ["--ledger", cloudLedger], broker?.url);
  const machines = await startMachinesProgram(folder, "machines", options.machines, ["--rate", String(options.rate), "--events-per-minute", "60", "--seed", String(options.seed), "--ledger", machineLedger]);
  const cloud = { url: collector.url, mqttVersion: broker === undefined ? "3.1.1" : "5" };
  writeConfiguration({ folder, assetsFiles: [machines.assetsFile], cloud });
  const rig: Rig = {
    folder,
    machines,
    broker,
    collector,
    machineLedger,
    cloudLedger,
    gateway: startGateway(folder),
    async close() {
      await rig.gateway.close();
      await machines.program.stop();
      await collector.program.stop();
      broker?.program.kill("SIGCONT");
      await broker?.program.stop();
    },
  };
  return rig;
}

async function killAtRandom(rig: Rig, options: SoakOptions, tally: Tally, say: (line: string) => void): Promise<void> {
  const random = makeRandom(options.seed);
  const never = new AbortController().signal;
  const damageAt = options.hasDamage ? Math.floor(options.kills * 0.4) : -1;
  const restoreAt = options.hasDamage ? Math.floor(options.kills * 0.7) : -1;
  for (let kill = 1; kill <= options.kills; kill += 1) {
    await systemClock.sleep(options.meanMs * (0.5 + random()), never);
    const victim = await killOne(rig, pickVictim(random()));
    tally.kills[victim] = (tally.kills[victim] ?? 0) + 1;
    say(`kill ${kill} of ${options.kills}: ${victim}`);
    if (rig.broker !== undefined && random() < 0.05) {
      tally.brokerPauses += 1;
      await pauseBroker(rig.broker, 300 + random() * 1500, say);
    }
    if (kill === damageAt) await damageOnce(rig, tally, say);
    if (kill === restoreAt) await restoreOnce(rig, say);
  }
}

type Victim = "core" | "field" | "cloud" | "supervisor";

function pickVictim(chance: number): Victim {
  if (chance < 0.04) return "supervisor";
  if (chance < 0.4) return "core";
  return chance < 0.7 ? "field" : "cloud";
}

/** Kills the zone that was drawn, or another one that runs when it is just being started again. Says which. */
async function killOne(rig: Rig, drawn: Victim): Promise<Victim> {
  if (drawn === "supervisor") {
    const zones = [...rig.gateway.zones().values()];
    rig.gateway.program.kill("SIGKILL");
    await rig.gateway.close();
    await until("no zone outlives its supervisor", 10_000, () => zones.every((pid) => !isAlive(pid)));
    rig.gateway = startGateway(rig.folder);
    return drawn;
  }
  // Without this patience the kills would all fall on core, which starts first and is killed before the others come.
  const sinceMs = systemClock.uptimeMs();
  const mayKill = (): boolean => rig.gateway.zones().has(drawn) || (rig.gateway.zones().size > 0 && systemClock.uptimeMs() - sinceMs > patienceMs);
  await until("a zone runs", 60_000, mayKill, 10);
  const zones = rig.gateway.zones();
  const victim = zones.has(drawn) ? drawn : killable.find((name) => zones.has(name));
  const pid = zones.get(victim ?? drawn);
  if (pid !== undefined && isAlive(pid)) process.kill(pid, "SIGKILL");
  return victim ?? drawn;
}

const patienceMs = 4000;
const killable = ["field", "cloud", "core"] as const;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function pauseBroker(broker: Broker, ms: number, say: (line: string) => void): Promise<void> {
  say(`broker paused for ${Math.round(ms)} ms`);
  broker.program.kill("SIGSTOP");
  await systemClock.sleep(ms, new AbortController().signal);
  broker.program.kill("SIGCONT");
}

async function damageOnce(rig: Rig, tally: Tally, say: (line: string) => void): Promise<void> {
  const { dataDir } = rig.gateway;
  await rig.gateway.close();
  saveState(dataDir, rig.folder);
  damageOutbox(dataDir);
  say("outbox.db damaged while the gateway stands still");
  rig.gateway = startGateway(rig.folder);
  await until("the damaged outbox is set aside", 60_000, () => setAside(dataDir).length > 0);
  tally.setAside = setAside(dataDir);
  say(`set aside: ${tally.setAside.join(", ")}`);
}

async function restoreOnce(rig: Rig, say: (line: string) => void): Promise<void> {
  const { dataDir } = rig.gateway;
  await rig.gateway.close();
  restoreState(dataDir, rig.folder);
  say("state.db restored from an earlier copy");
  rig.gateway = startGateway(rig.folder);
}

/** Ends the load and waits until machines, outbox and broker hold nothing any more. */
async function drain(rig: Rig, say: (line: string) => void): Promise<void> {
  rig.machines.program.kill("SIGUSR2");
  say("the load has ended; waiting until everything is delivered");
  await until("every reading is acknowledged to its machine", drainLimitMs, () => rig.machines.figures()?.pending === 0);
  await until("the outbox is empty", drainLimitMs, async (signal) => (await rig.gateway.status(signal)).outbox.queued === 0, 200);
  let before = -1;
  await until("the collector has what the broker holds", drainLimitMs, async () => {
    const { messages } = (await rig.collector.program.next("figures")) as { messages: number };
    const isQuiet = messages === before;
    before = messages;
    return isQuiet;
  });
}
