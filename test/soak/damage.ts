// What a soak does to the databases of a gateway that stands still.

import { closeSync, copyFileSync, existsSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";

const pageBytes = 4096;
const companions = ["", "-wal", "-shm"];

/** Overwrites the first page of outbox.db, header and schema included. What a killed core left in the WAL is brought in before: it would hide the damage. */
export function damageOutbox(dataDir: string): void {
  const database = new Database(join(dataDir, "outbox.db"));
  database.pragma("wal_checkpoint(TRUNCATE)");
  database.close();
  const file = openSync(join(dataDir, "outbox.db"), "r+");
  writeSync(file, Buffer.alloc(pageBytes, 0xa5), 0, pageBytes, 0);
  closeSync(file);
}

/** Names of what was set aside: files that begin with outbox and are not the database of today. */
export function setAside(dataDir: string): string[] {
  const ours = new Set(companions.map((end) => `outbox.db${end}`));
  return readdirSync(dataDir, { recursive: true, encoding: "utf8" }).filter((name) => /(^|\/)outbox[^/]*$/.test(name) && !ours.has(name));
}

/** Copies state.db as it is. */
export function saveState(dataDir: string, folder: string): void {
  for (const end of companions) {
    if (existsSync(join(dataDir, `state.db${end}`))) copyFileSync(join(dataDir, `state.db${end}`), join(folder, `saved-state.db${end}`));
  }
}

/** Puts the copy back in the place of state.db. */
export function restoreState(dataDir: string, folder: string): void {
  for (const end of companions) {
    rmSync(join(dataDir, `state.db${end}`), { force: true });
    if (existsSync(join(folder, `saved-state.db${end}`))) copyFileSync(join(folder, `saved-state.db${end}`), join(dataDir, `state.db${end}`));
  }
}
