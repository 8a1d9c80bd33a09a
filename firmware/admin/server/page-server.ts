// The page of the gateway: HTTPS at the addresses that core names, everything that hardens it, and the API behind.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { adminConduit, PageSettings } from "../../conduit/admin.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";
import type { Log } from "../../runtime/journal.ts";

export interface PageParts {
  /** For people whom core has known a moment ago. */
  readonly core: ConduitClient<typeof adminConduit>;
  /** For everybody else: the same conduit by another client (with another epoch), so that a known person's call never waits for a stranger's. */
  readonly strangers: ConduitClient<typeof adminConduit>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Page {
  /** Where it answers now: `https://ADDRESS:PORT`. */
  readonly urls: readonly string[];
  /** A new certificate is shown to whoever connects from now on and names are new at once; connections stay, but those at an address or a port that is no more. Throws as `startPage` does, and leaves what was. */
  replace(settings: PageSettings): Promise<void>;
  /** Ends streams, waits for what runs (2 s), closes. May be called twice. */
  close(): Promise<void>;
}

/** Listens when it resolves. CONFIG_INVALID: an address that is not there, a port that is taken, a key that is not the certificate's. Closes when the signal aborts. */
export async function startPage(_settings: PageSettings, _parts: PageParts, _signal: AbortSignal): Promise<Page> {
  throw new Fault("NOT_SUPPORTED", "not built yet");
}
