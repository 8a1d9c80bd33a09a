// The system's clock: the only file in which wall time, monotonic time and timers of the platform appear.

import type { Clock } from "../../drivers/contract/clock.ts";
import { Fault } from "../../drivers/contract/fault.ts";

/** The longest delay the platform's timers take; beyond it they would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** The clock of this machine. Its time quality is `free` until a zone that knows of NTP says otherwise. */
export const systemClock: Clock = {
  now: () => Date.now(),
  uptimeMs: () => performance.now(),
  timeQuality: () => "free",
  after,
  sleep,
};

function after(ms: number, callback: () => void): () => void {
  const dueMs = performance.now() + ms;
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    const left = dueMs - performance.now();
    timer = left > MAX_TIMER_MS ? setTimeout(arm, MAX_TIMER_MS) : setTimeout(callback, Math.max(0, Math.ceil(left)));
  };
  arm();
  return () => clearTimeout(timer);
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancelled = (): Fault => new Fault("CANCELLED", "the wait was cancelled", { cause: signal.reason });
    if (signal.aborted) return reject(cancelled());
    const stop = (): void => {
      cancel();
      reject(cancelled());
    };
    const cancel = after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}
