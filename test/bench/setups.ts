// The ways a reading travels in the bench: through Weir and through a mosquitto bridge. Everything else is the same for all of them.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDoor, publishArgs } from "./ingest-door.ts";
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

/** Machines publish to Weir's ingest endpoint, or to mosquitto that bridges to the cloud; or Weir connects to brokers of their own (`brokers`). */
export type Way = "ingest" | "bridge" | "brokers";

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
    const filters = way === "bridge" ? ["--filter", "miko/v1/+/points/+"] : [];
    const collector = await startCollector(folder, "collector", ["--report", String(load.reportMs), ...filters], cloudBroker.url);
    cleanUps.push(collector.program.stop);
    const startMachines = async (args: readonly string[] = []): Promise<RunningMachines> => {
      const started = await startMachinesProgram(folder, "machines", load.machines, ["--rate", String(load.rate), "--events-per-minute", "0", "--payload-bytes", String(load.payloadBytes), ...args]);
      cleanUps.push(started.program.stop);
      return started;
    };
    const endsOf = (machines: RunningMachines): [string, number][] => [["machines", machines.program.pid], ["cloud broker", cloudBroker.program.pid], ["collector", collector.program.pid]];
    if (way === "bridge") {
      const bridge = await startMosquitto(folder, "bridge", bridgeLines(cloudBroker.url));
      cleanUps.push(bridge.program.stop);
      const machines = await startMachines(publishArgs(bridge.url, writeAnybody(folder, load.machines)));
      return { machines, collector, parts: () => new Map([...endsOf(machines), ["bridge", bridge.program.pid]]), close };
    }
    // The bridge does not encrypt either.
    const door = way === "ingest" ? await makeDoor(folder, "mqtt") : undefined;
    const machines = await startMachines(door?.machineArgs);
    writeConfiguration({ folder, assetsFiles: [machines.assetsFile], cloud: { url: cloudBroker.url }, ...(door === undefined ? {} : { door }) });
    const gateway = startGateway(folder);
    cleanUps.push(gateway.close);
    await door?.enrol(gateway, machines.serials);
    await untilReading(gateway, load.machines);
    return { machines, collector, gateway, parts: () => new Map([...endsOf(machines), ["supervisor", gateway.program.pid], ...gateway.zones()]), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A broker that hands everything that machines publish to the cloud's, QoS 1 both ways. */
function bridgeLines(cloud: string): string[] {
  const { hostname, port } = new URL(cloud);
  return ["connection to-cloud", `address ${hostname}:${port}`, "topic miko/# out 1", "cleansession false", "try_private false", "notifications false", "remote_clientid to-cloud"];
}

/** It lets in whoever comes; machines wait until they have something to say who they are all the same. */
function writeAnybody(folder: string, machines: number): string {
  const file = join(folder, "anybody.json");
  writeFileSync(file, JSON.stringify(Object.fromEntries(Array.from({ length: machines }, (_, index) => [`A${1000 + index}`, { user: `A${1000 + index}` }]))));
  return file;
}
