// Turns the signals that end a process into an AbortSignal.

import { Fault } from "../../drivers/contract/fault.ts";

export interface StopSignals {
  /** Aborts with the first of them; the ones after change nothing. */
  readonly signal: AbortSignal;
  /** Gives the signals back their usual meaning. */
  release(): void;
}

export function catchStopSignals(names: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGHUP"]): StopSignals {
  const abort = new AbortController();
  const stop = (name: NodeJS.Signals): void => abort.abort(new Fault("CANCELLED", `asked to stop by ${name}`));
  for (const name of names) process.on(name, stop);
  return {
    signal: abort.signal,
    release: () => {
      for (const name of names) process.off(name, stop);
    },
  };
}
