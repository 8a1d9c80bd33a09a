// The kills of a soak: one zone, or the supervisor with all of them.

import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { startGateway, until } from "../bench/rig.ts";
import type { Rig } from "./rig.ts";

export type Victim = "core" | "field" | "cloud" | "supervisor";

export interface Killed {
  readonly victim: Victim;
  /** The zone's process; undefined for the supervisor. */
  readonly pid: number | undefined;
}

/** `chance` is in [0, 1): one in 25 the supervisor, else a zone. */
export function pickVictim(chance: number): Victim {
  if (chance < 0.04) return "supervisor";
  if (chance < 0.4) return "core";
  return chance < 0.7 ? "field" : "cloud";
}

/** Kills the zone that was drawn, or another one that runs when it is just being started again. Says which. */
export async function killOne(rig: Rig, drawn: Victim): Promise<Killed> {
  if (drawn === "supervisor") {
    const zones = [...rig.gateway.zones().values()];
    rig.gateway.program.kill("SIGKILL");
    await rig.gateway.close();
    await until("no zone outlives its supervisor", 60_000, () => zones.every((pid) => !isAlive(pid)));
    rig.gateway = startGateway(rig.folder);
    return { victim: drawn, pid: undefined };
  }
  // Without this patience the kills would all fall on core, which starts first and is killed before the others come.
  const sinceMs = systemClock.uptimeMs();
  const mayKill = (): boolean => rig.gateway.zones().has(drawn) || (rig.gateway.zones().size > 0 && systemClock.uptimeMs() - sinceMs > patienceMs);
  await until("a zone runs", 60_000, mayKill, 10);
  const zones = rig.gateway.zones();
  const victim = zones.has(drawn) ? drawn : killable.find((name) => zones.has(name));
  const pid = zones.get(victim ?? drawn);
  if (pid !== undefined && isAlive(pid)) process.kill(pid, "SIGKILL");
  return { victim: victim ?? drawn, pid };
}

const patienceMs = 4000;
const killable = ["field", "cloud", "core"] as const;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
