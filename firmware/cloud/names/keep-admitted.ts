// Renews the admission of a name's addresses while a connection stands, so that the next dial finds the firewall open.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, isFault } from "../../../drivers/contract/fault.ts";
import type { Log } from "../../runtime/journal.ts";
import type { Destination } from "./name-fault.ts";
import type { NameTiming } from "./name-timing.ts";
import type { Names } from "./names.ts";

export interface KeepPorts {
  readonly names: Names;
  readonly clock: Clock;
  readonly log: Log;
  readonly timing: NameTiming;
}

/** Until the signal aborts. A name that cannot be resolved ends nothing: it is tried again. Rejects with a defect alone. */
export async function keepAdmitted(destination: Destination, { names, clock, log, timing }: KeepPorts, signal: AbortSignal): Promise<void> {
  for (let waitMs = names.renewalMs(destination); waitMs !== undefined && !signal.aborted; ) {
    try {
      await clock.sleep(waitMs, signal);
      await names.find(destination, signal);
      waitMs = names.renewalMs(destination);
    } catch (error) {
      if (signal.aborted) return;
      const fault = asFault(error);
      if (isFault(fault, "DEFECT")) throw fault;
      log.warn({ fault }, "the cloud's name could not be renewed; the connection stands");
      waitMs = timing.refreshMinMs;
    }
  }
}
