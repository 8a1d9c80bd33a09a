// The tables of acceptance in state.db: what was found or listed by hand, and the history of each.

import type { Database } from "better-sqlite3";

/** Makes what is missing; only ever adds. Throws what SQLite throws where a table is not as expected. */
export function prepareAcceptanceSchema(database: Database): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS found_assets (number INTEGER PRIMARY KEY, entry TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS asset_history (
      number INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS asset_history_owner ON asset_history (owner, number);
  `);
  for (const columns of ["number, entry FROM found_assets", "number, owner, at, kind, actor, detail FROM asset_history"]) database.prepare(`SELECT ${columns} LIMIT 1`).get();
}
