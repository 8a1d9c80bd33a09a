// The gateway's own time: how long it has run, over all its starts. Locks, sessions and ages count in it, since no hand on the wall clock moves it.

import type { Database, Statement } from "better-sqlite3";
import type { Boot, Clock } from "../../../drivers/contract/clock.ts";
import { storageFault } from "../storage/open-database.ts";

interface Row {
  readonly bootId: string;
  readonly bootMs: number;
  readonly runningMs: number;
}

/** What a loss of power may take from it: it then counts these seconds again, so that a lock ends later, never earlier. */
const KEEP_EVERY_MS = 10_000;

/** Makes the table where it is missing. Throws what SQLite throws where it is not as expected. */
export function prepareRunningTimeSchema(database: Database): void {
  database.exec("CREATE TABLE IF NOT EXISTS running_time (one INTEGER PRIMARY KEY CHECK (one = 1), bootId TEXT NOT NULL, bootMs INTEGER NOT NULL, runningMs INTEGER NOT NULL) STRICT");
  database.prepare("SELECT bootId, bootMs, runningMs FROM running_time LIMIT 1").get();
}

/**
 * Counts on while the machine runs, whether or not core does, and stands still while it is off. Exact over restarts of core; after a start of the
 * machine it goes on from what was kept last.
 */
export class RunningTime {
  readonly #clock: Clock;
  readonly #store: Statement<[string, number, number]>;
  readonly #boot: Boot;
  /** Its value at `#boot.ms`. */
  readonly #startMs: number;
  #keptMs: number;

  /** `database` as `prepareRunningTimeSchema` leaves it. */
  constructor(database: Database, clock: Clock) {
    this.#clock = clock;
    this.#store = database.prepare("INSERT OR REPLACE INTO running_time (one, bootId, bootMs, runningMs) VALUES (1, ?, ?, ?)");
    const kept = database.prepare<[], Row>("SELECT bootId, bootMs, runningMs FROM running_time").get();
    this.#boot = clock.boot();
    const sinceKept = kept?.bootId === this.#boot.id ? Math.max(0, this.#boot.ms - kept.bootMs) : 0;
    this.#startMs = (kept?.runningMs ?? 0) + sinceKept;
    this.#keptMs = Number.NEGATIVE_INFINITY;
  }

  /** Names this start of the machine: sessions end with it. */
  get bootId(): string {
    return this.#boot.id;
  }

  /** Whole milliseconds; never falls. */
  nowMs(): number {
    return this.#startMs + Math.max(0, this.#clock.boot().ms - this.#boot.ms);
  }

  /** To be called about once a second; throws as `keep`. */
  tick(): void {
    if (this.nowMs() - this.#keptMs >= KEEP_EVERY_MS) this.keep();
  }

  /** Durable when it returns; throws STORAGE_FULL and the like. */
  keep(): void {
    const { id, ms } = this.#clock.boot();
    const nowMs = this.nowMs();
    try {
      this.#store.run(id, ms, nowMs);
    } catch (error) {
      throw storageFault(error, "state.db");
    }
    this.#keptMs = nowMs;
  }
}
