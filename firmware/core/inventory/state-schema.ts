// The tables of state.db: what the gateway has learned. What people decide is in the configuration.

import type { Database } from "better-sqlite3";
import { prepareAcceptanceSchema } from "../acceptance/acceptance-schema.ts";
import { prepareAccountsSchema } from "../accounts/accounts-schema.ts";
import { prepareTokenSchema } from "../accounts/tokens.ts";
import { prepareDetectionSchema } from "../detection/detection-schema.ts";
import { prepareEnrolmentSchema } from "../pki/enrolments.ts";
import { storageFault } from "../storage/open-database.ts";
import { prepareTaskSchema } from "../tasks/task-rows.ts";
import { preparePointSchema } from "./point-lists.ts";

/** Makes what is missing. Throws what SQLite throws where a table is not as expected. */
export function prepareStateSchema(database: Database): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS assets (
      id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, zone TEXT, nameplate TEXT NOT NULL, address TEXT NOT NULL,
      equipment TEXT NOT NULL, points INTEGER NOT NULL, firstSeen TEXT NOT NULL, lastSeen TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS last_values (asset TEXT NOT NULL, point TEXT NOT NULL, reading TEXT NOT NULL, PRIMARY KEY (asset, point)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS links (name TEXT PRIMARY KEY, state TEXT NOT NULL, fault TEXT, via TEXT) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `);
  if (!hasColumn(database, "links", "via")) database.exec("ALTER TABLE links ADD COLUMN via TEXT");
  for (const columns of ["id, name, state, zone, nameplate, address, equipment, points, firstSeen, lastSeen FROM assets", "asset, point, reading FROM last_values", "name, state, fault, via FROM links", "name, text FROM kept"]) {
    database.prepare(`SELECT ${columns} LIMIT 1`).get();
  }
  // Points were kept there before there were lists.
  if (hasColumn(database, "assets", "pointSpecs")) database.exec("ALTER TABLE assets DROP COLUMN pointSpecs");
  preparePointSchema(database);
  prepareDetectionSchema(database);
  prepareEnrolmentSchema(database);
  prepareAcceptanceSchema(database);
  prepareTaskSchema(database);
  prepareAccountsSchema(database);
  prepareTokenSchema(database);
}

function hasColumn(database: Database, table: string, column: string): boolean {
  return database.prepare("SELECT 1 FROM pragma_table_info(?) WHERE name = ?").get(table, column) !== undefined;
}

/** Small texts that core keeps from one start to the next. */
export interface Kept {
  read(name: KeptName): string | undefined;
  /** Durable when it returns true; false where the disk is full or the database held: then the former text stays. */
  write(name: KeptName, text: string): boolean;
}

export type KeptName = "outbox-generation" | "good-configuration" | "cloud-link" | "host-firewall" | "host-network" | "audit-head" | "audit-feed";

export function openKept(database: Database): Kept {
  const find = database.prepare<[string], string>("SELECT text FROM kept WHERE name = ?").pluck();
  const store = database.prepare("INSERT OR REPLACE INTO kept (name, text) VALUES (?, ?)");
  return {
    read: (name) => find.get(name),
    write: (name, text) => {
      try {
        store.run(name, text);
        return true;
      } catch (error) {
        const fault = storageFault(error, "state.db");
        if (fault.code === "STORAGE_FULL" || fault.code === "STORAGE_BUSY") return false;
        throw fault;
      }
    },
  };
}
