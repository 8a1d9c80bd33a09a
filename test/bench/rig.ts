// What soak and bench put together: simulated machines, a broker, a collector behind it, and the gateway between.

import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { localConduit } from "../../firmware/conduit/local.ts";
import type { Status } from "../../firmware/conduit/status.ts";
import { openConduit } from "../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../firmware/runtime/journal.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import type { CollectorFigures } from "../../firmware/simulator/collector.ts";
import { findFreePort } from "../support/free-port.ts";
import { findExecutable } from "../support/needs.ts";
import type { IngestDoor } from "./ingest-door.ts";
import { startProgram, zonePids, type Program } from "./program.ts";

const weir = fileURLToPath(new URL("../../firmware/cli/weir.ts", import.meta.url));

/** Starts the `weir` command with its JSON lines read; errors go to `<folder>/<name>.log`. */
export function startWeir(folder: string, name: string, args: readonly string[], isLogOnly = false): Program {
  return startProgram(process.execPath, [weir, ...args], { logFile: join(folder, `${name}.log`), isLogOnly });
}

export interface Broker {
  readonly url: string;
  /** Absent where the collector is the broker. */
  readonly program: Program;
}

export function hasMosquitto(): boolean {
  return findExecutable("mosquitto") !== undefined;
}

/** mosquitto on a free port of loopback, in memory, without limit to what it queues, else as it comes (20 in flight was its fastest); `more` is added to its configuration. */
export async function startMosquitto(folder: string, name: string, more: readonly string[] = []): Promise<Broker> {
  const port = await findFreePort();
  const file = join(folder, `${name}.conf`);
  writeFileSync(file, [`listener ${port} 127.0.0.1`, "allow_anonymous true", "persistence false", "max_queued_messages 0", "set_tcp_nodelay true", ...more, ""].join("\n"));
  const program = startProgram(findExecutable("mosquitto") ?? "mosquitto", ["-c", file], { logFile: join(folder, `${name}.log`), isLogOnly: true });
  await untilConnectable(port, program);
  return { url: `mqtt://127.0.0.1:${port}`, program };
}

async function untilConnectable(port: number, program: Program): Promise<void> {
  const limit = AbortSignal.timeout(60_000);
  const attempt = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      }).on("error", () => resolve(false));
    });
  while (!(await attempt())) await Promise.race([systemClock.sleep(20, limit), program.exited.then((how) => Promise.reject(new Error(`mosquitto ended (${how})`)))]);
}

export interface Collecting {
  readonly program: Program;
  readonly url: string;
  /** The figures of the newest report. */
  figures(): CollectorFigures | undefined;
}

/** The collector behind `broker`, or with a broker of its own. */
export async function startCollector(folder: string, name: string, args: readonly string[], broker?: string): Promise<Collecting> {
  const program = startWeir(folder, name, ["simulate", "cloud", "--report", "250", ...(broker === undefined ? [] : ["--broker", broker]), ...args]);
  const url = String(await program.next("cloud", true));
  return { program, url, figures: () => program.newest("figures") as CollectorFigures | undefined };
}

export interface MachineFiguresLine {
  readonly made: number;
  readonly acknowledged: number;
  readonly dropped: number;
  readonly pending: number;
}

export interface RunningMachines {
  readonly program: Program;
  readonly assetsFile: string;
  readonly serials: readonly string[];
  readonly publishUrls: readonly string[];
  figures(): MachineFiguresLine | undefined;
}

export async function startMachinesProgram(folder: string, name: string, count: number, args: readonly string[]): Promise<RunningMachines> {
  const assetsFile = join(folder, `${name}.yaml`);
  const program = startWeir(folder, name, ["simulate", "machine", "--count", String(count), "--report", "250", "--write-config", assetsFile, ...args]);
  while (program.all("machine").length < count) await program.next("machine");
  return { program, assetsFile, serials: program.all("machine").map(String), publishUrls: program.all("publish").map(String), figures: () => program.newest("figures") as MachineFiguresLine | undefined };
}

export interface Gateway {
  readonly program: Program;
  readonly dataDir: string;
  zones(): Map<string, number>;
  /** How core says that everything stands. Waits while core is away; rejects when the signal aborts. */
  status(signal: AbortSignal): Promise<Status>;
  /** Lets the machine publish to the gateway: user, password and the CA to check the gateway by. */
  enrol(name: string, signal: AbortSignal): Promise<object>;
  close(): Promise<void>;
}

export interface GatewaySetup {
  readonly folder: string;
  /** Files with a section `assets`. */
  readonly assetsFiles: readonly string[];
  readonly cloud: object;
  /** Where the machines publish to the gateway. */
  readonly door?: IngestDoor;
}

/** Writes weir.yaml into the folder. */
export function writeConfiguration({ folder, assetsFiles, cloud, door }: GatewaySetup): string {
  const place = door === undefined ? {} : { segment: door.segment };
  const assets = assetsFiles.flatMap((file) => (parse(readFileSync(file, "utf8")) as { assets: object[] }).assets).map((asset) => ({ ...asset, ...place }));
  const path = join(folder, "weir.yaml");
  writeFileSync(path, stringify({ gateway: { id: "rig" }, ...door?.sections, assets, cloud }));
  return path;
}

/** `weir start` with what `writeConfiguration` wrote. Does not wait until it is ready. */
export function startGateway(folder: string): Gateway {
  const dataDir = join(folder, "data");
  const program = startWeir(folder, "gateway", ["start", "--config", join(folder, "weir.yaml"), "--data", dataDir], true);
  const client = openConduit(localConduit, { socket: conduitSocket(dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  return {
    program,
    dataDir,
    zones: () => zonePids(program.pid),
    status: (signal) => client.call("status", {}, signal),
    enrol: (key, signal) => client.call("enrolAsset", { key, by: "password" }, signal),
    async close() {
      await client.close();
      await program.stop();
    },
  };
}

/** Asks again and again until the answer is what is waited for. Throws an Error that names it when `limitMs` is over. */
export async function until(what: string, limitMs: number, ask: (signal: AbortSignal) => Promise<boolean> | boolean, everyMs = 50): Promise<void> {
  const limit = AbortSignal.timeout(limitMs);
  try {
    while (!(await ask(limit))) await systemClock.sleep(everyMs, limit);
  } catch (error) {
    if (limit.aborted) throw new Error(`not within ${limitMs / 1000} s: ${what}`, { cause: error });
    throw error;
  }
}

/** Until every machine is read and the cloud is connected. */
export function untilReading(gateway: Gateway, machines: number, limitMs = 90_000): Promise<void> {
  return until("every machine connected", limitMs, async (signal) => {
    const { assets, cloud } = await gateway.status(signal);
    return cloud.state === "connected" && Object.values(assets).filter(({ link }) => link === "connected").length >= machines;
  });
}
