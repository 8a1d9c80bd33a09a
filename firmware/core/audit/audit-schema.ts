// The tables of audit.db. Triggers keep entries from being changed, or deleted other than by retention.

import type { Database } from "better-sqlite3";

export const ANCHOR = "anchor";
export const HEAD = "head";

/** A position of the chain: an entry's number and its mark. */
export interface Place {
  readonly number: number;
  readonly chain: string;
}

/** Makes what is missing. The triggers are against slips; against hands the chain stands. */
export function prepareAuditSchema(database: Database): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS entries (
      number INTEGER PRIMARY KEY, time TEXT NOT NULL, uptimeMs INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
      target TEXT NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL, keyId TEXT NOT NULL, chain TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS places (place TEXT PRIMARY KEY, number INTEGER NOT NULL, chain TEXT NOT NULL, keyId TEXT NOT NULL, seal TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
    CREATE TRIGGER IF NOT EXISTS never_deleted BEFORE DELETE ON entries
      WHEN OLD.number > coalesce((SELECT number FROM places WHERE place = '${ANCHOR}'), 0)
      BEGIN SELECT RAISE(ABORT, 'audit entries are deleted by retention only'); END;
  `);
  database.prepare("SELECT number, time, uptimeMs, actor, action, target, result, detail, keyId, chain FROM entries LIMIT 1").get();
  database.prepare("SELECT place, number, chain, keyId, seal FROM places LIMIT 1").get();
}
