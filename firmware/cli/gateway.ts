// All zones of one gateway on this machine, each as a process of its own: what `weir start` and its demo run.

import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import pino from "pino";
import { holdDataDir } from "../runtime/instance-lock.ts";
import { openJournal } from "../runtime/journal.ts";
import { supervise } from "../runtime/supervisor.ts";
import type { ZoneStandings } from "../runtime/supervisor.ts";
import { systemClock } from "../runtime/system-clock.ts";
import type { ChildSpec } from "../runtime/zone-child.ts";
import { openZoneReport } from "../runtime/zone-report.ts";
import { ZONE_STAGES } from "./zones.ts";

export interface GatewayOptions {
  readonly dataDir: string;
  readonly configFile: string;
  /** Takes the journals of all zones instead of standard output; appended to, mode 0600. */
  readonly logFile?: string;
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
  const outputFd = options.logFile === undefined ? undefined : openLogFile(options.logFile);
  const output = outputFd === undefined ? {} : { outputFd };
  const log = openJournal({ scope: "supervisor", ...(outputFd === undefined ? {} : { destination: pino.destination({ fd: outputFd, sync: true }) }) });
  const report = openZoneReport({ dataDir, clock: systemClock, epoch: randomUUID(), log });
  const onChange = (zones: ZoneStandings): void => {
    report.tell(zones);
    options.onChange?.(zones);
  };
  try {
    await supervise(zoneCommands(dataDir, resolve(options.configFile)), { clock: systemClock, log, onChange, ...output }, signal);
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
const nodeFlags = (zone: string): readonly string[] => (zone === "cloud" ? ["--max-semi-space-size=2", "--optimize-for-size"] : ["--max-semi-space-size=4"]);

function zoneCommands(dataDir: string, configFile: string): ChildSpec[][] {
  const weir = fileURLToPath(new URL("weir.ts", import.meta.url));
  const command = (name: string): ChildSpec["command"] => [process.execPath, ...nodeFlags(name), ...process.execArgv, weir, "start", "--zone", name, "--data", dataDir, "--config", configFile];
  // Node keeps what it stripped and compiled: a zone starts in two thirds of the time and with 20 MB less.
  const env = { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(dataDir, "cache") };
  return ZONE_STAGES.map((stage) => stage.map(({ name }) => ({ name, command: command(name), env })));
}

function openLogFile(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, "a", 0o600);
}
