// What a zone is to the runtime: a name and a function that runs until it is told to stop.

import type { Clock } from "../../drivers/contract/clock.ts";
import type { Log, LogLevel } from "./journal.ts";
import type { RecentLines } from "./recent-lines.ts";

/** What the runtime gives a zone. */
export interface ZoneContext {
  readonly clock: Clock;
  /** Scoped with the zone's name. */
  readonly log: Log;
  /** How much this process logs from now on. Absent where the journal is not the process's own. */
  readonly setLogLevel?: (level: LogLevel) => void;
  /** The last lines of this process's journal, where it keeps them. */
  readonly recent?: RecentLines;
  /** Absolute path; exists, mode 0700. */
  readonly dataDir: string;
  /** Absolute path, where one was named on the command line. */
  readonly configFile?: string;
  /** The network namespace that this process is to be in, where it is not the gateway's own. */
  readonly namespace?: string;
  /** A UUID made at the start of this process; goes into every request of its conduits. */
  readonly epoch: string;
  /** To be called once, when the zone does its work: what waits for it (the next zone, the status) goes on. */
  ready(): void;
}

export interface Service {
  /** The zone's name: `core`, `field`, `cloud`. */
  readonly name: string;
  /** It ends by itself, without a fault, while the configuration does not need it. */
  readonly mayEnd?: true;
  /**
   * Runs until the signal aborts and all that was accepted is committed; then resolves. Rejects with a Fault when the zone
   * cannot go on: the supervisor starts it anew. Leaves nothing open either way.
   */
  run(context: ZoneContext, signal: AbortSignal): Promise<void>;
}
