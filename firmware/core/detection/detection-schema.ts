// The tables of detection in state.db: what was found, whose addresses are known, and which segments are learned.

import type { Database } from "better-sqlite3";

/** Makes what is missing; only ever adds. Throws what SQLite throws where a table is not as expected. */
export function prepareDetectionSchema(database: Database): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS detections (
      number INTEGER PRIMARY KEY, kind TEXT NOT NULL, side TEXT NOT NULL, source TEXT NOT NULL, severity INTEGER NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
      count INTEGER NOT NULL, detail TEXT NOT NULL, accepted INTEGER NOT NULL, UNIQUE (kind, side, source)) STRICT;
    DROP INDEX IF EXISTS detections_last;
    CREATE INDEX IF NOT EXISTS detections_newest ON detections (last, severity);
    CREATE TABLE IF NOT EXISTS neighbours (side TEXT NOT NULL, address TEXT NOT NULL, mac TEXT NOT NULL, PRIMARY KEY (side, address)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS learned_segments (side TEXT PRIMARY KEY, seconds INTEGER NOT NULL, isLearned INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `);
  for (const columns of ["number, kind, side, source, severity, first, last, count, detail, accepted FROM detections", "side, address, mac FROM neighbours", "side, seconds, isLearned FROM learned_segments"]) {
    database.prepare(`SELECT ${columns} LIMIT 1`).get();
  }
}
