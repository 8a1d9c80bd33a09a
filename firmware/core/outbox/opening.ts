// Opens outbox.db for use: a damaged file is set aside, and a file that does not fit state.db gets new streams.

import { randomUUID } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { isBusy, isDamage, isNoRoom, messageOf, setAside } from "./database.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { Bounds } from "./limits.ts";
import { adoptFindings } from "./recovery/adopt.ts";
import { Findings } from "./recovery/findings.ts";
import { Store } from "./store.ts";

/** Numbers below are left to streams whose numbers are not known yet. */
const FIRST_NUMBER_BESIDE_UNKNOWN = 256;

export interface Opened {
  readonly store: Store;
  /** The path that a damaged file has now, and why. */
  readonly damaged?: { readonly path: string; readonly cause: string };
}

/** Never throws for a damaged file; STORAGE_BUSY, STORAGE_FULL or CONFIG_INVALID when none can be opened or made. */
export function openStore(file: string, limits: Bounds, nowMs: number): Opened {
  try {
    return { store: new Store(file, limits) };
  } catch (error) {
    if (!isDamage(error)) throw refuse(file, error);
    return startOver({ file, limits, nowMs, findings: readWhatSqlCan(file), cause: error });
  }
}

/** The open database is damaged: what is known of it goes on in a new one. */
export function replaceStore(store: Store, limits: Bounds, nowMs: number, cause: unknown): Opened {
  const findings = new Findings();
  if (store.db.inTransaction) quietly(() => store.db.exec("ROLLBACK"));
  quietly(() => findings.readDatabase(store.db));
  for (const stream of store.streams.values()) {
    if (findings.streams.has(stream.number)) continue;
    const { number, uuid, destination, next, dropped, rejected } = stream;
    findings.streams.set(number, { number, uuid, destination, next, dropped, rejected, isGone: false });
    findings.settled.set(stream.number, stream.settled);
  }
  return startOver({ file: store.file, limits, nowMs, findings, cause, before: store });
}

interface Damaged {
  readonly file: string;
  readonly limits: Bounds;
  readonly nowMs: number;
  /** What is known of it already. */
  readonly findings: Findings;
  readonly cause: unknown;
  /** The store that has it open. */
  readonly before?: Store;
}

/** Renamed before it is closed: SQLite deletes the log by its name when it closes, and the new file's log would have that name. */
function startOver({ file, limits, nowMs, findings, cause, before }: Damaged): Opened {
  try {
    const path = setAside(file, nowMs);
    quietly(() => before?.close());
    const store = new Store(file, limits);
    store.transaction(() => {
      adoptFindings(store, findings, "");
      const destinations = new Set([...findings.streams.values()].filter((stream) => !stream.isGone).map((stream) => stream.destination));
      for (const destination of destinations) if (destination !== "") store.addStream(destination, { number: Math.max(findings.nextStreamNumber ?? 1, FIRST_NUMBER_BESIDE_UNKNOWN) });
    });
    return { store, damaged: { path, cause: messageOf(cause) } };
  } catch (error) {
    throw refuse(file, error);
  }
}

function readWhatSqlCan(file: string): Findings {
  const findings = new Findings();
  // SQLite would delete the log beside an empty file.
  if (!existsSync(file) || statSync(file).size === 0) return findings;
  quietly(() => {
    const db = new Sqlite(file, { timeout: 0 });
    try {
      db.pragma("locking_mode = EXCLUSIVE");
      findings.readDatabase(db);
    } finally {
      db.close();
    }
  });
  return findings;
}

/**
 * Writes a fresh generation and compares what was there with what state.db says and with the file's inode: a copy that was put
 * in place of the file would give numbers again that are given already, so new readings go to new streams.
 */
export function pairStore(store: Store, generation: string | undefined): { readonly generation: string; readonly isReplaced: boolean } {
  const fresh = randomUUID();
  const inode = existsSync(store.file) ? String(statSync(store.file).ino) : "";
  const stored = store.sql.meta.get("generation");
  const known = [stored, store.sql.meta.get("generation.before")];
  const isReplaced = stored !== undefined && (generation === undefined || !known.includes(generation) || store.sql.meta.get("inode") !== inode);
  store.transaction(() => {
    if (isReplaced) {
      for (const stream of store.openStreams()) {
        stream.state = "draining";
        stream.isDirty = true;
        store.addStream(stream.destination);
      }
    }
    store.sql.setMeta.run("generation", fresh);
    // Core may die before it has stored the fresh one.
    store.sql.setMeta.run("generation.before", generation ?? "");
    store.sql.setMeta.run("inode", inode);
  });
  return { generation: fresh, isReplaced };
}

/** After a database was replaced while it ran: the new one has the same generation, and its own inode. */
export function pairAgain(store: Store, generation: string): void {
  store.transaction(() => {
    store.sql.setMeta.run("generation", generation);
    store.sql.setMeta.run("inode", String(statSync(store.file).ino));
  });
}

function refuse(file: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const detail = { where: file, cause: error };
  if (isBusy(error)) return new Fault("STORAGE_BUSY", `the outbox is locked by another program: ${messageOf(error)}`, { ...detail, remedy: "End the other Weir that uses the same data directory." });
  if (isNoRoom(error) && existsSync(file)) return new Fault("STORAGE_FULL", `the outbox cannot be written: ${messageOf(error)}`, { ...detail, remedy: "Free space on the file system and check the rights of the data directory." });
  return new Fault("CONFIG_INVALID", `the outbox cannot be opened: ${messageOf(error)}`, { ...detail, remedy: "Check that the data directory exists and that this user may write there." });
}

function quietly(work: () => unknown): void {
  try {
    work();
  } catch {
    // The file is damaged: whatever it does not give any more is looked for by the recovery.
  }
}
