// What a zone's process says of itself to core every few seconds, the same under `weir start` and under systemd.

import type { Clock } from "../../drivers/contract/clock.ts";
import type { Alive } from "../conduit/shared.ts";

export const ALIVE_MS = 5000;

/** `sinceMs` is the clock's uptime when the zone began. */
export function readAlive(clock: Clock, sinceMs: number): Alive {
  return { pid: process.pid, uptimeSeconds: Math.round((clock.uptimeMs() - sinceMs) / 1000), memoryBytes: process.memoryUsage.rss() };
}

/** Tells it now and every 5 s until the signal aborts; then resolves. What cannot be told is told the next time. */
export async function tellAlive(tell: (alive: Alive, signal: AbortSignal) => Promise<unknown>, clock: Clock, signal: AbortSignal): Promise<void> {
  const sinceMs = clock.uptimeMs();
  while (!signal.aborted) {
    await tell(readAlive(clock, sinceMs), signal).catch(() => undefined);
    await clock.sleep(ALIVE_MS, signal).catch(() => undefined);
  }
}
