// The system's clock: the only file in which wall time, monotonic time and timers of the platform appear.

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { Clock, TimeQuality } from "../../drivers/contract/clock.ts";
import { Fault } from "../../drivers/contract/fault.ts";

/** The longest delay the platform's timers take; beyond it they would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** systemd-timesyncd makes it when the clock was set by NTP since the machine started (systemd-timesyncd.service(8)). */
const SYNCHRONISED_FILE = "/run/systemd/timesync/synchronized";
const LOOK_AGAIN_MS = 60_000;

let quality: TimeQuality = "free";
let lookedAtMs = Number.NEGATIVE_INFINITY;

/** The clock of this machine. Its time is `synchronised` once systemd-timesyncd says so, else `free`. */
export const systemClock: Clock = {
  now: () => Date.now(),
  uptimeMs: () => performance.now(),
  timeQuality,
  boot: () => ({ id: (bootId ??= findBootId()), ms: Number(process.hrtime.bigint() / 1_000_000n) }),
  after,
  sleep,
};

let bootId: string | undefined;

/** From the unit (%b) on the appliance, else from the kernel. Where neither tells it, each process counts as a start of the machine: what must not outlive one then ends earlier. */
function findBootId(): string {
  const given = process.env["WEIR_BOOT_ID"];
  if (given !== undefined && given !== "") return given;
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return randomUUID();
  }
}

function timeQuality(): TimeQuality {
  const nowMs = performance.now();
  if (nowMs - lookedAtMs >= LOOK_AGAIN_MS) {
    lookedAtMs = nowMs;
    quality = existsSync(SYNCHRONISED_FILE) ? "synchronised" : "free";
  }
  return quality;
}

function after(ms: number, callback: () => void): () => void {
  const dueMs = performance.now() + ms;
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    timer = setTimeout(fire, Math.min(MAX_TIMER_MS, Math.max(0, Math.ceil(dueMs - performance.now()))));
  };
  // The platform counts in whole milliseconds of its own and may be a part of one early.
  const fire = (): void => (performance.now() < dueMs ? arm() : callback());
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
