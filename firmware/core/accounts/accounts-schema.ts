// The tables of accounts in state.db: nothing in them lets anybody in.

import type { Database } from "better-sqlite3";
import { prepareRunningTimeSchema } from "./running-time.ts";

/** Times ending in `Ms` are running time; `passwordSetWallMs` is wall time, null where the clock was not synchronised. */
const ACCOUNT_COLUMNS = `name TEXT NOT NULL UNIQUE, displayName TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL, responsibility TEXT NOT NULL, machines TEXT NOT NULL,
  role TEXT NOT NULL, groupName TEXT, origin TEXT NOT NULL, isDisabled INTEGER NOT NULL,
  password TEXT, isTemporary INTEGER NOT NULL, passwordSetMs INTEGER NOT NULL, passwordSetWallMs INTEGER,
  failures INTEGER NOT NULL, lockedUntilMs INTEGER, hasSecondFactor INTEGER NOT NULL, created TEXT NOT NULL, lastLogin TEXT`;

const OF_ACCOUNT = "account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE";

/** Makes what is missing. Throws what SQLite throws where a table is not as expected. */
export function prepareAccountsSchema(database: Database): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY AUTOINCREMENT, ${ACCOUNT_COLUMNS}) STRICT;
    CREATE TABLE IF NOT EXISTS former_passwords (number INTEGER PRIMARY KEY AUTOINCREMENT, ${OF_ACCOUNT}, password TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS recovery_codes (hash TEXT PRIMARY KEY, ${OF_ACCOUNT}) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS used_codes (number INTEGER PRIMARY KEY AUTOINCREMENT, ${OF_ACCOUNT}, step INTEGER NOT NULL, UNIQUE (account, step)) STRICT;
    CREATE TABLE IF NOT EXISTS browsers (hash TEXT PRIMARY KEY, ${OF_ACCOUNT}, failures INTEGER NOT NULL, lockedUntilMs INTEGER, usedMs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS sessions (
      hash TEXT PRIMARY KEY, ${OF_ACCOUNT}, id TEXT NOT NULL UNIQUE, boot TEXT NOT NULL, source TEXT NOT NULL, started TEXT NOT NULL,
      startedMs INTEGER NOT NULL, usedMs INTEGER NOT NULL, freshUntilMs INTEGER NOT NULL, failures INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `);
  const read = [
    "id, name, displayName, email, phone, responsibility, machines, role, groupName, origin, isDisabled, password, isTemporary, passwordSetMs, passwordSetWallMs, failures, lockedUntilMs, hasSecondFactor, created, lastLogin FROM accounts",
    "number, account, password FROM former_passwords",
    "hash, account FROM recovery_codes",
    "number, account, step FROM used_codes",
    "hash, account, failures, lockedUntilMs, usedMs FROM browsers",
    "hash, account, id, boot, source, started, startedMs, usedMs, freshUntilMs, failures FROM sessions",
  ];
  for (const columns of read) database.prepare(`SELECT ${columns} LIMIT 1`).get();
  prepareRunningTimeSchema(database);
}
