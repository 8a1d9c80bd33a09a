// What the load generator and the collector can do alone, so that neither is what the bench measures.

import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { makeCollector } from "../../firmware/simulator/collector.ts";
import { openLedger } from "../../firmware/simulator/ledger-file.ts";
import { measure } from "./measure.ts";
import { startCollector, startMachinesProgram } from "./rig.ts";
import { makeFolder, type Setup } from "./setups.ts";

/** Messages per second from one machine straight to a collector: neither can do less. */
export async function generatorCeiling(reportMs: number): Promise<number> {
  const { folder, remove } = makeFolder();
  const machines = await startMachinesProgram(folder, "machines", 1, ["--rate", "max", "--payload-bytes", "300", "--events-per-minute", "0"]);
  try {
    const collector = await startCollector(folder, "collector", ["--report", String(reportMs), "--filter", "miko/v1/+/points/+"], machines.publishUrls[0]);
    const setup: Setup = { machines, collector, parts: () => new Map(), close: collector.program.stop };
    try {
      return (await measure(setup)).perSecond;
    } finally {
      await setup.close();
    }
  } finally {
    await machines.program.stop();
    remove();
  }
}

const batch = 400;

/** Readings per second that the collector can read and check in batches, on one core. */
export function collectorCeiling(ms: number): number {
  const collector = makeCollector(systemClock, openLedger(undefined));
  const startedMs = systemClock.uptimeMs();
  let seq = 0;
  while (systemClock.uptimeMs() - startedMs < ms) {
    const time = new Date(systemClock.now()).toISOString();
    const readings = Array.from({ length: batch }, () => ({ seq: ++seq, asset: "urn:weir:Weir%20Simulation:Alpha%20550:A1000", point: "crimp/force", value: 2400.5, quality: "good", unit: "N", sourceTime: time, gatewayTime: time }));
    collector.take("weir/v1/rig/telemetry", Buffer.from(JSON.stringify({ gateway: "rig", stream: "s", readings })));
  }
  return (seq * 1000) / (systemClock.uptimeMs() - startedMs);
}
