// The tables of audit.db. Triggers keep entries from being changed, or deleted other than by retention.

import type { Database } from "better-sqlite3";

export const ANCHOR = "anchor";
export const HEAD = "head";

/** Columns that a log of the former shape has not. Their defaults are what entries of form 1 have there. */
const LATER_COLUMNS = ["form INTEGER NOT NULL DEFAULT 1", "timeQuality TEXT NOT NULL DEFAULT ''", "runningMs INTEGER NOT NULL DEFAULT 0", "zone TEXT NOT NULL DEFAULT ''", "source TEXT"];

/** Makes what is missing. The triggers are against slips; against hands the chain stands. */
export function prepareAuditSchema(database: Database): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS entries (
      number INTEGER PRIMARY KEY, time TEXT NOT NULL, uptimeMs INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
      target TEXT NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL, keyId TEXT NOT NULL, chain TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS places (place TEXT PRIMARY KEY, number INTEGER NOT NULL, chain TEXT NOT NULL, keyId TEXT NOT NULL, seal TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, text TEXT NOT NULL, seal TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS reserve (bytes BLOB NOT NULL) STRICT;
    CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
    CREATE TRIGGER IF NOT EXISTS never_deleted BEFORE DELETE ON entries
      WHEN OLD.number > coalesce((SELECT number FROM places WHERE place = '${ANCHOR}'), 0)
      BEGIN SELECT RAISE(ABORT, 'audit entries are deleted by retention only'); END;
  `);
  for (const column of LATER_COLUMNS) addColumn(database, "entries", column);
  addColumn(database, "places", "entryKeyId TEXT NOT NULL DEFAULT ''");
  database.prepare("SELECT number, form, time, timeQuality, uptimeMs, runningMs, zone, actor, source, action, target, result, detail, keyId, chain FROM entries LIMIT 1").get();
  database.prepare("SELECT place, number, chain, keyId, entryKeyId, seal FROM places LIMIT 1").get();
  database.prepare("SELECT name, text, seal FROM kept LIMIT 1").get();
}

function addColumn(database: Database, table: string, column: string): void {
  const [name = ""] = column.split(" ");
  const isThere = database.prepare("SELECT 1 FROM pragma_table_info(?) WHERE name = ?").get(table, name) !== undefined;
  if (!isThere) database.exec(`ALTER TABLE ${table} ADD COLUMN ${column}`);
}
