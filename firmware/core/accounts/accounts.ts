// Accounts as core's other parts use them: who a session stands for, and the parts by which people are known, kept and logged in.

import type { Database } from "better-sqlite3";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { AccountsSettings } from "../../config/accounts-section.ts";
import type { Me, SessionReport } from "../../conduit/accounts.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Vault } from "../vault/vault.ts";
import { AccountRows } from "./account-rows.ts";
import type { AccountRow } from "./account-rows.ts";
import type { Actor } from "./actor.ts";
import { Claim } from "./claim.ts";
import { csrfOf } from "./csrf.ts";
import type { Directory } from "./directory.ts";
import { HashQueue } from "./hash-queue.ts";
import type { Identity } from "./identity.ts";
import type { Keeping } from "./keeping.ts";
import { Locks } from "./locks.ts";
import { Login } from "./login.ts";
import { OwnCredentials } from "./own-credentials.ts";
import { passwordLeftMs, WARN_MS } from "./password-age.ts";
import { Proofs } from "./proofs.ts";
import type { RecordAccount } from "./record.ts";
import { Roster } from "./roster.ts";
import { RunningTime } from "./running-time.ts";
import { SessionRows } from "./session-rows.ts";
import type { SessionRow } from "./session-rows.ts";
import { SecondFactor } from "./second-factor.ts";
import { Sessions } from "./sessions.ts";
import { unlessNoRoom } from "./want-of-room.ts";

export interface AccountsParts {
  /** As `prepareAccountsSchema` leaves it; the caller closes it. */
  readonly database: Database;
  readonly vault: Vault | Fault;
  readonly clock: Clock;
  readonly trail: Pick<AuditTrail, "record" | "recordStranger">;
  readonly settings: () => AccountsSettings;
  /** The plant's, asked for names that no local account has. */
  readonly directory: Pick<Directory, "ask" | "isConfigured">;
}

/** The part of `me` that belongs to the session and its account. */
export type OwnReport = Pick<Me, "displayName" | "origin" | "hasSecondFactor" | "recoveryCodesLeft" | "passwordSecondsLeft" | "sessionSecondsLeft" | "idleSecondsLeft" | "authenticatedSecondsLeft" | "csrf">;

/** In whose name what nobody asked for is recorded. */
const CORE: Actor = { name: "core", zone: "core", source: null };

export class Accounts {
  readonly time: RunningTime;
  /** For those who keep the accounts. */
  readonly roster: Roster;
  readonly sessions: Sessions;
  readonly login: Login;
  readonly claim: Claim;
  readonly own: OwnCredentials;
  readonly #rows: AccountRows;
  readonly #queue: HashQueue;
  readonly #parts: AccountsParts;

  constructor(parts: AccountsParts) {
    const { clock, database, trail, vault } = parts;
    this.#parts = parts;
    this.time = new RunningTime(database, clock);
    unlessNoRoom(() => this.time.keep(), () => undefined);
    this.#rows = new AccountRows(database);
    this.#queue = new HashQueue(clock);
    const ended = (row: SessionRow, why: string, by: Actor = CORE): void => trail.record({ actor: by, action: "session.ended", target: this.#rows.get(row.account)?.name ?? "", result: "done", detail: { session: row.id, why } });
    this.sessions = new Sessions({ rows: new SessionRows(database, this.time), time: this.time, clock, ended });
    const proofs = new Proofs(database, (account) => void (isFault(vault) || vault.deleteOwn(`_totp-${account}`)));
    const shared = { rows: this.#rows, sessions: this.sessions, proofs, locks: new Locks(this.#rows, proofs, this.time), queue: this.#queue, time: this.time, clock };
    const record: RecordAccount = (actor, action, target, result, detail = {}) => trail.record({ actor, action, target, result, detail });
    this.roster = new Roster({ ...shared, record });
    const keeping: Keeping = { ...shared, ...parts, roster: this.roster, secondFactor: new SecondFactor(vault, proofs, clock, this.time) };
    this.login = new Login(keeping);
    this.claim = new Claim(keeping, this.login);
    this.own = new OwnCredentials(keeping);
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
    this.sessions.end(row, owner === actor.name ? "ended by themself" : "ended by an administrator", actor);
  }

  /** What a session's owner is told of it and of their account; undefined where it is over. */
  describeOwn(bearer: string): OwnReport | undefined {
    const session = this.sessions.find(bearer);
    const row = session === undefined ? undefined : this.#rows.get(session.account);
    if (session === undefined || row === undefined) return undefined;
    const { hasSecondFactor, recoveryCodesLeft } = this.roster.describe(row);
    const passwordMs = passwordLeftMs(row, this.time, this.#parts.clock);
    const { longestMs, idleMs, freshMs } = this.sessions.left(session);
    return {
      displayName: row.displayName,
      origin: row.origin,
      hasSecondFactor,
      recoveryCodesLeft,
      passwordSecondsLeft: passwordMs === null || passwordMs > WARN_MS ? null : passwordMs / 1000,
      sessionSecondsLeft: longestMs / 1000,
      idleSecondsLeft: idleMs / 1000,
      authenticatedSecondsLeft: freshMs / 1000,
      csrf: csrfOf(bearer),
    };
  }

  /** Nothing where it is over already. */
  logout(bearer: string, actor: Actor): void {
    const session = this.sessions.find(bearer);
    if (session !== undefined) this.sessions.end(session, "logged out", actor);
  }

  /** For the first administrator; null where there is one. Never to be written to a journal. */
  get oneTimePassword(): string | null {
    return this.claim.oneTimePassword;
  }

  /** Nobody has an account yet. */
  get isUnclaimed(): boolean {
    return this.#rows.isEmpty();
  }

  /** To be called about once a second. */
  tick(): void {
    unlessNoRoom(() => this.time.tick(), () => undefined);
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
