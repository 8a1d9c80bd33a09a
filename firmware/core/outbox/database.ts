// Opens outbox.db with its pragmas, looks whether it is sound, and sets a damaged one aside.

import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import Sqlite from "better-sqlite3";
import { Fault } from "../../../drivers/contract/fault.ts";
import { PAGE_BYTES, SCHEMA, SCHEMA_VERSION } from "./schema.ts";

export type Database = Sqlite.Database;

/** How long somebody else's lock on the file is waited for at the start. */
const LOCK_WAIT_MS = 2000;
const WAL_BYTES = 8 * 1_048_576;
const KEPT_DAMAGED = 3;

export interface OpenedDatabase {
  readonly db: Database;
  /** True when another program has the file open, so that it could not be locked for us alone. */
  readonly isShared: boolean;
  readonly isNew: boolean;
}

/** Opens or makes the file. Throws what SQLite throws; `isDamage` tells whether the file is to be set aside. */
export function openDatabase(file: string): OpenedDatabase {
  const isNew = !existsSync(file) || statSync(file).size === 0;
  // A log without its file is left by a renaming that was cut short: it would be taken for the new file's.
  if (isNew && existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 0) throw new Fault("STORAGE_DAMAGED", "there is a write-ahead log without its database", { where: file });
  const db = new Sqlite(file, { timeout: LOCK_WAIT_MS });
  try {
    const isShared = !lockAlone(db);
    db.pragma(`page_size = ${PAGE_BYTES}`);
    if (isNew) db.pragma("auto_vacuum = INCREMENTAL");
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    // LogCopy does it, so that a slow disk holds up the commits and not the whole process.
    db.pragma("wal_autocheckpoint = 0");
    db.pragma(`journal_size_limit = ${WAL_BYTES}`);
    db.pragma("cache_size = -8192");
    db.pragma("temp_store = MEMORY");
    if (isEmpty(db)) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
    db.pragma("busy_timeout = 250");
    if (isNew) syncFolder(file);
    return { db, isShared, isNew };
  } catch (error) {
    db.close();
    throw error;
  }
}

function isEmpty(db: Database): boolean {
  return db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0;
}

/** With EXCLUSIVE set before the first access there is no shared-memory file, and no foreign reader can hold the log. */
function lockAlone(db: Database): boolean {
  db.pragma("locking_mode = EXCLUSIVE");
  try {
    db.exec("BEGIN IMMEDIATE; COMMIT");
    return true;
  } catch (error) {
    if (codeOf(error)?.startsWith("SQLITE_BUSY") !== true) throw error;
    db.pragma("locking_mode = NORMAL");
    return false;
  }
}

/** The file's content cannot be trusted; only setting it aside helps. */
export function isDamage(error: unknown): boolean {
  if (error instanceof Fault) return error.code === "STORAGE_DAMAGED";
  const code = codeOf(error) ?? "";
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB" || code === "SQLITE_FORMAT" || code === "SQLITE_IOERR_SHORT_READ" || code === "SQLITE_IOERR_READ" || code === "SQLITE_IOERR_CORRUPTFS") return true;
  // A schema that lost a table or column says so with SQLITE_ERROR.
  return code === "SQLITE_ERROR" && /no such (table|column|index)|malformed|has no column/.test(messageOf(error));
}

/** The disk cannot take it now; it may later. */
export function isNoRoom(error: unknown): boolean {
  const code = codeOf(error) ?? "";
  return code === "SQLITE_FULL" || code.startsWith("SQLITE_IOERR") || code.startsWith("SQLITE_CANTOPEN") || code.startsWith("SQLITE_READONLY") || code === "ENOSPC" || code === "EIO";
}

export function isBusy(error: unknown): boolean {
  return codeOf(error)?.startsWith("SQLITE_BUSY") === true || codeOf(error)?.startsWith("SQLITE_LOCKED") === true;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Makes a new, renamed or removed name in the file's folder survive a power cut. */
export function syncFolder(file: string): void {
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Renames the file and its log. What is still open on them stays open. Returns the new path. */
export function setAside(file: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]/g, "").replace(/\..*/, "Z");
  let target = `${file}.damaged-${time}`;
  for (let number = 2; existsSync(target); number += 1) target = `${file}.damaged-${time}-${number}`;
  // The log first: a log without its file is recovered from, a new file beside an old log would be taken for one database.
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${target}-wal`);
  if (existsSync(file)) renameSync(file, target);
  rmSync(`${file}-shm`, { force: true });
  syncFolder(file);
  return target;
}

/** Files that were set aside and not recovered to their end, oldest first. */
export function pendingDamaged(file: string): readonly string[] {
  return damagedFiles(file).filter((path) => !existsSync(`${path}.done`));
}

/** Notes that all that could be read from the file is safe, and keeps only the newest such files. */
export function finishDamaged(file: string, damaged: string): void {
  closeSync(openSync(`${damaged}.done`, "w"));
  dropDamaged(file, KEPT_DAMAGED);
}

/** Deletes recovered damaged files but the newest `keep`. Returns whether one was deleted. */
export function dropDamaged(file: string, keep: number): boolean {
  const done = damagedFiles(file).filter((path) => existsSync(`${path}.done`));
  const excess = done.slice(0, Math.max(0, done.length - keep));
  for (const path of excess) for (const suffix of ["-wal", "", ".done"]) rmSync(`${path}${suffix}`, { force: true });
  if (excess.length > 0) syncFolder(file);
  return excess.length > 0;
}

function damagedFiles(file: string): readonly string[] {
  const prefix = `${basename(file)}.damaged-`;
  const names = readdirSync(dirname(file)).filter((name) => name.startsWith(prefix) && !name.endsWith(".done"));
  const files = new Set(names.map((name) => name.replace(/-wal$/, "")));
  return [...files].sort().map((name) => join(dirname(file), name));
}
