// A clock that stands still until the test moves it.

import type { Clock, TimeQuality } from "../../drivers/contract/clock.ts";
import { Fault } from "../../drivers/contract/fault.ts";

export interface FakeClock extends Clock {
  /** Moves both times on by `ms`; runs what is due in order of its time and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Moves only the wall time, as a wrong NTP server or a hand on the clock does; no timer runs. */
  jumpWall(ms: number): void;
  setTimeQuality(quality: TimeQuality): void;
  /** The machine was started again: what is counted since its start begins anew. Wall time and uptime go on. */
  reboot(): void;
  /** How many timers and sleeps wait. */
  readonly pending: number;
  /** How far `advance` has to go until the next of them is due; undefined where there is none. */
  readonly nextInMs: number | undefined;
}

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Starts at 2026-01-01T00:00:00Z with an uptime of 0 unless told otherwise. */
export function makeFakeClock(startWallMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  const timers = new Set<Timer>();
  let uptime = 0;
  let wallOffset = startWallMs;
  let quality: TimeQuality = "synchronised";
  let boots = 1;
  let bootedMs = 0;
  const after = (ms: number, callback: () => void): (() => void) => {
    const timer = { dueMs: uptime + Math.max(0, ms), callback };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    now: () => wallOffset + uptime,
    uptimeMs: () => uptime,
    timeQuality: () => quality,
    boot: () => ({ id: `boot-${boots}`, ms: uptime - bootedMs }),
    after,
    sleep: (ms, signal) => sleepBy(after, ms, signal),
    jumpWall: (ms) => void (wallOffset += ms),
    setTimeQuality: (next) => void (quality = next),
    reboot: () => {
      boots += 1;
      bootedMs = uptime;
    },
    get pending() {
      return timers.size;
    },
    get nextInMs() {
      const next = findNext(timers, Number.POSITIVE_INFINITY);
      return next === undefined ? undefined : next.dueMs - uptime;
    },
    async advance(ms) {
      const end = uptime + ms;
      await letSettle();
      for (let timer = findNext(timers, end); timer !== undefined; timer = findNext(timers, end)) {
        timers.delete(timer);
        uptime = Math.max(uptime, timer.dueMs);
        timer.callback();
        await letSettle();
      }
      uptime = end;
    },
  };
}

function sleepBy(after: Clock["after"], ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      cancel();
      reject(new Fault("CANCELLED", "the sleep was cancelled", { cause: signal.reason }));
    };
    const cancel = after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

function findNext(timers: ReadonlySet<Timer>, endMs: number): Timer | undefined {
  let next: Timer | undefined;
  for (const timer of timers) if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
  return next;
}

/** Two turns of the event loop: promise chains of any length, and what they put into `setImmediate`. */
async function letSettle(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
