// The parts of the bench: each measures some figures of DESIGN §8 and prints how it came to them.

import { systemClock } from "../../firmware/runtime/system-clock.ts";
import type { CollectorFigures } from "../../firmware/simulator/collector.ts";
import { runSoak, SOAK_DEFAULTS } from "../soak/run-soak.ts";
import { describeCost, measure, median, type Measured } from "./measure.ts";
import { pssKbOf } from "./program.ts";
import { startCollector, startGateway, startMachinesProgram, startMosquitto, until, writeConfiguration } from "./rig.ts";
import { makeFolder, startSetup, type Load, type Way } from "./setups.ts";

export type Figures = Record<string, number | null>;
export type Say = (line: string) => void;

/** How much is measured: `full` for figures to publish, `quick` to see that it runs. */
export interface Extent {
  readonly rounds: number;
  readonly reportMs: number;
  readonly starts: number;
  readonly backlog: number;
  readonly kills: number;
}

export const EXTENTS = {
  full: { rounds: 3, reportMs: 4000, starts: 5, backlog: 1_000_000, kills: 20 },
  quick: { rounds: 1, reportMs: 1500, starts: 1, backlog: 50_000, kills: 3 },
} as const satisfies Record<string, Extent>;

const messageBytes = 300;
const machineCount = 5;

async function once(way: Way, load: Load, extra: (zones: ReadonlyMap<string, number>) => void = () => undefined): Promise<Measured> {
  const setup = await startSetup(way, load);
  try {
    const measured = await measure(setup);
    if (setup.gateway !== undefined) extra(setup.gateway.zones());
    return measured;
  } finally {
    await setup.close();
  }
}

/** Readings per second that are offered to the bridge: flooded, it spends its time on its own queue. */
const bridgeOffers = ["max", 22_000, 28_000] as const;

/**
 * Throughput against the bridge, the rounds taking turns. In the first round the bridge gets several loads, afterwards
 * the one that suits it best.
 */
export async function measureForward(extent: Extent, say: Say): Promise<Figures> {
  const rates: Record<Way, number[]> = { ingest: [], bridge: [], brokers: [] };
  const load = (offer: number | "max"): Load => ({ machines: machineCount, rate: offer === "max" ? offer : offer / machineCount, payloadBytes: messageBytes, reportMs: extent.reportMs });
  const run = async (way: Way, offer: number | "max"): Promise<number> => {
    const measured = await once(way, load(offer));
    say(`${way.padEnd(7)} offered ${String(offer).padEnd(6)}: ${measured.perSecond.toFixed(0)} readings/s; CPU µs per reading: ${describeCost(measured)}`);
    return measured.perSecond;
  };
  let best: { readonly offer: number | "max"; readonly rate: number } = { offer: "max", rate: 0 };
  for (let round = 1; round <= extent.rounds; round += 1) {
    for (const offer of round === 1 ? bridgeOffers : [best.offer]) {
      const rate = await run("bridge", offer);
      if (round > 1) rates.bridge.push(rate);
      else if (rate > best.rate) best = { offer, rate };
    }
    if (round === 1) rates.bridge.push(best.rate);
    rates.ingest.push(await run("ingest", "max"));
    rates.brokers.push(await run("brokers", "max"));
  }
  const ratios = rates.ingest.map((rate, index) => rate / (rates.bridge[index] ?? Number.NaN));
  return { "forward.perSecond": median(rates.ingest), "forward.ratio": median(ratios), "forward.bridgePerSecond": median(rates.bridge), "forward.brokersPerSecond": median(rates.brokers) };
}

/** Latency at 1,000 messages/s, and the memory of the zones while they carry them. */
export async function measureLatency(extent: Extent, say: Say): Promise<Figures> {
  const load: Load = { machines: machineCount, rate: 1000 / machineCount, payloadBytes: messageBytes, reportMs: extent.reportMs * 2 };
  const bridge = await once("bridge", load);
  const memory = new Map<string, number>();
  const weir = await once("ingest", load, (zones) => zones.forEach((pid, name) => memory.set(name, pssKbOf(pid) / 1024)));
  const brokers = await once("brokers", load);
  for (const [name, { p50Ms, p99Ms, perSecond }] of [["bridge", bridge], ["ingest", weir], ["brokers", brokers]] as const) {
    say(`${name.padEnd(7)}: p50 ${p50Ms?.toFixed(2)} ms, p99 ${p99Ms?.toFixed(2)} ms at ${perSecond.toFixed(0)} readings/s`);
  }
  say(`CPU µs per reading: ${describeCost(weir)}`);
  say(`PSS of the zones that run today: ${[...memory].map(([name, mb]) => `${name} ${mb.toFixed(1)} MB`).join(", ")}`);
  const pssMb = [...memory.values()].reduce((sum, mb) => sum + mb, 0);
  return { "forward.p50Ms": weir.p50Ms, "forward.p99Ms": weir.p99Ms, "forward.bridgeP99Ms": bridge.p99Ms, "forward.brokersP99Ms": brokers.p99Ms, "memory.pssMb": pssMb };
}

