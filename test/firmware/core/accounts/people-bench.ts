// Accounts on real files with a clock that the test moves: everything of core but its conduits.

import { argon2Sync } from "node:crypto";
import { join } from "node:path";

import Database from "better-sqlite3";
import { TOTP, Secret } from "otpauth";

import { isFault, type Fault } from "../../../../drivers/contract/fault.ts";
import type { AccountsSettings } from "../../../../firmware/config/accounts-section.ts";
import type { loginRoutes } from "../../../../firmware/conduit/accounts.ts";
import type { InputOf, ReplyOf } from "../../../../firmware/conduit/route.ts";
import { AccountRows } from "../../../../firmware/core/accounts/account-rows.ts";
import { prepareAccountsSchema } from "../../../../firmware/core/accounts/accounts-schema.ts";
import { Accounts, type AccountsParts } from "../../../../firmware/core/accounts/accounts.ts";
import type { Actor } from "../../../../firmware/core/accounts/actor.ts";
import type { AuditEvent } from "../../../../firmware/core/audit/audit.ts";
import { openDatabase } from "../../../../firmware/core/storage/open-database.ts";
import { prepareVaultSchema, Vault } from "../../../../firmware/core/vault/vault.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { makeFakeClock, type FakeClock } from "../../../support/fake-clock.ts";
import { assert, type Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

export const GOOD = "correct horse battery";
export const OTHER = "purple monkey dishes";
export const BY: Actor = { name: "chief", zone: "admin", source: "192.0.2.1" };
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

type LoginInput = InputOf<typeof loginRoutes.login>;
type Opened = Extract<ReplyOf<typeof loginRoutes.login>, { readonly outcome: "session" }>;

export interface Bench {
  readonly clock: FakeClock;
  /** What core holds now; another one after `restart`. */
  readonly accounts: Accounts;
  /** What was recorded, in order. */
  readonly audit: readonly (AuditEvent & { readonly kind?: string })[];
  /** Core's process ends and comes again. */
  restart(): void;
  /** Nothing can be written to state.db until the returned function is called. */
  holdDisk(): () => void;
  /** Waits for it while the clock stands, until nothing but the clock is waited for; then lets the clock go on. */
  settle<T>(work: Promise<T>): Promise<T>;
  login(user: string, password: string, more?: Partial<LoginInput> & { readonly source?: string }): Promise<ReplyOf<typeof loginRoutes.login>>;
  /** The login is right: the session. */
  open(user: string, password: string, more?: Partial<LoginInput> & { readonly source?: string }): Promise<Opened>;
  /** The login is refused, with the words that all refusals have. */
  refuse(user: string, password: string, more?: Partial<LoginInput> & { readonly source?: string }): Promise<void>;
  /** An account with this password of its own; one that is quickly computed. */
  make(name: string, role: "customer" | "analyst" | "service" | "manager" | "systemadministrator", password?: string): void;
}

export interface BenchOptions {
  readonly settings?: Partial<AccountsSettings>;
  readonly directory?: AccountsParts["directory"];
  readonly vault?: Fault;
}

const NO_DIRECTORY: AccountsParts["directory"] = { isConfigured: false, ask: () => Promise.reject(new Error("nobody is to be asked")) };

export function openBench(defer: Defer, { settings = {}, directory = NO_DIRECTORY, vault: noVault }: BenchOptions = {}): Bench {
  const folder = makeTempDir(defer);
  const clock = makeFakeClock();
  const audit: AuditEvent[] = [];
  const trail: AccountsParts["trail"] = { record: (event) => void audit.push(event), recordStranger: ({ result = "refused", detail = {}, ...event }) => void audit.push({ ...event, detail, result }) };
  const vaultFile = openDatabase(join(folder, "vault.db"), clock, prepareVaultSchema);
  const vault = noVault ?? new Vault(vaultFile.database, Buffer.alloc(32, 7));
  const whole = (): AccountsSettings => ({ banner: "", secondFactor: [], groups: { operators: "customer", "set-up": "customer", engineering: "analyst", "quality-management": "analyst", maintenance: "service", administration: "systemadministrator" }, ...settings });
  const start = () => {
    const state = openDatabase(join(folder, "state.db"), clock, prepareAccountsSchema);
    return { state, accounts: new Accounts({ database: state.database, vault, clock, trail, settings: whole, directory }) };
  };
  let running = start();
  const stop = (): void => {
    running.accounts.close();
    running.state.log.closeDatabase();
  };
  defer(() => {
    stop();
    vaultFile.log.closeDatabase();
  });
  const settle = <T>(work: Promise<T>): Promise<T> => settleBy(clock, work);
  const login: Bench["login"] = (user, password, { source = "192.0.2.9", ...more } = {}) =>
    settle(running.accounts.login.login({ user, password, ...more }, { zone: "admin", source }, new AbortController().signal));
  const open: Bench["open"] = async (user, password, more) => {
    const reply = await login(user, password, more);
    if (reply.outcome !== "session") throw new Error(`${user}: ${reply.outcome}`);
    return reply;
  };
  return {
    clock,
    get accounts() {
      return running.accounts;
    },
    audit,
    holdDisk: () => {
      running.state.database.pragma("busy_timeout = 0");
      const other = new Database(join(folder, "state.db"));
      other.exec("BEGIN IMMEDIATE");
      const free = (): void => void other.close();
      defer(free);
      return free;
    },
    restart: () => {
      stop();
      running = start();
    },
    settle,
    login,
    open,
    refuse: async (user, password, more) => {
      const fault = await assert.rejects(login(user, password, more), "CREDENTIALS_REFUSED");
      assert.match(String(fault), /user, password or code is wrong, or the account cannot be used now/);
    },
    make: (name, role, password = GOOD) => {
      const { id } = running.accounts.roster.createFirst(name, "", cheapHash(password));
      rowsOf(running.state.database).change(id, { role });
    },
  };
}

const rowsOf = (database: AccountsParts["database"]): AccountRows => new AccountRows(database);

/** The form allows it; nothing but a test makes such ones. */
function cheapHash(password: string): string {
  const nonce = Buffer.alloc(16, 1);
  const tag = argon2Sync("argon2id", { message: password, nonce, parallelism: 1, tagLength: 32, memory: 8, passes: 1 });
  return `$argon2id$v=19$m=8,t=1,p=1$${nonce.toString("base64").replaceAll("=", "")}$${tag.toString("base64").replaceAll("=", "")}`;
}

/** Generous: what is waited for is a hash in a thread, on a machine that may be busy. */
async function settleBy<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  const settled = new Set<string>();
  void work.catch(() => undefined).finally(() => settled.add("settled"));
  for (let quiet = 0; settled.size === 0; ) {
    await new Promise((resolve) => setImmediate(resolve));
    // A sleep of what is waited for, not one that is gone at once: a time-limit of a thread stands for 30 s.
    quiet = clock.pending > 0 && nextDueMs(clock) <= 1000 ? quiet + 1 : 0;
    if (quiet >= 3) await clock.advance(1000);
    else await systemClock.sleep(1, new AbortController().signal);
  }
  return work;
}

function nextDueMs(clock: FakeClock): number {
  return clock.nextInMs ?? Number.POSITIVE_INFINITY;
}

/** `done`, or the code of the fault that it ended in. */
export function outcomeOf(work: Promise<unknown>): Promise<string> {
  return work.then(() => "done", (error: unknown) => (isFault(error) ? error.code : String(error)));
}

/** As the app shows it, `steps` of 30 s away. */
export function codeOf(secret: string, clock: Pick<FakeClock, "now">, steps = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret), algorithm: "SHA1", digits: 6, period: 30 }).generate({ timestamp: clock.now() + steps * 30_000 });
}
