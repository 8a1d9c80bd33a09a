// Tokens for programs: named, for one role and scope, over by running time, kept as a hash.

import type { Database, Statement } from "better-sqlite3";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { Role, TokenReport } from "../../conduit/accounts.ts";
import { storageFault } from "../storage/open-database.ts";
import type { AccountRows } from "./account-rows.ts";
import type { Identity } from "./identity.ts";
import { hasRights, rankOf } from "./permissions.ts";
import { hashSecret, makeSecret } from "./random-text.ts";
import type { RunningTime } from "./running-time.ts";

/** Whoever may run the command on the gateway itself: a token of theirs belongs to no account. */
export const LOCAL_OWNER = "local";
/** Who has fewer rights makes no tokens, and those from before are good for nothing. */
const LEAST_OWNER: Role = "manager";
const MOST_TOKENS = 100;
const DAY_MS = 86_400_000;
/** So exactly is kept when it was used last. */
const KEEP_USE_MS = 60_000;

interface Row {
  readonly name: string;
  readonly hash: string;
  /** Null: `local`. */
  readonly account: number | null;
  readonly role: Role;
  /** JSON list. */
  readonly scope: string;
  readonly created: string;
  readonly endsMs: number;
  readonly lastUsed: string | null;
}

export interface TokenOrder {
  readonly name: string;
  readonly role: Role;
  readonly scope: readonly string[];
  readonly days: number;
}

export interface TokenParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly time: Pick<RunningTime, "nowMs">;
  readonly accounts: Pick<AccountRows, "find" | "get">;
}

/** Makes the table where it is missing; after the table of accounts. Throws what SQLite throws where it is not as expected. */
export function prepareTokenSchema(database: Database): void {
  database.exec(`CREATE TABLE IF NOT EXISTS tokens (
    name TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, account INTEGER REFERENCES accounts (id) ON DELETE CASCADE, role TEXT NOT NULL, scope TEXT NOT NULL,
    created TEXT NOT NULL, endsMs INTEGER NOT NULL, lastUsed TEXT) STRICT, WITHOUT ROWID`);
  database.prepare("SELECT name, hash, account, role, scope, created, endsMs, lastUsed FROM tokens LIMIT 1").get();
}

export class Tokens {
  readonly #parts: TokenParts;
  readonly #byHash: Statement<[string], Row>;
  readonly #all: Statement<[], Row>;
  readonly #insert: Statement<[Row]>;
  readonly #use: Statement<[string, string]>;
  readonly #delete: Statement<[string]>;
  readonly #keptMs = new Map<string, number>();

  /** `database` as `prepareTokenSchema` leaves it. */
  constructor(parts: TokenParts) {
    const { database } = parts;
    this.#parts = parts;
    this.#byHash = database.prepare("SELECT * FROM tokens WHERE hash = ?");
    this.#all = database.prepare("SELECT * FROM tokens ORDER BY name");
    this.#insert = database.prepare("INSERT INTO tokens (name, hash, account, role, scope, created, endsMs, lastUsed) VALUES (@name, @hash, @account, @role, @scope, @created, @endsMs, @lastUsed)");
    this.#use = database.prepare("UPDATE tokens SET lastUsed = ? WHERE name = ?");
    this.#delete = database.prepare("DELETE FROM tokens WHERE name = ?");
  }

