// All zones of one gateway on this machine, each as a process of its own: what `weir start` and its demo run.

import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import pino from "pino";
import { asFault } from "../../drivers/contract/fault.ts";
import { localConduit } from "../conduit/local.ts";
import { openConduit } from "../runtime/conduit-client.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import { holdDataDir } from "../runtime/instance-lock.ts";
import { openJournal, silentLog } from "../runtime/journal.ts";
import type { Log } from "../runtime/journal.ts";
import { inNamespace, namespaceObstacle } from "../runtime/network-namespace.ts";
import { supervise } from "../runtime/supervisor.ts";
import type { Stage, ZoneStandings } from "../runtime/supervisor.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { isWanted, OPTIONAL_ZONES } from "../runtime/wanted-zones.ts";
import type { ChildSpec } from "../runtime/zone-child.ts";
import { openZoneReport } from "../runtime/zone-report.ts";
import { ZONE_STAGES } from "./zones.ts";

export interface GatewayOptions {
  readonly dataDir: string;
  readonly configFile: string;
  /** Takes the journals of all zones instead of standard output; appended to, mode 0600. */
  readonly logFile?: string;
  /** Called once it is known that no other Weir runs on the data directory. */
  readonly onStart?: (dataDir: string) => void;
  /** Called at each change of a zone's state. */
  readonly onChange?: (zones: ZoneStandings) => void;
}

/**
 * Runs all zones until the signal aborts and every process is gone, at most five seconds later. Throws CONFIG_INVALID when another
 * Weir runs on the data directory or a zone cannot run with its configuration.
 */
export async function runGateway(options: GatewayOptions, signal: AbortSignal): Promise<void> {
  const dataDir = resolve(options.dataDir);
  const lock = await holdDataDir(dataDir);
  options.onStart?.(dataDir);
  const outputFd = options.logFile === undefined ? undefined : openLogFile(options.logFile);
  const output = outputFd === undefined ? {} : { outputFd };
  const log = openJournal({ scope: "supervisor", ...(outputFd === undefined ? {} : { destination: pino.destination({ fd: outputFd, sync: true }) }) });
  const report = openZoneReport({ dataDir, clock: systemClock, epoch: randomUUID(), log });
  const onChange = (zones: ZoneStandings): void => {
    report.tell(zones);
    options.onChange?.(zones);
  };
  try {
    await supervise(zoneCommands(dataDir, resolve(options.configFile), log), { clock: systemClock, log, onChange, ...output }, signal);
  } finally {
    await report.close();
    await lock.release();
    if (outputFd !== undefined) closeSync(outputFd);
  }
}

/**
 * A small young generation, and a compact heap where no long computing suffers from it: a third less memory. In core and field, which touch every reading,
 * the compact heap would double the processor time at full load (docs/performance.md). The units of the appliance say the same.
 */
const nodeFlags = (zone: string): readonly string[] => (zone === "cloud" || zone === "plant" || zone === "admin" ? ["--max-semi-space-size=2", "--optimize-for-size"] : ["--max-semi-space-size=4"]);

/** The zones that there always are, then one more field for each network namespace that core says it serves. */
function zoneCommands(dataDir: string, configFile: string, log: Log): readonly Stage[] {
  const weir = fileURLToPath(new URL("weir.ts", import.meta.url));
  const command = (name: string, ...more: readonly string[]): ChildSpec["command"] => [process.execPath, ...nodeFlags(name), ...process.execArgv, weir, "start", "--zone", name, ...more, "--data", dataDir, "--config", configFile];
  // Node keeps what it stripped and compiled: a zone starts in two thirds of the time and with 20 MB less.
  const env = { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(dataDir, "cache") };
  const wanted = (name: string): Pick<ChildSpec, "isWanted"> => {
    const zone = OPTIONAL_ZONES.find((optional) => optional === name);
    return zone === undefined ? {} : { isWanted: () => isWanted(dataDir, zone) };
  };
  const inNamespaces = async (signal: AbortSignal): Promise<readonly ChildSpec[]> => {
    const names = await readNamespaces(dataDir, log, signal);
    return names.map((name) => ({ name: `field-${name}`, command: [...inNamespace(name), ...command("field", "--namespace", name)], env, obstacle: () => namespaceObstacle(name) }));
  };
  return [...ZONE_STAGES.map((stage) => stage.map(({ name }) => ({ name, command: command(name), env, ...wanted(name) }))), inNamespaces];
}

/** Of core, which alone knows which configuration is in force. Waits while core is away. */
async function readNamespaces(dataDir: string, log: Log, signal: AbortSignal): Promise<readonly string[]> {
  const client = openConduit(localConduit, { socket: conduitSocket(dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  try {
    return (await client.call("namespaces", {}, signal)).namespaces;
  } catch (error) {
    if (!signal.aborted) log.error({ fault: asFault(error) }, "core does not say which network namespaces it serves: none but its own is read");
    return [];
  } finally {
    await client.close();
  }
}

function openLogFile(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, "a", 0o600);
}
