// Room on the disk that belongs to the audit log: a full disk, however it became full, does not end the log.

import { existsSync, renameSync, rmSync } from "node:fs";
import { open, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Database } from "better-sqlite3";
import type { LogCopy } from "../storage/log-copy.ts";

const RESERVE_BYTES = 1_048_576;
/** Blocks that must stay free beside a new reserve: it shall not take the last of the disk. */
const SPARE_BYTES = 4 * RESERVE_BYTES;
/** What the reserve becomes within audit.db: as much again goes through its write-ahead log. */
const PAGE_BYTES = [458_752, 196_608, 65_536] as const;

/**
 * A file of 1 MiB. When the log finds no room it is given free and taken again by the log's own database in the same turn, as empty pages and as a
 * longer write-ahead log: no other part of core comes in between. They take some 2,000 entries.
 */
export class AuditReserve {
  readonly #file: string;
  readonly #database: Database;
  readonly #log: LogCopy;
  readonly #bytes: number;

  constructor(file: string, database: Database, log: LogCopy, bytes = RESERVE_BYTES) {
    this.#file = file;
    this.#database = database;
    this.#log = log;
    this.#bytes = bytes;
  }

  /** False while the log lives on its reserve. */
  get isWhole(): boolean {
    return existsSync(this.#file);
  }

  /** Makes the reserve where it is not there. False where there is no room for it; then nothing of it is left. */
  async refill(): Promise<boolean> {
    if (this.isWhole) return true;
    const draft = `${this.#file}.new`;
    try {
      const { bavail, bsize } = await statfs(dirname(this.#file));
      if (bavail * bsize < this.#bytes + SPARE_BYTES) return false;
      const file = await open(draft, "w", 0o600);
      try {
        // Written, not sparse: only what is written has its blocks.
        const block = Buffer.alloc(65_536);
        for (let written = 0; written < this.#bytes; written += block.length) await file.write(block);
        await file.sync();
      } finally {
        await file.close();
      }
      renameSync(draft, this.#file);
      return true;
    } catch {
      rmSync(draft, { force: true });
      return false;
    }
  }

  /** Writes the entry as long as there is any room of our own. Throws what `write` throws when there is none. */
  write<Answer>(write: () => Answer): Answer {
    // The write-ahead log may have come to its end only because nobody has copied it.
    this.#copy();
    try {
      return write();
    } catch (error) {
      if (!this.isWhole) throw error;
    }
    rmSync(this.#file, { force: true });
    this.#copy();
    for (const bytes of PAGE_BYTES) if (this.#grow(bytes)) break;
    return write();
  }

  /** Empty pages in the database, and a write-ahead log that has its blocks. */
  #grow(bytes: number): boolean {
    try {
      this.#database.prepare("INSERT INTO reserve (bytes) VALUES (zeroblob(?))").run(bytes);
      this.#copy();
      this.#database.exec("DELETE FROM reserve");
      this.#copy();
      return true;
    } catch {
      return false;
    }
  }

  #copy(): void {
    this.#log.finish();
    try {
      this.#database.pragma("wal_checkpoint(PASSIVE)");
    } catch {
      // No room for it: the log stays as it is.
    }
  }
}
