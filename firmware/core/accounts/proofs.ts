// What proves a person besides the password, as kept in state.db: recovery codes, used codes, known browsers, former passwords.

import type { Database, Statement } from "better-sqlite3";
import { storageFault } from "../storage/open-database.ts";
import { hashSecret } from "./random-text.ts";
import { unlessNoRoom } from "./want-of-room.ts";

/** A browser in which somebody has logged in before. */
export interface BrowserRow {
  readonly hash: string;
  readonly account: number;
  /** Consecutive, in this browser. */
  readonly failures: number;
  readonly lockedUntilMs: number | null;
  readonly usedMs: number;
}

/** Of an account; the one that was used longest ago goes first. */
const MOST_BROWSERS = 10;
/** "Not the last five": the one in force and four before it. */
const FORMER_PASSWORDS = 4;
/** Far more than fit into the time in which one of them could be accepted again. */
const USED_CODES = 1000;

export class Proofs {
  readonly #database: Database;
  readonly #forgetSecret: (account: number) => void;
  /** What the full disk did not take: good until core ends. */
  readonly #unwrittenSteps = new Set<string>();
  readonly #findBrowser: Statement<[string, number], BrowserRow>;

  /** `database` as `prepareAccountsSchema` leaves it; `forgetSecret` deletes what the vault has of an account's second factor. */
  constructor(database: Database, forgetSecret: (account: number) => void) {
    this.#database = database;
    this.#forgetSecret = forgetSecret;
    this.#findBrowser = database.prepare("SELECT * FROM browsers WHERE hash = ? AND account = ?");
  }

  findBrowser(account: number, text: string): BrowserRow | undefined {
    return this.#findBrowser.get(hashSecret(text), account);
  }

  keepBrowser(row: BrowserRow): void {
    this.#write("INSERT OR REPLACE INTO browsers (hash, account, failures, lockedUntilMs, usedMs) VALUES (?, ?, ?, ?, ?)", row.hash, row.account, row.failures, row.lockedUntilMs, row.usedMs);
    this.#write("DELETE FROM browsers WHERE account = ? AND hash NOT IN (SELECT hash FROM browsers WHERE account = ? ORDER BY usedMs DESC LIMIT ?)", row.account, row.account, MOST_BROWSERS);
  }

  forgetBrowsers(account: number): void {
    this.#write("DELETE FROM browsers WHERE account = ?", account);
  }

  unlockBrowsers(account: number): void {
    this.#write("UPDATE browsers SET failures = 0, lockedUntilMs = NULL WHERE account = ?", account);
  }

  recoveryCodesLeft(account: number): number {
    return this.#database.prepare<[number], number>("SELECT count(*) FROM recovery_codes WHERE account = ?").pluck().get(account) ?? 0;
  }

  /** By account; who has none is not there. */
  allRecoveryCodesLeft(): ReadonlyMap<number, number> {
    return new Map(this.#database.prepare<[], [number, number]>("SELECT account, count(*) FROM recovery_codes GROUP BY account").raw().all());
  }

  /** In place of those there were. Normalised texts. */
  setRecoveryCodes(account: number, codes: readonly string[]): void {
    this.#write("DELETE FROM recovery_codes WHERE account = ?", account);
    for (const code of codes) this.#write("INSERT INTO recovery_codes (hash, account) VALUES (?, ?)", hashSecret(`${account} ${code}`), account);
  }

  /** True once for each. */
  spendRecoveryCode(account: number, code: string): boolean {
    return this.#write("DELETE FROM recovery_codes WHERE account = ? AND hash = ?", account, hashSecret(`${account} ${code}`)) > 0;
  }

  /** Steps of the authenticator app, by its time, that were accepted: each is good once, whatever the clock does. True the first time. */
  spendStep(account: number, step: number): boolean {
    const key = `${account} ${step}`;
    if (this.#unwrittenSteps.has(key)) return false;
    const inMemory = (): number => this.#unwrittenSteps.add(key).size;
    if (unlessNoRoom(() => this.#write("INSERT OR IGNORE INTO used_codes (account, step) VALUES (?, ?)", account, step), inMemory) === 0) return false;
    unlessNoRoom(() => this.#write("DELETE FROM used_codes WHERE account = ? AND number NOT IN (SELECT number FROM used_codes WHERE account = ? ORDER BY number DESC LIMIT ?)", account, account, USED_CODES), () => 0);
    return true;
  }

  /** The app's secret, the codes and what was used of them. */
  forgetSecondFactor(account: number): void {
    this.#forgetSecret(account);
    this.#write("DELETE FROM recovery_codes WHERE account = ?", account);
    this.#write("DELETE FROM used_codes WHERE account = ?", account);
  }

  /** The newest first. */
  formerPasswords(account: number): readonly string[] {
    return this.#database.prepare<[number], string>("SELECT password FROM former_passwords WHERE account = ? ORDER BY number DESC").pluck().all(account);
  }

  keepFormerPassword(account: number, password: string): void {
    this.#write("INSERT INTO former_passwords (account, password) VALUES (?, ?)", account, password);
    this.#write("DELETE FROM former_passwords WHERE account = ? AND number NOT IN (SELECT number FROM former_passwords WHERE account = ? ORDER BY number DESC LIMIT ?)", account, account, FORMER_PASSWORDS);
  }

  #write(sql: string, ...values: readonly (string | number | null)[]): number {
    try {
      return this.#database.prepare(sql).run(...values).changes;
    } catch (error) {
      throw storageFault(error, "state.db");
    }
  }
}
