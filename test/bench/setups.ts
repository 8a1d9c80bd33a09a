// The two ways a reading travels in the bench: through Weir and through a mosquitto bridge. Everything else is the same for both.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCollector, startGateway, startMachinesProgram, startMosquitto, untilReading, writeConfiguration, type Collecting, type Gateway, type RunningMachines } from "./rig.ts";

export interface Load {
  readonly machines: number;
  /** Readings per second of each machine, or `max`. */
  readonly rate: number | "max";
  readonly payloadBytes: number;
  /** Interval of the collector's reports. */
  readonly reportMs: number;
}

export interface Setup {
  readonly machines: RunningMachines;
  readonly collector: Collecting;
  readonly gateway?: Gateway;
  /** The processes by name, for what they cost. */
  parts(): Map<string, number>;
  close(): Promise<void>;
}

export type Way = "weir" | "bridge";

/** A folder for one setup, gone with it. */
export function makeFolder(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  mkdirSync(folder, { recursive: true });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Starts machines, what is measured, the cloud's broker and the collector behind it; resolves when readings flow. */
export async function startSetup(way: Way, load: Load): Promise<Setup> {
  const { folder, remove } = makeFolder();
  const cleanUps: (() => unknown)[] = [remove];
  const close = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  };
  try {
    const cloudBroker = await startMosquitto(folder, "cloud");
    cleanUps.push(cloudBroker.program.stop);
    const filters = way === "weir" ? [] : ["--filter", "miko/v1/+/points/+"];
    const collector = await startCollector(folder, "collector", ["--report", String(load.reportMs), ...filters], cloudBroker.url);
    cleanUps.push(collector.program.stop);
    const machines = await startMachinesProgram(folder, "machines", load.machines, ["--rate", String(load.rate), "--events-per-minute", "0", "--payload-bytes", String(load.payloadBytes)]);
    cleanUps.push(machines.program.stop);
    const ends = new Map([["machines", machines.program.pid], ["cloud broker", cloudBroker.program.pid], ["collector", collector.program.pid]]);
    if (way === "bridge") {
      const bridge = await startMosquitto(folder, "bridge", bridgeLines(machines.publishUrls, cloudBroker.url));
      cleanUps.push(bridge.program.stop);
      return { machines, collector, parts: () => new Map([...ends, ["bridge", bridge.program.pid]]), close };
    }
    writeConfiguration({ folder, assetsFiles: [machines.assetsFile], cloud: { url: cloudBroker.url } });
    const gateway = startGateway(folder);
    cleanUps.push(gateway.close);
    await untilReading(gateway, load.machines);
    return { machines, collector, gateway, parts: () => new Map([...ends, ["supervisor", gateway.program.pid], ...gateway.zones()]), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A broker that takes everything from the machines' brokers and hands it to the cloud's, QoS 1 both ways. */
function bridgeLines(machines: readonly string[], cloud: string): string[] {
  const link = (name: string, url: string, direction: string): string[] => {
    const { hostname, port } = new URL(url);
    return [`connection ${name}`, `address ${hostname}:${port}`, `topic miko/# ${direction} 1`, "cleansession false", "try_private false", "notifications false", `remote_clientid ${name}`];
  };
  return [...machines.flatMap((url, index) => link(`machine-${index}`, url, "in")), ...link("to-cloud", cloud, "out")];
}
