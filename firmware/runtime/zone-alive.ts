// What a zone's process says of itself to core every few seconds, the same under `weir start` and under systemd.

import type { Clock } from "../../drivers/contract/clock.ts";
import type { Alive } from "../conduit/shared.ts";
import type { RecentLines } from "./recent-lines.ts";

export const ALIVE_MS = 5000;

/** `sinceMs` is the clock's uptime when the zone began. */
export function readAlive(clock: Clock, sinceMs: number): Alive {
  return { pid: process.pid, uptimeSeconds: Math.round((clock.uptimeMs() - sinceMs) / 1000), memoryBytes: process.memoryUsage.rss() };
}

/** Lines of the journal that go with one word, and their bytes. */
const LINES = 100;
const LINE_BYTES = 40_000;

/** Tells it now and every 5 s until the signal aborts, with the journal's lines that are new; then resolves. What cannot be told is told the next time. */
export async function tellAlive(tell: (alive: Alive, signal: AbortSignal) => Promise<unknown>, clock: Clock, signal: AbortSignal, recent?: RecentLines): Promise<void> {
  const sinceMs = clock.uptimeMs();
  let told = 0;
  while (!signal.aborted) {
    const { lines, last } = recent?.after(told, LINES, LINE_BYTES) ?? { lines: [], last: 0 };
    const alive = { ...readAlive(clock, sinceMs), ...(lines.length === 0 ? {} : { lines: [...lines] }) };
    await tell(alive, signal).then(() => (told = last), () => undefined);
    await clock.sleep(ALIVE_MS, signal).catch(() => undefined);
  }
}
