// Sessions: kept in state.db as hashes, so that they outlive a restart of core, and in memory, since every call asks.

import type { Database, Statement } from "better-sqlite3";
import { storageFault } from "../storage/open-database.ts";
import type { RunningTime } from "./running-time.ts";
import { unlessNoRoom } from "./want-of-room.ts";

export interface SessionRow {
  readonly hash: string;
  readonly account: number;
  /** Names it without opening it. */
  readonly id: string;
  /** The start of the machine that it belongs to: it ends with it. */
  readonly boot: string;
  readonly source: string;
  readonly started: string;
  readonly startedMs: number;
  readonly usedMs: number;
  readonly freshUntilMs: number;
  /** Wrong passwords given in it since the last right one. */
  readonly failures: number;
}

/** So exactly is kept when it was used last; after a restart it ends that much earlier. */
const KEEP_USE_MS = 30_000;

export class SessionRows {
  readonly #store: Statement<[SessionRow]>;
  readonly #remove: Statement<[string]>;
  readonly #known = new Map<string, SessionRow>();
  readonly #keptMs = new Map<string, number>();
  /** What the full disk did not take; hashes. */
  readonly #unwritten = new Set<string>();

  /** Sessions of another start of the machine are gone for good. */
  constructor(database: Database, time: RunningTime) {
    this.#store = database.prepare(
      "INSERT OR REPLACE INTO sessions (hash, account, id, boot, source, started, startedMs, usedMs, freshUntilMs, failures) VALUES (@hash, @account, @id, @boot, @source, @started, @startedMs, @usedMs, @freshUntilMs, @failures)",
    );
    this.#remove = database.prepare("DELETE FROM sessions WHERE hash = ?");
    for (const row of database.prepare<[], SessionRow>("SELECT * FROM sessions").all()) {
      if (row.boot === time.bootId) this.#known.set(row.hash, row);
      else this.#write(row.hash);
    }
  }

  find(hash: string): SessionRow | undefined {
    return this.#known.get(hash);
  }

  all(): readonly SessionRow[] {
    return [...this.#known.values()];
  }

  of(account: number): readonly SessionRow[] {
    return this.all().filter((row) => row.account === account);
  }

  /** In force at once; durable when it returns, or as soon as there is room. */
  set(row: SessionRow): void {
    this.#known.set(row.hash, row);
    this.#keptMs.set(row.hash, row.usedMs);
    this.#write(row.hash);
  }

  /** In memory at once, on the disk now and then; a full disk keeps nobody from reading. */
  use(row: SessionRow, usedMs: number): void {
    const used = { ...row, usedMs };
    this.#known.set(row.hash, used);
    if (usedMs - (this.#keptMs.get(row.hash) ?? Number.NEGATIVE_INFINITY) < KEEP_USE_MS) return;
    this.#keptMs.set(row.hash, usedMs);
    this.#write(row.hash);
  }

  /** Gone at once; durably as `set`. */
  delete(hash: string): void {
    this.#known.delete(hash);
    this.#keptMs.delete(hash);
    this.#write(hash);
  }

  /** To be called now and then: tries again what found no room. */
  flush(): void {
    for (const hash of this.#unwritten) this.#write(hash);
  }

  #write(hash: string): void {
    const row = this.#known.get(hash);
    unlessNoRoom(
      () => {
        write(() => (row === undefined ? this.#remove.run(hash) : this.#store.run(row)));
        this.#unwritten.delete(hash);
      },
      () => void this.#unwritten.add(hash),
    );
  }
}

function write(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    throw storageFault(error, "state.db");
  }
}
