// Opens vault.db with its key; without a usable key the gateway still starts, only without secrets.

import type { Database } from "better-sqlite3";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import { isForWantOfRoom, openDatabase } from "../storage/open-database.ts";
import type { OpenedDatabase } from "../storage/open-database.ts";
import type { LogCopy } from "../storage/log-copy.ts";
import { KEY_BYTES } from "./key-file.ts";
import type { KeySource } from "./key-file.ts";
import { deriveKey } from "./keys.ts";
import { prepareVaultSchema, Vault } from "./vault.ts";

export interface OpenedVault {
  /** A vault, or the fault that explains why there is none. */
  readonly vault: Vault | Fault;
  /** Key of the audit chain; one that nobody can repeat where the vault's key cannot be used. */
  readonly auditKey: Buffer;
  readonly log: LogCopy;
  readonly setAside?: OpenedDatabase["setAside"];
  /** Closes the database and overwrites the keys. */
  close(): void;
}

/** Never throws for a key: says what is wrong with it in `vault`. Throws a Fault where vault.db can be neither opened nor made, STORAGE_FULL where there is no room for a key. */
export function openVault(dataDir: string, keys: KeySource, clock: Clock): OpenedVault {
  const { database, log, setAside } = openDatabase(join(dataDir, "vault.db"), clock, prepareVaultSchema);
  const loaded = loadKey(database, log, keys);
  const vault = Buffer.isBuffer(loaded) ? new Vault(database, deriveKey(loaded, "secrets")) : loaded;
  const auditKey = Buffer.isBuffer(loaded) ? deriveKey(loaded, "audit") : randomBytes(KEY_BYTES);
  if (Buffer.isBuffer(loaded)) loaded.fill(0);
  const close = (): void => {
    if (vault instanceof Vault) vault.close();
    auditKey.fill(0);
    log.closeDatabase();
  };
  return { vault, auditKey, log, close, ...(setAside === undefined ? {} : { setAside }) };
}

function loadKey(database: Database, log: LogCopy, keys: KeySource): Buffer | Fault {
  try {
    const isEmpty = database.prepare("SELECT 1 FROM secrets LIMIT 1").get() === undefined;
    return keys.load(isEmpty);
  } catch (error) {
    if (!isForWantOfRoom(error)) return asFault(error, "vault.key");
    // Only for now: to go on without would give the audit chain a key that nobody can repeat.
    log.closeDatabase();
    throw new Fault("STORAGE_FULL", "the key file cannot be made: the file system is full", { where: "vault.key", remedy: "Free space on the file system of the data directory.", cause: error });
  }
}
