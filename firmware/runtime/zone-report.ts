// Tells core how the zones' processes stand, the newest state only.

import type { Clock } from "../../drivers/contract/clock.ts";
import { asFault, isFault } from "../../drivers/contract/fault.ts";
import { localConduit } from "../conduit/local.ts";
import { openConduit } from "./conduit-client.ts";
import { conduitSocket } from "./conduit-path.ts";
import { silentLog } from "./journal.ts";
import type { Log } from "./journal.ts";
import type { ZoneStandings } from "./supervisor.ts";

export interface ZoneReport {
  /** Replaces what was not yet told. Core's own restart is a change too, so a new core always learns the present state. */
  tell(zones: ZoneStandings): void;
  close(): Promise<void>;
}

export interface ZoneReportOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly epoch: string;
  readonly log: Log;
}

export function openZoneReport(options: ZoneReportOptions): ZoneReport {
  const { dataDir, clock, epoch, log } = options;
  // Silent: that core is away while it starts is known to the supervisor.
  const client = openConduit(localConduit, { socket: conduitSocket(dataDir, "local"), clock, epoch, log: silentLog });
  const stop = new AbortController();
  let next: ZoneStandings | undefined;
  let sending: Promise<void> | undefined;
  const send = async (): Promise<void> => {
    for (let zones = next; zones !== undefined && !stop.signal.aborted; zones = next) {
      next = undefined;
      await client.call("zones", { zones }, stop.signal).catch((error: unknown) => {
        if (!isFault(error, "CANCELLED")) log.warn({ fault: asFault(error) }, "core did not take the state of the zones");
      });
    }
    sending = undefined;
  };
  return {
    tell: (zones) => {
      next = zones;
      sending ??= send();
    },
    close: async () => {
      stop.abort();
      await client.close();
      await sending;
    },
  };
}
