// Accounts in state.db: one row each, read and written whole.

import type { Database, Statement } from "better-sqlite3";
import type { Group, Role } from "../../conduit/accounts.ts";
import { storageFault } from "../storage/open-database.ts";

/** Truth values are 0 and 1, as SQLite has them. Times ending in `Ms` are running time, `passwordSetWallMs` is wall time. */
export interface AccountRow {
  /** Never given again. */
  readonly id: number;
  readonly name: string;
  readonly displayName: string;
  readonly email: string;
  readonly phone: string;
  readonly responsibility: string;
  readonly machines: string;
  readonly role: Role;
  readonly groupName: Group | null;
  readonly origin: "local" | "directory";
  readonly isDisabled: number;
  /** PHC string of the hash; null for an account of the directory. */
  readonly password: string | null;
  readonly isTemporary: number;
  readonly passwordSetMs: number;
  readonly passwordSetWallMs: number | null;
  /** Consecutive, from browsers that are not known. */
  readonly failures: number;
  readonly lockedUntilMs: number | null;
  readonly hasSecondFactor: number;
  readonly created: string;
  readonly lastLogin: string | null;
}

const COLUMNS = [
  "name", "displayName", "email", "phone", "responsibility", "machines", "role", "groupName", "origin", "isDisabled", "password", "isTemporary", "passwordSetMs", "passwordSetWallMs",
  "failures", "lockedUntilMs", "hasSecondFactor", "created", "lastLogin",
] as const satisfies readonly (keyof AccountRow)[];

export class AccountRows {
  readonly #database: Database;
  readonly #byName: Statement<[string], AccountRow>;
  readonly #byId: Statement<[number], AccountRow>;
  readonly #all: Statement<[], AccountRow>;
  readonly #insert: Statement<[Omit<AccountRow, "id">]>;
  readonly #update: Statement<[AccountRow]>;
  readonly #delete: Statement<[number]>;

  /** `database` as `prepareAccountsSchema` leaves it. */
  constructor(database: Database) {
    this.#database = database;
    this.#byName = database.prepare("SELECT * FROM accounts WHERE name = ?");
    this.#byId = database.prepare("SELECT * FROM accounts WHERE id = ?");
    this.#all = database.prepare("SELECT * FROM accounts ORDER BY name");
    this.#insert = database.prepare(`INSERT INTO accounts (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map((column) => `@${column}`).join(", ")})`);
    this.#update = database.prepare(`UPDATE accounts SET ${COLUMNS.map((column) => `${column} = @${column}`).join(", ")} WHERE id = @id`);
    this.#delete = database.prepare("DELETE FROM accounts WHERE id = ?");
  }

  find(name: string): AccountRow | undefined {
    return this.#byName.get(name);
  }

  get(id: number): AccountRow | undefined {
    return this.#byId.get(id);
  }

  /** By name. */
  all(): readonly AccountRow[] {
    return this.#all.all();
  }

  isEmpty(): boolean {
    return this.#database.prepare("SELECT 1 FROM accounts LIMIT 1").get() === undefined;
  }

  /** Durable when it returns, as all that writes here; throws STORAGE_FULL and the like, and then nothing is changed. */
  insert(row: Omit<AccountRow, "id">): AccountRow {
    const id = this.write(() => Number(this.#insert.run(row).lastInsertRowid));
    return { id, ...row };
  }

  /** Changes what is named and returns what there is now; undefined where the account has gone. */
  change(id: number, change: Partial<Omit<AccountRow, "id">>): AccountRow | undefined {
    const row = this.get(id);
    if (row === undefined) return undefined;
    const changed = { ...row, ...change };
    this.write(() => this.#update.run(changed));
    return changed;
  }

  /** With all that hangs on it. */
  delete(id: number): void {
    this.write(() => this.#delete.run(id));
  }

  /** Several writes as one: all are durable when it returns, or none. */
  write<T>(work: () => T): T {
    try {
      return this.#database.transaction(work)();
    } catch (error) {
      throw storageFault(error, "state.db");
    }
  }
}