/** From the start of the process until all zones say that they run. */
export async function measureStart(extent: Extent, say: Say): Promise<Figures> {
  const seconds: number[] = [];
  const { folder, remove } = makeFolder();
  writeConfiguration({ folder, assetsFiles: [], cloud: { url: "mqtt://127.0.0.1:9" } });
  try {
    // The first start makes the databases and fills the compile cache; it is not counted.
    for (let start = 0; start <= extent.starts; start += 1) {
      const startedMs = systemClock.uptimeMs();
      const gateway = startGateway(folder);
      const areRunning = async (signal: AbortSignal): Promise<boolean> => {
        const zones = Object.values((await gateway.status(signal)).zones);
        return zones.length > 1 && zones.every(({ state }) => state === "running" || state === "idle");
      };
      try {
        await until("all zones run", 30_000, areRunning, 5);
        if (start > 0) seconds.push((systemClock.uptimeMs() - startedMs) / 1000);
      } finally {
        await gateway.close();
      }
    }
  } finally {
    remove();
  }
  say(`starts: ${seconds.map((value) => value.toFixed(2)).join(", ")} s`);
  return { "start.seconds": median(seconds) };
}

/** A backlog to the cloud while 1,000 readings/s arrive beside it. */
export async function measureDrain(extent: Extent, say: Say): Promise<Figures> {
  const { folder, remove } = makeFolder();
  const cleanUps: (() => unknown)[] = [remove];
  try {
    const broker = await startMosquitto(folder, "cloud");
    cleanUps.push(broker.program.stop);
    const collector = await startCollector(folder, "collector", ["--report", "1000"], broker.url);
    cleanUps.push(collector.program.stop);
    const sources = await startMachinesProgram(folder, "backlog", machineCount, ["--rate", "max", "--payload-bytes", String(messageBytes), "--events-per-minute", "0"]);
    cleanUps.push(sources.program.stop);
    const setup = { folder, assetsFiles: [sources.assetsFile], cloud: { url: "mqtt://127.0.0.1:9" } };
    writeConfiguration(setup);
    let gateway = startGateway(folder);
    cleanUps.push(() => gateway.close());
    await until("the backlog is there", 180_000, () => (sources.figures()?.acknowledged ?? 0) >= extent.backlog, 100);
    sources.program.kill("SIGUSR2");
    await until("the machines are done", 60_000, () => sources.figures()?.pending === 0);
    await gateway.close();
    const live = await startMachinesProgram(folder, "live", 1, ["--rate", "1000", "--first", String(machineCount), "--payload-bytes", String(messageBytes), "--events-per-minute", "0"]);
    cleanUps.push(live.program.stop);
    writeConfiguration({ ...setup, assetsFiles: [sources.assetsFile, live.assetsFile], cloud: { url: broker.url } });
    gateway = startGateway(folder);
    return await watchDrain(collector.program, sources.figures()?.acknowledged ?? 0, say);
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  }
}

async function watchDrain(program: { next(member: string): Promise<unknown>; newest(member: string): unknown }, backlog: number, say: Say): Promise<Figures> {
  const reports: { readonly readings: number; readonly atMs: number; readonly p99Ms: number | null }[] = [];
  const limit = systemClock.uptimeMs() + 240_000;
  for (let last = 0; last < backlog && systemClock.uptimeMs() < limit; ) {
    const figures = (await program.next("figures")) as CollectorFigures;
    last = figures.readings;
    if (last > 0) reports.push({ readings: last, atMs: Number(program.newest("atMs")), p99Ms: figures.p99Ms });
  }
  // The first second holds the connection; the last one the end of the backlog.
  const [from, to] = [reports[0], reports.at(-2) ?? reports.at(-1)];
  if (from === undefined || to === undefined || to.atMs <= from.atMs) return { "drain.perSecond": null };
  const perSecond = ((to.readings - from.readings) * 1000) / (to.atMs - from.atMs) - 1000;
  const tails = reports.slice(1, -1).flatMap(({ p99Ms }) => (p99Ms === null ? [] : [p99Ms]));
  say(`backlog of ${backlog} drained at ${perSecond.toFixed(0)} readings/s beside 1,000/s live; live p99 by second: median ${median(tails).toFixed(1)} ms, worst ${Math.max(...tails).toFixed(1)} ms`);
  return { "drain.perSecond": perSecond, "drain.liveP99Ms": median(tails) };
}

/** A short soak; `make soak` is the long one. */
export async function measureSoak(extent: Extent, say: Say): Promise<Figures> {
  const { comparison, seconds } = await runSoak({ ...SOAK_DEFAULTS, kills: extent.kills, hasDamage: false }, () => undefined);
  say(`${extent.kills} kills in ${seconds} s: ${comparison.acknowledged} acknowledged, ${comparison.lost} lost, ${comparison.uplinkDuplicates.sameSeq} repeated by the uplink`);
  return { "soak.lost": comparison.lost };
}
