// Accounts as core's other parts use them: who a session stands for, and the parts by which people are known, kept and logged in.

import type { Database } from "better-sqlite3";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { Me, SessionReport } from "../../conduit/accounts.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Vault } from "../vault/vault.ts";
import { AccountRows } from "./account-rows.ts";
import type { AccountRow } from "./account-rows.ts";
import type { Actor } from "./actor.ts";
import { HashQueue } from "./hash-queue.ts";
import type { Identity } from "./identity.ts";
import { Proofs } from "./proofs.ts";
import type { RecordAccount } from "./record.ts";
import { Roster } from "./roster.ts";
import { RunningTime } from "./running-time.ts";
import { SessionRows } from "./session-rows.ts";
import type { SessionRow } from "./session-rows.ts";
import { Sessions } from "./sessions.ts";
import type { AccountsSettings } from "../../config/accounts-section.ts";

export interface AccountsParts {
  /** As `prepareAccountsSchema` leaves it; the caller closes it. */
  readonly database: Database;
  readonly vault: Vault | Fault;
  readonly clock: Clock;
  readonly trail: Pick<AuditTrail, "record">;
  readonly settings: () => AccountsSettings;
}

/** In whose name what nobody asked for is recorded. */
const CORE: Actor = { name: "core", zone: "core", source: null };

export class Accounts {
  readonly time: RunningTime;
  /** For those who keep the accounts. */
  readonly roster: Roster;
  readonly sessions: Sessions;
  readonly #rows: AccountRows;
  readonly #queue: HashQueue;
  readonly #parts: AccountsParts;

  constructor(parts: AccountsParts) {
    const { clock, database, trail, vault } = parts;
    this.#parts = parts;
    this.time = new RunningTime(database, clock);
    this.time.keep();
    this.#rows = new AccountRows(database);
    this.#queue = new HashQueue(clock);
    const record: RecordAccount = (actor, action, target, result, detail) => trail.record({ actor, action, target, result, ...(detail === undefined ? {} : { detail }) });
    const ended = (row: SessionRow, why: string): void => record(CORE, "session.ended", this.#rows.get(row.account)?.name ?? "", "done", { session: row.id, why });
    this.sessions = new Sessions({ rows: new SessionRows(database, this.time), time: this.time, clock, ended });
    const proofs = new Proofs(database, (account) => void (isFault(vault) || vault.deleteOwn(`_totp-${account}`)));
    this.roster = new Roster({ rows: this.#rows, sessions: this.sessions, proofs, queue: this.#queue, time: this.time, clock, record });
  }

  /**
   * Whom this session stands for now; undefined where it is none, over, or of an account that may not log in any more. Counts as use, which puts off the end
   * after 30 minutes, unless `isActive` is false: a page that only looks again and again by itself is nobody who works.
   */
  identify(bearer: string, isActive = true): Identity | undefined {
    const session = this.sessions.find(bearer);
    const account = session === undefined ? undefined : this.#rows.get(session.account);
    if (session === undefined || account === undefined || account.isDisabled === 1) return undefined;
    if (isActive) this.sessions.use(session);
    return {
      kind: "session",
      account: account.name,
      actor: account.name,
      role: account.role,
      scope: [],
      step: this.#stepOf(account),
      isFresh: this.sessions.left(session).freshMs > 0,
      session: session.id,
      window: null,
    };
  }

  /** Those that are open, the newest first; `own` is the one of who asks. */
  listSessions(own: string | null): readonly SessionReport[] {
    return this.sessions.open().map((row) => {
      const { longestMs } = this.sessions.left(row);
      return { id: row.id, account: this.#rows.get(row.account)?.name ?? "", source: row.source, started: row.started, idleSeconds: (this.time.nowMs() - row.usedMs) / 1000, secondsLeft: longestMs / 1000, isOwn: row.id === own };
    });
  }

  /** Whose session it is; undefined where there is none of that id. */
  ownerOf(id: string): string | undefined {
    const row = this.sessions.open().find((session) => session.id === id);
    return row === undefined ? undefined : this.#rows.get(row.account)?.name;
  }

  /** Throws NOT_FOUND. */
  endSession(id: string, actor: Actor): void {
    const row = this.sessions.open().find((session) => session.id === id);
    const owner = this.ownerOf(id);
    if (row === undefined || owner === undefined) throw new Fault("NOT_FOUND", "there is no session of that id", { where: "id" });
    this.sessions.end(row, "ended by an administrator");
    this.#parts.trail.record({ actor, action: "session.ended", target: owner, result: "done", detail: { session: id } });
  }

  /** Nobody has an account yet. */
  get isUnclaimed(): boolean {
    return this.#rows.isEmpty();
  }

  /** To be called about once a second; throws what SQLite throws. */
  tick(): void {
    this.time.tick();
    this.sessions.tick();
  }

  /** Whoever waits for a password to be computed gets CANCELLED. */
  close(): void {
    this.#queue.close();
    this.time.keep();
  }

  #stepOf(account: AccountRow): Me["step"] {
    if (account.isTemporary === 1) return "change-password";
    return account.hasSecondFactor === 0 && this.#parts.settings().secondFactor.includes(account.role) ? "enrol-second-factor" : "open";
  }
}
