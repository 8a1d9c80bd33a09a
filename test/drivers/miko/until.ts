// Waits for something that only shows by looking (a list that a server fills), turn by turn of the event loop.

import { systemClock } from "../../../firmware/runtime/system-clock.ts";
/** Resolves when `isSo` says true; rejects when the signal aborts. */
export async function until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
  while (!isSo()) {
    signal.throwIfAborted();
    await systemClock.sleep(2, signal);
  }
}
