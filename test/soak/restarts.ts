// How long a killed zone is away: from its SIGKILL until core hears that it runs again.

import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { until, type Gateway } from "../bench/rig.ts";

export interface Restart {
  readonly zone: string;
  readonly ms: number;
}

export interface RestartFigures {
  readonly measured: number;
  readonly p50Ms: number | null;
  readonly maxMs: number | null;
  /** The slowest of each zone. */
  readonly slowestMs: Readonly<Record<string, number>>;
}

const zonesOfSoak = ["core", "field", "cloud"];
const everyMs = 25;

/** Until no zone is just being started: what is killed now is away for its own time only. */
export function untilCalm(gateway: Gateway): Promise<void> {
  const isCalm = async (signal: AbortSignal): Promise<boolean> => {
    const { zones } = await gateway.status(signal);
    return zonesOfSoak.every((name) => zones[name]?.state === "running");
  };
  return until("every zone runs again", 60_000, isCalm, everyMs);
}

/** Call it right after the kill. Throws when the zone is not back within a minute. */
export async function measureRestart(gateway: Gateway, zone: string, killedPid: number): Promise<Restart> {
  const sinceMs = systemClock.uptimeMs();
  const isBack = async (signal: AbortSignal): Promise<boolean> => {
    const standing = (await gateway.status(signal)).zones[zone];
    return standing?.state === "running" && standing.pid !== undefined && standing.pid !== killedPid;
  };
  await until(`the zone ${zone} is back`, 60_000, isBack, everyMs);
  return { zone, ms: Math.round(systemClock.uptimeMs() - sinceMs) };
}

export function summarizeRestarts(restarts: readonly Restart[]): RestartFigures {
  const sorted = restarts.map(({ ms }) => ms).sort((a, b) => a - b);
  const slowestMs: Record<string, number> = {};
  for (const { zone, ms } of restarts) slowestMs[zone] = Math.max(slowestMs[zone] ?? 0, ms);
  return { measured: sorted.length, p50Ms: sorted[sorted.length >> 1] ?? null, maxMs: sorted.at(-1) ?? null, slowestMs };
}
