// What runs inside a zone's process: its signals, its readiness, and its end.

import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { Fault, asFault, isFault } from "../../drivers/contract/fault.ts";
import { openJournal } from "./journal.ts";
import type { Journal, Log, LogLevel } from "./journal.ts";
import { demandNamespace } from "./network-namespace.ts";
import { RecentLines } from "./recent-lines.ts";
import { openServiceNotice } from "./sd-notify.ts";
import type { ServiceNotice } from "./sd-notify.ts";
import type { Service } from "./service.ts";
import { systemClock } from "./system-clock.ts";
import { BEAT_MESSAGE, BEAT_MS, CONFIG_EXIT, READY_MESSAGE } from "./zone-child.ts";

export interface ZoneProcessOptions {
  readonly dataDir: string;
  readonly configFile?: string;
  readonly level?: LogLevel;
  /** The network namespace that this process has been started in; it ends with ACCESS_DENIED when it is in another one. */
  readonly namespace?: string;
}

/** From the wish to stop until this process ends itself, finished or not; below the supervisor's own deadline. */
const STOP_MS = 4000;

/** A zone before its code is loaded. */
export interface LoadableZone {
  readonly name: string;
  load(): Promise<Service>;
}

/**
 * Loads the zone and runs it until SIGTERM (or SIGINT where there is no supervisor) or until its supervisor is gone, and ends the process: 0
 * when it was asked to and the service is done, 2 when it cannot run with its configuration, 1 for everything else.
 */
export async function runZone(zone: LoadableZone, options: ZoneProcessOptions): Promise<never> {
  const recent = new RecentLines();
  const log = openJournal({ recent, scope: options.namespace === undefined ? zone.name : `${zone.name}-${options.namespace}`, ...(options.level === undefined ? {} : { level: options.level }) });
  const stop = new AbortController();
  process.umask(0o077);
  endOnDefect(log);
  listenForTheEnd(log, stop);
  // A zone that only waits for the signal holds nothing that keeps Node alive.
  systemClock.after(Number.MAX_SAFE_INTEGER, () => undefined);
  const code = await runService(zone, options, { log, recent }, stop.signal);
  process.exit(code);
}

async function runService(zone: LoadableZone, options: ZoneProcessOptions, { log, recent }: { readonly log: Journal; readonly recent: RecentLines }, signal: AbortSignal): Promise<number> {
  const notice = openServiceNotice({ environment: process.env, pid: process.pid, clock: systemClock, log });
  try {
    const dataDir = resolve(options.dataDir);
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const namespace = options.namespace === undefined ? {} : { namespace: options.namespace };
    if (options.namespace !== undefined) demandNamespace(options.namespace);
    const configFile = options.configFile === undefined ? {} : { configFile: resolve(options.configFile) };
    const service = await zone.load();
    await service.run({ clock: systemClock, log, recent, setLogLevel: log.setLevel, dataDir, ...configFile, ...namespace, epoch: randomUUID(), ready: () => tellReady(notice) }, signal);
    if (!signal.aborted && service.mayEnd !== true) throw new Fault("DEFECT", `the zone ${zone.name} ended although nobody asked it to`);
    return 0;
  } catch (error) {
    if (signal.aborted && isFault(error, "CANCELLED")) return 0;
    const fault = asFault(error, zone.name);
    log.error({ fault }, "the zone ends");
    if (fault.kind !== "config") return 1;
    process.stderr.write(`weir: ${fault}\n`);
    return CONFIG_EXIT;
  } finally {
    notice.close();
  }
}

let hasToldReady = false;

function tellReady(notice: ServiceNotice): void {
  if (hasToldReady) return;
  hasToldReady = true;
  // Left to Node it is written at the end: that cost the first stop two seconds, and a zone that is killed would never have one.
  flushCompileCache();
  notice.ready();
  if (process.connected) process.send?.(READY_MESSAGE);
  beat();
}

/** To the supervisor, as the beats of sd-notify.ts are to systemd. */
function beat(): void {
  systemClock.after(BEAT_MS, () => {
    if (!process.connected) return;
    process.send?.(BEAT_MESSAGE);
    beat();
  });
}

function listenForTheEnd(log: Log, stop: AbortController): void {
  const end = (reason: string): void => {
    if (stop.signal.aborted) return;
    log.info({ reason }, "the zone stops");
    systemClock.after(STOP_MS, () => {
      log.error({}, "the zone did not stop in time and is cut off");
      process.exit(1);
    });
    stop.abort(new Fault("CANCELLED", reason));
  };
  // These are meant for the supervisor, which then stops the zones in order.
  const isSupervised = process.connected;
  for (const name of ["SIGINT", "SIGHUP"] as const) process.on(name, () => void (isSupervised || end(name)));
  process.on("SIGTERM", () => end("SIGTERM"));
  process.on("disconnect", () => end("the supervisor is gone"));
}

/** Nothing is known of the state any more: the supervisor starts a new process. */
function endOnDefect(log: Log): void {
  const end = (error: unknown): void => {
    log.error({ fault: new Fault("DEFECT", "an error that nobody caught", { cause: error }) }, "the zone ends with a defect");
    process.exit(1);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}
