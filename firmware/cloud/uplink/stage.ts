// Waits for one stage of a connection (TCP, proxy, TLS, CONNACK) with a time limit, and leaves nothing open when it fails.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";

export interface Stage {
  readonly clock: Clock;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs `begin`, which starts the stage and calls `done` or `fail` once. Rejects with the failure, with `late` when the limit
 * passes, or with CANCELLED when the signal aborts; `release` then closes whatever the stage had opened.
 */
export function runStage<Result>(stage: Stage, late: () => Fault, begin: (done: (result: Result) => void, fail: (fault: Fault) => void) => () => void): Promise<Result> {
  const { clock, limitMs, signal } = stage;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(cancelled(signal));
    let isOver = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      stopTimer();
      signal.removeEventListener("abort", abort);
      settle();
    };
    const failWith = (fault: Fault): void =>
      end(() => {
        release();
        reject(fault);
      });
    const abort = (): void => failWith(cancelled(signal));
    const stopTimer = clock.after(limitMs, () => failWith(late()));
    signal.addEventListener("abort", abort, { once: true });
    const release = begin((result) => end(() => resolve(result)), failWith);
  });
}

function cancelled(signal: AbortSignal): Fault {
  return new Fault("CANCELLED", "the connection was given up", { cause: signal.reason });
}
