// Opens one of core's SQLite databases for durable writes; what is damaged is set aside by name and replaced by an empty one.

import Database from "better-sqlite3";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault, isFault } from "../../../drivers/contract/fault.ts";
import { errorCode } from "../../runtime/error-code.ts";
import { LogCopy } from "./log-copy.ts";

export interface OpenedDatabase {
  readonly database: Database.Database;
  /** Its log, which the owner copies when it is due; `closeDatabase` closes both. */
  readonly log: LogCopy;
  /** Nothing was there, or nothing that could be kept. */
  readonly isNew: boolean;
  /** Where the damaged file went and what was wrong with it; undefined for a sound one. */
  readonly setAside?: { readonly path: string; readonly reason: string };
}

/**
 * Opens `path` with WAL and `synchronous=FULL`, checks it, and lets `prepare` make what is missing of its schema. A damaged
 * database, or one that `prepare` cannot work with, is renamed to `<path>.damaged-<time>` and begun anew. Throws a Fault only
 * where a new one cannot be made either (rights, full disk). The caller closes it with `log.closeDatabase`.
 */
export function openDatabase(path: string, clock: Clock, prepare: (database: Database.Database) => void): OpenedDatabase {
  const isNew = !existsSync(path) || statSync(path).size === 0;
  try {
    return { ...openChecked(path, prepare), isNew };
  } catch (error) {
    if (!existsSync(path) || !isDamage(error)) throw storageFault(error, path);
    const reason = error instanceof Error ? error.message : String(error);
    const aside = setAside(path, clock);
    try {
      return { ...openChecked(path, prepare), isNew: true, setAside: { path: aside, reason } };
    } catch (second) {
      throw storageFault(second, path);
    }
  }
}

function openChecked(path: string, prepare: (database: Database.Database) => void): Pick<OpenedDatabase, "database" | "log"> {
  // SQLite makes log and shared memory with the rights of the database; made by SQLite itself it would be readable for others.
  closeSync(openSync(path, "a", 0o600));
  const database = new Database(path);
  try {
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    // LogCopy does it, so that no sync of the file holds up the event loop.
    database.pragma("wal_autocheckpoint = 0");
    database.pragma("secure_delete = ON");
    // 4 MiB: these databases are small, and a foreign reader shall not make their logs large.
    database.pragma("journal_size_limit = 4194304");
    const found: unknown = database.pragma("quick_check(1)", { simple: true });
    if (found !== "ok") throw new DamageError(String(found));
    prepare(database);
    return { database, log: new LogCopy(database, path) };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** What only a broken file shows; never a full disk or a lock. */
class DamageError extends Error {}

const DAMAGE_CODES = /^SQLITE_(CORRUPT|NOTADB|ERROR|SCHEMA|MISMATCH|FORMAT)/;

function isDamage(error: unknown): boolean {
  return error instanceof DamageError || error instanceof SyntaxError || (error instanceof Database.SqliteError && DAMAGE_CODES.test(error.code));
}

function setAside(path: string, clock: Clock): string {
  const stamp = new Date(clock.now()).toISOString().replace(/[:.]/g, "-");
  let aside = `${path}.damaged-${stamp}`;
  for (let attempt = 2; existsSync(aside); attempt += 1) aside = `${path}.damaged-${stamp}-${attempt}`;
  for (const suffix of ["-wal", ""]) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  if (existsSync(`${path}-shm`)) renameSync(`${path}-shm`, `${aside}-shm`);
  syncFolder(dirname(path));
  return aside;
}

/** Makes renames and new files of a folder durable. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What SQLite throws, as a Fault that names the file. A Fault stays itself. */
export function storageFault(error: unknown, where: string): Fault {
  if (!(error instanceof Database.SqliteError)) return asFault(error, where);
  const detail = { where, cause: error };
  if (error.code.startsWith("SQLITE_FULL") || error.code.startsWith("SQLITE_IOERR_WRITE")) {
    return new Fault("STORAGE_FULL", "the database cannot grow: the file system is full", { ...detail, remedy: "Free space on the file system of the data directory." });
  }
  if (error.code.startsWith("SQLITE_BUSY") || error.code.startsWith("SQLITE_LOCKED")) {
    return new Fault("STORAGE_BUSY", "another program holds the database", { ...detail, remedy: "End the other program that has the database open." });
  }
  if (error.code.startsWith("SQLITE_CANTOPEN") || error.code.startsWith("SQLITE_READONLY") || error.code.startsWith("SQLITE_PERM")) {
    return new Fault("ACCESS_DENIED", "the database cannot be opened for writing", { ...detail, remedy: "Give the data directory and its files to the user that Weir runs as." });
  }
  return new Fault("STORAGE_DAMAGED", `the database failed: ${error.message}`, { ...detail, remedy: "Restart Weir: a damaged database is set aside and begun anew." });
}

/** Looks at the causes too: what the disk said lies below what the part that met it says. */
export function isForWantOfRoom(error: unknown): boolean {
  if (isFault(error, "STORAGE_FULL")) return true;
  const code = errorCode(error) ?? "";
  if (code === "ENOSPC" || code === "EDQUOT" || code.startsWith("SQLITE_FULL") || code.startsWith("SQLITE_IOERR_WRITE")) return true;
  return error instanceof Error && error.cause !== undefined && isForWantOfRoom(error.cause);
}