  /** Undefined where it is unknown or over, or its owner is gone, disabled or has lost the rights to make it. */
  identify(text: string): Identity | undefined {
    const row = this.#byHash.get(hashSecret(text));
    if (row === undefined || row.endsMs <= this.#parts.time.nowMs()) return undefined;
    const owner = this.#ownerOf(row);
    if (owner === undefined) return undefined;
    this.#noteUse(row);
    const role = rankOf(row.role) < rankOf(owner.role) ? row.role : owner.role;
    return { kind: "token", account: owner.name, actor: `token ${row.name}`, role, scope: readScope(row), step: "open", isFresh: false, session: null, window: null };
  }

  /** What is over is deleted. */
  list(): TokenReport[] {
    const nowMs = this.#parts.time.nowMs();
    const all = this.#all.all();
    for (const { name, endsMs } of all) if (endsMs <= nowMs) this.delete(name);
    return all.filter(({ endsMs }) => endsMs > nowMs).map((row) => this.#report(row, nowMs));
  }

  find(name: string): TokenReport | undefined {
    return this.list().find((token) => token.name === name);
  }

  /** The text is told this once. `owner` is an account, or `local`. Throws INPUT_INVALID where the name is taken or there are too many, NOT_FOUND, STORAGE_FULL. */
  create({ name, role, scope, days }: TokenOrder, owner: string): { readonly token: TokenReport; readonly text: string } {
    const standing = this.list();
    if (standing.some((token) => token.name === name)) throw new Fault("INPUT_INVALID", `there is a token called ${name} already`, { remedy: "Choose another name, or delete that one first." });
    if (standing.length >= MOST_TOKENS) throw new Fault("INPUT_INVALID", `there are ${MOST_TOKENS} tokens already`, { remedy: "Delete those that are not needed." });
    const text = makeSecret("wt_");
    const { clock, time } = this.#parts;
    const account = this.#idOf(owner);
    const row: Row = { name, hash: hashSecret(text), account, role, scope: JSON.stringify(scope), created: new Date(clock.now()).toISOString(), endsMs: time.nowMs() + days * DAY_MS, lastUsed: null };
    write(() => this.#insert.run(row));
    return { token: this.#report(row, time.nowMs()), text };
  }

  /** False where there is none. */
  delete(name: string): boolean {
    this.#keptMs.delete(name);
    return write(() => this.#delete.run(name)).changes > 0;
  }

  /** All of one owner: who loses the rights to make them loses those made. Returns their names. */
  deleteOf(owner: string): string[] {
    const account = this.#idOf(owner);
    const names = this.#all.all().filter((row) => row.account === account).map(({ name }) => name);
    for (const name of names) this.delete(name);
    return names;
  }

  /** With those of no account. */
  deleteAll(): void {
    for (const { name } of this.#all.all()) this.delete(name);
  }

  #idOf(owner: string): number | null {
    if (owner === LOCAL_OWNER) return null;
    const row = this.#parts.accounts.find(owner);
    if (row === undefined) throw new Fault("NOT_FOUND", `there is no account ${owner}`, { where: "owner" });
    return row.id;
  }

  #ownerOf({ account }: Row): { readonly name: string; readonly role: Role } | undefined {
    if (account === null) return { name: LOCAL_OWNER, role: "systemadministrator" };
    const owner = this.#parts.accounts.get(account);
    return owner === undefined || owner.isDisabled !== 0 || !hasRights(owner.role, LEAST_OWNER) ? undefined : owner;
  }

  /** A full disk keeps no program from reading. */
  #noteUse({ name }: Row): void {
    const { clock, time } = this.#parts;
    const nowMs = time.nowMs();
    if (nowMs - (this.#keptMs.get(name) ?? Number.NEGATIVE_INFINITY) < KEEP_USE_MS) return;
    this.#keptMs.set(name, nowMs);
    try {
      this.#use.run(new Date(clock.now()).toISOString(), name);
    } catch {
      // The next use tries again.
    }
  }

  #report(row: Row, nowMs: number): TokenReport {
    const { name, role, created, endsMs, lastUsed, account } = row;
    const owner = account === null ? LOCAL_OWNER : (this.#parts.accounts.get(account)?.name ?? "");
    return { name, owner, role, scope: [...readScope(row)], created, secondsLeft: Math.max(0, Math.ceil((endsMs - nowMs) / 1000)), lastUsed };
  }
}

/** As it was written by `create`. */
function readScope({ scope }: Row): readonly string[] {
  return JSON.parse(scope) as readonly string[];
}

function write<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageFault(error, "state.db");
  }
}
