// The vault: secrets by name, encrypted at rest, handed out only by name to whom the configuration names.

import type { Database, Statement } from "better-sqlite3";
import { Fault } from "../../../drivers/contract/fault.ts";
import { storageFault } from "../storage/open-database.ts";
import { seal, unseal } from "./sealed.ts";
import type { Sealed } from "./sealed.ts";

export const SECRET_NAME = /^[a-z0-9][a-z0-9.-]{0,62}$/;
export const MAX_SECRET_LENGTH = 32_768;

/** What core keeps here for itself. No name that people or a configuration can give begins so, and no zone is ever given one of them by name. */
export type OwnName = "_machine-ca" | "_ingest-server" | "_people-ca" | "_page-own" | "_page-request" | "_page-plant" | `_totp-${number}`;

/** Makes the tables of vault.db where they are missing. */
export function prepareVaultSchema(database: Database): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, version INTEGER NOT NULL, nonce BLOB NOT NULL, ciphertext BLOB NOT NULL, tag BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS versions (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL) STRICT;
    INSERT OR IGNORE INTO versions (one, last) VALUES (1, 0);
  `);
  database.prepare("SELECT name, version, nonce, ciphertext, tag FROM secrets LIMIT 1").get();
}

interface Row extends Sealed {
  readonly version: number;
}

export class Vault {
  readonly #database: Database;
  readonly #key: Buffer;
  readonly #find: Statement<[string], Row>;
  readonly #store: (name: string, text: Buffer) => void;

  /** `key` (32 bytes) belongs to the vault from here on: `close` overwrites it. The caller closes the database. */
  constructor(database: Database, key: Buffer) {
    this.#database = database;
    this.#key = key;
    this.#find = database.prepare("SELECT version, nonce, ciphertext, tag FROM secrets WHERE name = ?");
    const nextVersion = database.prepare<[], { last: number }>("UPDATE versions SET last = last + 1 RETURNING last");
    const insert = database.prepare("INSERT OR REPLACE INTO secrets (name, version, nonce, ciphertext, tag) VALUES (?, ?, ?, ?, ?)");
    this.#store = database.transaction((name: string, text: Buffer) => {
      const version = nextVersion.get()?.last ?? 1;
      const { nonce, ciphertext, tag } = seal(this.#key, name, version, text);
      insert.run(name, version, nonce, ciphertext, tag);
    });
  }

  /** Durable when it returns. Throws INPUT_INVALID for a name or length that is not allowed. */
  set(name: string, text: string): void {
    if (!SECRET_NAME.test(name)) throw new Fault("INPUT_INVALID", `"${name.slice(0, 80)}" is no name for a secret`, { remedy: "Use lower-case letters, digits, `.` and `-`, at most 63." });
    if (text.length === 0 || text.length > MAX_SECRET_LENGTH) throw new Fault("INPUT_INVALID", `a secret has 1 to ${MAX_SECRET_LENGTH} characters; this one has ${text.length}`, { where: name });
    this.#keep(name, text);
  }

  /** What core keeps for itself; durable when it returns. Throws STORAGE_FULL and the like. */
  setOwn(name: OwnName, text: string): void {
    try {
      this.#keep(name, text);
    } catch (error) {
      throw storageFault(error, "vault.db");
    }
  }

  /** What core kept for itself and needs no more. Throws STORAGE_FULL and the like. */
  deleteOwn(name: OwnName): void {
    try {
      this.#database.prepare("DELETE FROM secrets WHERE name = ?").run(name);
    } catch (error) {
      throw storageFault(error, "vault.db");
    }
  }

  #keep(name: string, text: string): void {
    const bytes = Buffer.from(text, "utf8");
    try {
      this.#store(name, bytes);
    } finally {
      bytes.fill(0);
    }
  }

  /** True when there was one. */
  delete(name: string): boolean {
    return SECRET_NAME.test(name) && this.#database.prepare("DELETE FROM secrets WHERE name = ?").run(name).changes > 0;
  }

  /** Without what core keeps for itself. */
  names(): readonly string[] {
    return this.#database.prepare<[], string>("SELECT name FROM secrets WHERE name NOT GLOB '_*' ORDER BY name").pluck().all();
  }

  /** The text, undefined when it is not set. Throws STORAGE_DAMAGED when it cannot be trusted. */
  read(name: string): string | undefined {
    return SECRET_NAME.test(name) ? this.#read(name) : undefined;
  }

  /** As `read`. */
  readOwn(name: OwnName): string | undefined {
    return this.#read(name);
  }

  #read(name: string): string | undefined {
    const row = this.#find.get(name);
    if (row === undefined) return undefined;
    const bytes = unseal(this.#key, name, row.version, row);
    const text = bytes.toString("utf8");
    bytes.fill(0);
    return text;
  }

  close(): void {
    this.#key.fill(0);
  }
}
