// What a soak puts together: machines, a gateway, a broker whose ingress keeps the cloud's ledger, and how all of it ends.

import { join } from "node:path";
import { startCollector, startGateway, startMachinesProgram, until, writeConfiguration, type Gateway, type RunningMachines } from "../bench/rig.ts";
import { makeDoor, type SourceKind } from "../bench/ingest-door.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { startCloudSide } from "../support/site.ts";

/** Where the cloud's ledger is taken: at mosquitto's ingress, by a subscriber behind mosquitto, or in the local cloud that is its own broker. */
export const CLOUDS = ["mosquitto", "subscriber", "local"] as const;
export type CloudKind = (typeof CLOUDS)[number];

export interface Load {
  readonly seed: number;
  readonly machines: number;
  /** Readings per second of each machine. */
  readonly rate: number;
  readonly cloud: CloudKind;
  readonly source: SourceKind;
}

export interface Rig {
  readonly folder: string;
  readonly machines: RunningMachines;
  readonly machineLedger: string;
  readonly cloudLedger: string;
  /** Absent where the collector is the broker. */
  readonly broker: Mosquitto | undefined;
  /** True where the ledger remembers what the broker confirmed and forgot. */
  readonly mayForget: boolean;
  gateway: Gateway;
  /** Resolves when the cloud's ledger has all that the broker confirmed. */
  untilCollected(limitMs: number): Promise<void>;
  /** Ends everything; may be called twice. The ledgers are complete afterwards. */
  close(): Promise<void>;
}

interface Cloud {
  readonly ledger: string;
  readonly url: string;
  readonly mqttVersion: "3.1.1" | "5";
  readonly broker: Mosquitto | undefined;
  untilCollected(limitMs: number): Promise<void>;
}

type Defer = (cleanUp: () => unknown) => void;

/** Starts all of it; what was started is ended again when something does not start. */
export async function startRig(load: Load, folder: string): Promise<Rig> {
  const machineLedger = join(folder, "machines.ndjson");
  const cleanUps: (() => unknown)[] = [];
  const defer: Defer = (cleanUp) => void cleanUps.push(cleanUp);
  const close = async (): Promise<void> => {
    for (let cleanUp = cleanUps.pop(); cleanUp !== undefined; cleanUp = cleanUps.pop()) await cleanUp();
  };
  try {
    const { ledger, url, mqttVersion, broker, untilCollected } = await startCloud(load.cloud, folder, defer);
    const door = load.source === "ingest" ? await makeDoor(folder, "mqtts") : undefined;
    const machines = await startMachinesProgram(folder, "machines", load.machines, ["--rate", String(load.rate), "--events-per-minute", "60", "--seed", String(load.seed), "--ledger", machineLedger, ...(door?.machineArgs ?? [])]);
    defer(() => machines.program.stop());
    writeConfiguration({ folder, assetsFiles: [machines.assetsFile], cloud: { url, mqttVersion }, ...(door === undefined ? {} : { door }) });
    const rig: Rig = { folder, machines, machineLedger, cloudLedger: ledger, broker, mayForget: load.cloud === "mosquitto", gateway: startGateway(folder), untilCollected, close };
    defer(() => rig.gateway.close());
    await door?.enrol(rig.gateway, machines.serials);
    return rig;
  } catch (error) {
    await close();
    throw error;
  }
}

async function startCloud(kind: CloudKind, folder: string, defer: Defer): Promise<Cloud> {
  const signal = new AbortController().signal;
  if (kind === "mosquitto") {
    const { ledger, section, broker } = await startCloudSide({ defer, signal }, folder);
    return { ledger, ...section, mqttVersion: "5", broker, untilCollected: async () => undefined };
  }
  const ledger = join(folder, "cloud.ndjson");
  const broker = kind === "subscriber" ? await startMosquitto(defer, signal, { logType: "error" }) : undefined;
  const collector = await startCollector(folder, "collector", ["--ledger", ledger], broker === undefined ? undefined : `mqtt://127.0.0.1:${broker.port}`);
  defer(() => collector.program.stop());
  const untilCollected = async (limitMs: number): Promise<void> => {
    let before = -1;
    await until("the collector has what the broker holds", limitMs, async () => {
      const { messages } = (await collector.program.next("figures")) as { messages: number };
      const isQuiet = messages === before;
      before = messages;
      return isQuiet;
    });
  };
  return { ledger, url: collector.url, mqttVersion: broker === undefined ? "3.1.1" : "5", broker, untilCollected };
}
