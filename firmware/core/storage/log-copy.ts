// Brings the write-ahead log into the database's file without holding the event loop while the disk syncs it.

import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";
import Sqlite from "better-sqlite3";
import type { Database, Statement } from "better-sqlite3";
import { asFault } from "../../../drivers/contract/fault.ts";

/** 2.4 MiB of log, half of what SQLite itself would wait for: so much is copied in less than a commit takes. */
const LOG_PAGES = 600;
/** A log that grew so long, because each sync was overtaken by a write, is copied in SQLite's own way. */
const LONGEST_LOG_PAGES = 8000;

interface LogState {
  readonly log: number;
  readonly checkpointed: number;
}

/**
 * Who else may have the file open, and so what keeps the log whole until the disk has what was copied of it (sqlite.org/wal.html):
 * - `alone`: locked for us; the owner writes nothing until `start` resolves, since the next write would begin the log anew.
 * - `readers`: anybody may read; a read transaction of ours holds the log, writes go on behind it.
 * - `foreign`: it should be alone and is not: SQLite's own way, with the sync in it.
 */
export type LogSharing = "alone" | "readers" | "foreign";

/**
 * SQLite copies the pages with `synchronous=OFF` (milliseconds: they go to the page cache), and a thread syncs the file. A power cut before
 * finds the log whole and copies it again. `wal_autocheckpoint` is 0, so that nothing else copies.
 */
export class LogCopy {
  readonly #db: Database;
  readonly #file: string;
  readonly #state: Statement<[], LogState>;
  /** Never closed before the database: that would end SQLite's own locks on the file (sqlite.org/howtocorrupt.html §2.2). */
  readonly #descriptor: number;
  #holder: Database | undefined;
  #isUnsynced = false;
  #rounds = 0;
  #syncing: Promise<void> = Promise.resolve();
  #isClosed = false;
  #dueAt = LOG_PAGES;

  constructor(db: Database, file: string) {
    this.#db = db;
    this.#file = file;
    this.#state = db.prepare<[], LogState>("PRAGMA wal_checkpoint(NOOP)");
    this.#descriptor = openSync(file, "r+");
  }

  /** The log is long enough to be copied. */
  get isDue(): boolean {
    const state = this.#state.get();
    return state !== undefined && !this.#isUnsynced && state.log - state.checkpointed >= this.#dueAt;
  }

  get isSyncing(): boolean {
    return this.#isUnsynced;
  }

  /** Resolves when no sync is on its way. For those who write much where they need not wait: otherwise the log would not come to its end, and grow. */
  get settled(): Promise<void> {
    return this.#syncing;
  }

  /** Resolves when the disk has it. Rejects when the disk fails: the process must end then, and the next one copies the log again. */
  async start(sharing: LogSharing): Promise<void> {
    if (this.#isUnsynced || this.#isClosed || !this.#copyUnsynced(sharing)) return;
    this.#isUnsynced = true;
    const round = (this.#rounds += 1);
    const synced = new Promise<void>((resolve, reject) => {
      fdatasync(this.#descriptor, (error) => {
        // `finish` may have been faster, and another copy have begun since.
        const isOpen = this.#isUnsynced && round === this.#rounds;
        if (isOpen && error !== null) return reject(asFault(error));
        if (isOpen) this.#release();
        resolve();
      });
    });
    this.#syncing = synced.catch(() => undefined);
    await synced;
  }

  /** True when the copied pages have to be synced. */
  #copyUnsynced(sharing: LogSharing): boolean {
    if (sharing === "foreign" || (sharing === "readers" && (this.#state.get()?.log ?? 0) > LONGEST_LOG_PAGES)) {
      this.#copy(true);
      return false;
    }
    if (sharing === "readers") this.#hold();
    const isCopied = this.#copy(false);
    if (!isCopied) this.#release();
    return isCopied;
  }

  /** Where it fails (a full disk) the log stays as it is, grows, and is copied a little later. */
  #copy(isSynced: boolean): boolean {
    if (!isSynced) this.#db.pragma("synchronous = OFF");
    try {
      this.#db.pragma("wal_checkpoint(PASSIVE)");
      this.#dueAt = LOG_PAGES;
      return true;
    } catch {
      this.#dueAt += LOG_PAGES / 4;
      return false;
    } finally {
      if (!isSynced) this.#db.pragma("synchronous = FULL");
    }
  }

  /** A reader that began at the log's present end: a writer behind it appends, and does not begin the log anew. */
  #hold(): void {
    this.#holder = new Sqlite(this.#file);
    this.#holder.exec("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1");
  }

  #release(): void {
    this.#isUnsynced = false;
    this.#holder?.close();
    this.#holder = undefined;
  }

  /** Gives the log's bytes back to the file system: the disk is short, and this may hold the event loop for a sync. Does nothing where a reader holds the log. */
  shrink(): void {
    this.finish();
    try {
      this.#db.pragma("wal_checkpoint(TRUNCATE)");
    } catch {
      // No room for it either: the log stays as it is.
    }
  }

  /** What must be written now does not wait for the thread. */
  finish(): void {
    if (!this.#isUnsynced) return;
    fdatasyncSync(this.#descriptor);
    this.#release();
  }

  /** Closes the database, and what belongs to it in the order that SQLite's locks need. Closing removes the log: what was copied of it is synced before. */
  closeDatabase(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.finish();
    } finally {
      this.#release();
      this.#db.close();
      closeSync(this.#descriptor);
    }
  }
}
