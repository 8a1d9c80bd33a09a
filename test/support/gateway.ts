// A whole gateway as its user meets it: `weir start` with a generated weir.yaml and a data directory of its own, as real processes.

import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";

import { isEvent, type Sample } from "../../drivers/contract/reading.ts";
import { localConduit } from "../../firmware/conduit/local.ts";
import type { Condition, Status } from "../../firmware/conduit/status.ts";
import { openConduit } from "../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../firmware/runtime/journal.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import type { TestContext } from "./attempt.ts";
import { startChild, type Child } from "./child.ts";
import { processorWaitMs } from "./processor-wait.ts";

/** The `weir` command of this checkout. */
export const weir = fileURLToPath(new URL("../../firmware/cli/weir.ts", import.meta.url));

export type ZoneName = "core" | "field" | "cloud" | "admin";

export interface GatewayOptions {
  /** Where weir.yaml lies. */
  readonly folder: string;
  /** `data` in the folder unless said. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The network namespace that it runs in; needs root. */
  readonly namespace?: string;
}

export interface GatewayUnderTest {
  readonly child: Child;
  readonly dataDir: string;
  /** Waits while core is away. */
  status(): Promise<Status>;
  /** The last value of each point. */
  values(): Promise<readonly Sample[]>;
  /** Asks until the status is as wanted; rejects with the last status when `limitMs` is over. */
  until(what: string, isSo: (status: Status) => boolean, limitMs?: number): Promise<Status>;
  /** Until every zone runs and so many machines are connected. */
  untilReading(machines: number, limitMs?: number): Promise<Status>;
  /** Pids of the zones' processes as the kernel knows them. */
  zonePids(): ReadonlyMap<ZoneName, number>;
  /**
   * kill -9 of one zone; resolves with the milliseconds until another process of it runs and says that it is ready, without those for which
   * it waited for a processor that others held.
   */
  killZone(zone: ZoneName): Promise<number>;
  /** SIGTERM; resolves with the milliseconds until all its processes are gone, and how it ended. */
  stop(): Promise<{ readonly ms: number; readonly code: number | null }>;
  /** kill -9 of the supervisor; resolves with the milliseconds until no process of it lives. */
  killAll(): Promise<number>;
}

const pollMs = 25;

