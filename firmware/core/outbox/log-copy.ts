// Brings the write-ahead log into the database's file without holding the event loop while the disk syncs it.

import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";
import type { Statement } from "better-sqlite3";
import { asFault } from "../../../drivers/contract/fault.ts";
import type { Database } from "./database.ts";

/** 4 MiB of log, as SQLite itself would do it. */
const LOG_PAGES = 1000;

interface LogState {
  readonly log: number;
  readonly checkpointed: number;
}

/**
 * SQLite copies the pages with `synchronous=OFF` (milliseconds: they go to the page cache), and a thread syncs the file. Until that is
 * done nothing may be written to the database, since the next write would use the log anew (sqlite.org/wal.html). A power cut before
 * finds the log whole and copies it again. Only for a database that is locked for us alone.
 */
export class LogCopy {
  readonly #db: Database;
  readonly #state: Statement<[], LogState>;
  /** Never closed before the database: that would end SQLite's own locks on the file (sqlite.org/howtocorrupt.html §2.2). */
  readonly #descriptor: number;
  #isUnsynced = false;
  #isClosed = false;
  #dueAt = LOG_PAGES;

  constructor(db: Database, file: string) {
    this.#db = db;
    this.#state = db.prepare<[], LogState>("PRAGMA wal_checkpoint(NOOP)");
    this.#descriptor = openSync(file, "r+");
  }

  /** The log is long enough to be copied. */
  get isDue(): boolean {
    const state = this.#state.get();
    return state !== undefined && state.log - state.checkpointed >= this.#dueAt;
  }

  /** Resolves when the database may be written again. Rejects when the disk fails: the process must end then, and the next one copies the log again. */
  async start(isShared: boolean): Promise<void> {
    if (!this.#copy(isShared) || isShared) return;
    this.#isUnsynced = true;
    await new Promise<void>((resolve, reject) => {
      fdatasync(this.#descriptor, (error) => {
        if (this.#isUnsynced && error !== null) return reject(asFault(error));
        this.#isUnsynced = false;
        resolve();
      });
    });
  }

  /** Where it fails (a full disk) the log stays as it is, grows, and is copied a little later. */
  #copy(isShared: boolean): boolean {
    if (!isShared) this.#db.pragma("synchronous = OFF");
    try {
      this.#db.pragma("wal_checkpoint(PASSIVE)");
      this.#dueAt = LOG_PAGES;
      return true;
    } catch {
      this.#dueAt += LOG_PAGES / 4;
      return false;
    } finally {
      if (!isShared) this.#db.pragma("synchronous = FULL");
    }
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
    this.#isUnsynced = false;
  }

  /** After the database is closed. */
  close(): void {
    this.#isUnsynced = false;
    if (!this.#isClosed) closeSync(this.#descriptor);
    this.#isClosed = true;
  }
}
