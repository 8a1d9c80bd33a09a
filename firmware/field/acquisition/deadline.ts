// A limit on work that belongs to somebody else: a driver that hangs must not hold up the zone.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";

/** After its signal aborted, a driver has this long to wind up before it is left behind. */
const GRACE_MS = 2000;

/**
 * Runs `work` with a signal that aborts with `signal` or after `limitMs`. Rejects with DEFECT when it has not ended two seconds after
 * that; then it is left to itself. A `limitMs` of infinity limits only the winding up.
 */
export async function withDeadline<Result>(name: string, limitMs: number, clock: Clock, signal: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const abort = new AbortController();
  const { promise: abandoned, reject } = Promise.withResolvers<never>();
  const stops: (() => void)[] = [];
  const giveUp = (): void => {
    abort.abort(signal.reason);
    stops.push(clock.after(GRACE_MS, () => reject(new Fault("DEFECT", `${name} does not end when it is told to`))));
  };
  if (Number.isFinite(limitMs)) stops.push(clock.after(limitMs, giveUp));
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  const running = work(abort.signal);
  // Left behind, it may still fail: nobody waits for that any more.
  running.catch(() => undefined);
  abandoned.catch(() => undefined);
  try {
    return await Promise.race([running, abandoned]);
  } finally {
    signal.removeEventListener("abort", giveUp);
    for (const stop of stops) stop();
  }
}