/** Starts it and does not wait until it is ready. It gets SIGTERM at the test's end. */
export function startGateway({ defer, signal }: TestContext, options: GatewayOptions): GatewayUnderTest {
  const dataDir = options.dataDir ?? join(options.folder, "data");
  const args = [weir, "start", "--config", join(options.folder, "weir.yaml"), "--data", dataDir];
  const [program = "", ...words] = [...(options.namespace === undefined ? [] : ["ip", "netns", "exec", options.namespace]), process.execPath, ...args];
  const child = startChild(defer, program, words, { cwd: options.folder, ...(options.env === undefined ? {} : { env: options.env }) });
  const client = openConduit(localConduit, { socket: conduitSocket(dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  defer(async () => {
    await client.close();
    child.kill("SIGTERM");
    const cancel = systemClock.after(5500, () => child.kill("SIGKILL"));
    await child.exited;
    cancel();
  });
  const status = (limit: AbortSignal = signal): Promise<Status> => client.call("status", {}, limit);
  const untilStatus: GatewayUnderTest["until"] = async (what, isSo, limitMs) => {
    let last: Status | undefined;
    try {
      await until(what, signal, async (limit) => isSo((last = await status(limit))), limitMs);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${JSON.stringify(last, undefined, 1)}\n${child.output().slice(-4000)}`, { cause: error });
    }
    return last as Status;
  };
  const gone = async (how: "SIGTERM" | "SIGKILL"): Promise<{ readonly ms: number; readonly code: number | null }> => {
    const zones = [...zonePids(child.pid).values()];
    const startedMs = systemClock.uptimeMs();
    child.kill(how);
    const { code } = await child.exited;
    await until("all processes of the gateway are gone", signal, () => zones.every((pid) => !isAlive(pid)), undefined, 5);
    return { ms: Math.round(systemClock.uptimeMs() - startedMs), code };
  };
  return {
    child,
    dataDir,
    status,
    values: async () => (await client.call("values", { after: 0, waitMs: 0 }, signal)).values.map(({ reading }) => reading).filter((reading): reading is Sample => !isEvent(reading)),
    until: untilStatus,
    untilReading: (machines, limitMs) => untilStatus(`${machines} machines connected`, (now) => areZonesRunning(now) && connected(now) >= machines, limitMs),
    zonePids: () => zonePids(child.pid),
    async killZone(zone) {
      const before = zonePids(child.pid).get(zone);
      if (before === undefined) throw new Error(`the zone ${zone} does not run`);
      const startedMs = systemClock.uptimeMs();
      process.kill(before, "SIGKILL");
      const { zones } = await untilStatus(`${zone} is back`, (now) => now.zones[zone]?.state === "running" && now.zones[zone].pid !== before);
      return Math.round(systemClock.uptimeMs() - startedMs - processorWaitMs(zones[zone]?.pid ?? 0));
    },
    stop: () => gone("SIGTERM"),
    killAll: async () => (await gone("SIGKILL")).ms,
  };
}

/**
 * Writes weir.yaml into the folder, made where it is not there, in one piece, so that no gateway reads half of it; returns its path. There is no
 * web page unless `configuration` has a section for it: the gateways of tests that run at the same time have one port for it (page.ts has a page).
 */
export function writeConfiguration(folder: string, configuration: object): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "weir.yaml");
  writeFileSync(`${path}~`, stringify({ page: { enabled: false }, ...configuration }));
  renameSync(`${path}~`, path);
  return path;
}

/** What `weir status --json` prints, as its user gets it. */
export async function readStatusByCommand({ defer }: TestContext, dataDir: string): Promise<Status> {
  const child = startChild(defer, process.execPath, [weir, "status", "--json", "--data", dataDir]);
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`weir status ended with ${code}:\n${child.output()}`);
  return JSON.parse(child.output()) as Status;
}

/** The condition with this code, also of a certain subject. */
export function findCondition({ conditions }: Status, code: string, subject?: string): Condition | undefined {
  return conditions.find((condition) => condition.code === code && (subject === undefined || condition.subject === subject));
}

export function areZonesRunning({ zones }: Status): boolean {
  return ["core", "field", "cloud"].every((name) => zones[name]?.state === "running");
}

export function connected({ assets }: Status): number {
  return Object.values(assets).filter(({ link }) => link === "connected").length;
}

/** Asks again and again until the answer is yes; rejects with `what` when `limitMs` is over or the test's time is. */
export async function until(what: string, signal: AbortSignal, ask: (limit: AbortSignal) => Promise<boolean> | boolean, limitMs = 60_000, everyMs = pollMs): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  try {
    while (!(await ask(limit))) await systemClock.sleep(everyMs, limit);
  } catch (error) {
    if (limit.aborted) throw new Error(`not within ${limitMs / 1000} s: ${what}`, { cause: error });
    throw error;
  }
}

export function isAlive(pid: number): boolean {
  // A zombie answers signals and runs nothing.
  const state = /^\d+ \(.*\) (\S)/s.exec(readText(`/proc/${pid}/stat`))?.[1];
  return state !== undefined && state !== "Z";
}

function zonePids(supervisor: number): ReadonlyMap<ZoneName, number> {
  const zones = new Map<ZoneName, number>();
  for (const pid of readText(`/proc/${supervisor}/task/${supervisor}/children`).split(" ").filter((text) => text !== "")) {
    const words = readText(`/proc/${pid}/cmdline`).split("\0");
    const name = words[words.indexOf("--zone") + 1];
    if (words.includes("--zone") && name !== undefined) zones.set(name as ZoneName, Number(pid));
  }
  return zones;
}

function readText(path: string): string {
  try {
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  } catch {
    return "";
  }
}
