// The soak: zones of a loaded gateway are killed at random; then the ledgers of machines and cloud are compared.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { compareLedgers, hasFailed, type Comparison } from "../../firmware/simulator/ledger-compare.ts";
import { seededRandom } from "../../firmware/runtime/backoff.ts";
import { hasMosquitto, startGateway, until, untilReading } from "../bench/rig.ts";
import { troubleBroker, type Trouble } from "./broker-trouble.ts";
import { damageOutbox, restoreState, saveState, setAside } from "./damage.ts";
import { killOne, pickVictim } from "./kills.ts";
import { measureRestart, summarizeRestarts, untilCalm, type Restart, type RestartFigures } from "./restarts.ts";
import { startRig, type Load, type Rig } from "./rig.ts";

export interface SoakOptions extends Load {
  readonly kills: number;
  readonly meanMs: number;
  /** One damaged outbox and one restored state in between. */
  readonly hasDamage: boolean;
  /** Where everything is kept for a look; where none is named, a temporary folder that is removed when nothing was lost. */
  readonly folder?: string;
}

export interface SoakResult {
  readonly options: SoakOptions;
  readonly kills: Readonly<Record<string, number>>;
  readonly brokerTroubles: Readonly<Record<Trouble, number>>;
  readonly restarts: RestartFigures;
  /** What core set aside after the damage. */
  readonly setAside: readonly string[];
  readonly seconds: number;
  readonly comparison: Comparison;
  readonly hasFailed: boolean;
}

export const SOAK_DEFAULTS: SoakOptions = { kills: 30, seed: 1, machines: 5, rate: 200, meanMs: 600, cloud: hasMosquitto() ? "mosquitto" : "local", source: "ingest", hasDamage: true };

const drainLimitMs = 180_000;
/** After so many kills each the broker has trouble: a stop and a kill in turn, which meets the next zones' kills. */
const killsPerTrouble = 6;
/** One kill in so many falls into a calm moment, and the next waits until the zone is back: its time is measured. The others meet. */
const killsPerMeasure = 3;

/** Runs it to its end and leaves no process. `say` gets a line for each thing that happens. Throws an Error where it cannot go on. */
export async function runSoak(options: SoakOptions, say: (line: string) => void): Promise<SoakResult> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "weir-soak-"));
  const rig = await startRig(options, folder);
  const startedMs = systemClock.uptimeMs();
  const tally: Tally = { kills: {}, brokerTroubles: { pause: 0, kill: 0 }, restarts: [], setAside: [] };
  try {
    await untilReading(rig.gateway, options.machines);
    await killAtRandom({ rig, options, tally, say });
    await drain(rig, say);
    await rig.close();
    const comparison = compareLedgers([rig.machineLedger], [rig.cloudLedger]);
    if (options.folder === undefined && !hasFailed(comparison)) rmSync(folder, { recursive: true, force: true });
    else say(`kept for a look: ${folder}`);
    return { options, ...tally, restarts: summarizeRestarts(tally.restarts), seconds: Math.round((systemClock.uptimeMs() - startedMs) / 1000), comparison, hasFailed: hasFailed(comparison) };
  } catch (error) {
    say(`kept for a look: ${folder}`);
    throw error;
  } finally {
    await rig.close();
  }
}

interface Tally {
  readonly kills: Record<string, number>;
  readonly brokerTroubles: Record<Trouble, number>;
  readonly restarts: Restart[];
  setAside: readonly string[];
}

interface Run {
  readonly rig: Rig;
  readonly options: SoakOptions;
  readonly tally: Tally;
  say(line: string): void;
}

async function killAtRandom(run: Run): Promise<void> {
  const { rig, options, tally, say } = run;
  const random = seededRandom(options.seed);
  const damageAt = options.hasDamage ? Math.floor(options.kills * 0.4) : -1;
  const restoreAt = options.hasDamage ? Math.floor(options.kills * 0.7) : -1;
  let trouble = Promise.resolve();
  for (let kill = 1; kill <= options.kills; kill += 1) {
    await systemClock.sleep(options.meanMs * (0.5 + random()), new AbortController().signal);
    const isMeasured = kill % killsPerMeasure === 0;
    if (isMeasured) await untilCalm(rig.gateway);
    const { victim, pid } = await killOne(rig, pickVictim(random()));
    tally.kills[victim] = (tally.kills[victim] ?? 0) + 1;
    const restart = isMeasured && pid !== undefined ? await measureRestart(rig.gateway, victim, pid) : undefined;
    if (restart !== undefined) tally.restarts.push(restart);
    say(`kill ${kill} of ${options.kills}: ${victim}${restart === undefined ? "" : `, back after ${restart.ms} ms`}`);
    if (kill % killsPerTrouble === 0) {
      await trouble;
      trouble = beginTrouble(run, kill / killsPerTrouble, random());
    }
    if (kill === damageAt) await damageOnce(rig, tally, say);
    if (kill === restoreAt) await restoreOnce(rig, say);
  }
  await trouble;
}

/** Only a broker whose ledger does not depend on its memory is killed. */
function beginTrouble({ rig: { broker, mayForget }, tally, say }: Run, turn: number, chance: number): Promise<void> {
  if (broker === undefined) return Promise.resolve();
  const trouble: Trouble = mayForget && turn % 2 === 0 ? "kill" : "pause";
  tally.brokerTroubles[trouble] += 1;
  const done = troubleBroker(broker, trouble, chance, say);
  // It is awaited later; until then its failure is nobody's.
  done.catch(() => undefined);
  return done;
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
  const paused = rig.machines.program.next("paused");
  rig.machines.program.kill("SIGUSR2");
  // Only what is reported after the pause counts: under load, too, nothing may wait for a moment.
  await paused;
  await rig.machines.program.next("figures");
  say("the load has ended; waiting until everything is delivered");
  await until("every reading is acknowledged to its machine", drainLimitMs, () => rig.machines.figures()?.pending === 0);
  await until("the outbox is empty", drainLimitMs, async (signal) => (await rig.gateway.status(signal)).outbox.queued === 0, 200);
  await rig.untilCollected(drainLimitMs);
}
