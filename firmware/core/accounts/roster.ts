// The accounts as those who keep them see them: made, changed, unlocked and deleted. Who may is asked before; what must not be is refused here.

import type { Account, Group, Role } from "../../conduit/accounts.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { AccountRow, AccountRows } from "./account-rows.ts";
import type { Actor } from "./actor.ts";
import type { HashQueue } from "./hash-queue.ts";
import type { Locks } from "./locks.ts";
import { refuseReserved } from "./over-others.ts";
import { hashPassword } from "./password-hash.ts";
import { passwordLeftMs, stampPassword } from "./password-age.ts";
import type { Proofs } from "./proofs.ts";
import { makeReadable } from "./random-text.ts";
import type { RecordAccount } from "./record.ts";
import type { RunningTime } from "./running-time.ts";
import type { Sessions, SessionEnd } from "./sessions.ts";

/** What is said of a person; absent is empty, or stays. */
export type Personal = Partial<Pick<AccountRow, "displayName" | "email" | "phone" | "responsibility" | "machines">>;

export interface NewAccount extends Personal {
  readonly name: string;
  readonly role: Role;
  readonly group?: Group | null;
}

export interface AccountChange extends Personal {
  readonly role?: Role;
  readonly group?: Group | null;
  readonly isDisabled?: boolean;
}

export interface RosterParts {
  readonly rows: AccountRows;
  readonly sessions: Sessions;
  readonly proofs: Proofs;
  readonly locks: Locks;
  readonly queue: HashQueue;
  readonly time: RunningTime;
  readonly clock: Clock;
  readonly record: RecordAccount;
}

const MOST_ACCOUNTS = 500;
/** Four groups of four: 79 random bits. */
const TEMPORARY_GROUPS = 4;

export class Roster {
  readonly #parts: RosterParts;

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  /** By name. */
  list(): readonly Account[] {
    const { proofs, rows, sessions } = this.#parts;
    const open = Map.groupBy(sessions.open(), ({ account }) => account);
    const codes = proofs.allRecoveryCodesLeft();
    return rows.all().map((row) => this.describe(row, open.get(row.id)?.length ?? 0, codes.get(row.id) ?? 0));
  }

  find(name: string): Account | undefined {
    const row = this.#parts.rows.find(name);
    return row === undefined ? undefined : this.describe(row);
  }

  /** Throws NOT_FOUND. */
  get(name: string): Account {
    return this.describe(this.#demand(name));
  }

  /** With a password that is good for a day and a first login. INPUT_INVALID where the name is taken. */
  async create({ name, role, group, ...personal }: NewAccount, actor: Actor): Promise<{ readonly account: Account; readonly temporaryPassword: string }> {
    this.#refuseTaken(name);
    const { text, password } = await this.#makeTemporary(actor);
    this.#refuseTaken(name);
    const row = this.#insert({ name, role, groupName: group ?? null, ...personal }, password);
    this.#parts.record(actor, "account.created", name, "done", { role, ...(group === undefined || group === null ? {} : { group }) });
    return { account: this.describe(row), temporaryPassword: text };
  }

  /** The first systemadministrator, whose password is their own (hashed). For the claim alone. */
  createFirst(name: string, displayName: string, password: string): AccountRow {
    this.#refuseTaken(name);
    return this.#insert({ name, displayName, role: "systemadministrator", groupName: null }, { password, isTemporary: 0 });
  }

  /** Of somebody whom the directory has just vouched for. Throws INPUT_INVALID where there are too many. */
  createFromDirectory(name: string, role: Role, personal: Personal): void {
    this.#refuseTaken(name);
    this.#insert({ name, role, groupName: null, origin: "directory", ...personal }, { password: null, isTemporary: 0 });
  }

  /** Throws NOT_FOUND; INPUT_INVALID where it would take away the last systemadministrator. */
  change(name: string, { role, group, isDisabled, ...personal }: AccountChange, actor: Actor): Account {
    const row = this.#demand(name);
    const isLower = role !== undefined && role !== row.role;
    if ((isLower && role !== "systemadministrator") || isDisabled === true) this.#refuseLast(row);
    const changed = this.#write(row, { ...personal, ...(role === undefined ? {} : { role }), ...(group === undefined ? {} : { groupName: group }), ...(isDisabled === undefined ? {} : { isDisabled: Number(isDisabled) }) });
    const members = Object.keys(changed).filter((key) => changed[key as keyof AccountRow] !== row[key as keyof AccountRow]);
    if (members.length === 0) return this.describe(row);
    if (isLower || isDisabled === true) this.#parts.sessions.endAll(row.id, isLower ? "role changed" : "disabled", actor);
    this.#parts.record(actor, "account.changed", name, "done", { changed: members, ...(isLower ? { role, former: row.role } : {}), ...(isDisabled === undefined ? {} : { isDisabled }) });
    return this.describe(changed);
  }

  /** With its sessions, known browsers and second factor. Throws as `change`. */
  delete(name: string, actor: Actor): void {
    const row = this.#demand(name);
    this.#refuseLast(row);
    this.#remove(row, "deleted", actor);
    this.#parts.record(actor, "account.deleted", name, "done", { role: row.role });
  }

  /** All of them. Returns how many there were. */
  deleteAll(actor: Actor): number {
    const all = this.#parts.rows.all();
    for (const row of all) this.#remove(row, "accounts reset", actor);
    this.#parts.record(actor, "accounts.reset", "accounts", "done", { deleted: all.length });
    return all.length;
  }

  /** A temporary password in place of the one in force; sessions end and browsers are strangers again. NOT_SUPPORTED for an account of the directory. */
  async resetPassword(name: string, actor: Actor): Promise<string> {
    const { id, origin } = this.#demand(name);
    if (origin === "directory") throw new Fault("NOT_SUPPORTED", `the password of ${name} is kept by the directory`, { remedy: "Set it there." });
    const { text, password } = await this.#makeTemporary(actor);
    this.#parts.locks.free(this.#write(this.#demandId(id, name), { ...password, ...stampPassword(this.#parts.time, this.#parts.clock) }));
    this.#parts.proofs.forgetBrowsers(id);
    this.#parts.sessions.endAll(id, "password changed", actor);
    this.#parts.record(actor, "account.password-reset", name, "done");
    return text;
  }

  /** Where the role needs one it is asked for at the next login. */
  resetSecondFactor(name: string, actor: Actor): void {
    const row = this.#demand(name);
    this.#write(row, { hasSecondFactor: 0 });
    this.#parts.proofs.forgetSecondFactor(row.id);
    this.#parts.sessions.endAll(row.id, "second factor reset", actor);
    this.#parts.record(actor, "account.second-factor-reset", name, "done");
  }

  /** For all browsers. */
  unlock(name: string, actor: Actor): void {
    this.#parts.locks.free(this.#demand(name));
    this.#parts.record(actor, "account.unlocked", name, "done");
  }

  /** May log in, and administer everything. */
  isActiveAdministrator(row: AccountRow): boolean {
    return row.role === "systemadministrator" && row.origin === "local" && row.isDisabled === 0;
  }

  /** As those who keep the accounts see it. */
  describe(row: AccountRow, sessions = this.#parts.sessions.of(row.id).length, recoveryCodesLeft = this.#parts.proofs.recoveryCodesLeft(row.id)): Account {
    const { clock, locks, time } = this.#parts;
    const leftMs = passwordLeftMs(row, time, clock);
    const lockedMs = locks.leftMs(row);
    const { name, displayName, email, phone, responsibility, machines, role, groupName: group, origin, created, lastLogin } = row;
    return {
      name, displayName, email, phone, responsibility, machines, role, group, origin, created, lastLogin,
      isDisabled: row.isDisabled === 1,
      isTemporary: row.isTemporary === 1,
      passwordSecondsLeft: leftMs === null ? null : leftMs / 1000,
      hasSecondFactor: row.hasSecondFactor === 1,
      recoveryCodesLeft,
      lockedSeconds: lockedMs === 0 ? null : lockedMs / 1000,
      sessions,
    };
  }

  #insert({ name, ...known }: Personal & Pick<AccountRow, "name" | "role" | "groupName"> & Partial<Pick<AccountRow, "origin">>, password: Pick<AccountRow, "password" | "isTemporary">): AccountRow {
    const { rows, clock, time } = this.#parts;
    const personal = { displayName: "", email: "", phone: "", responsibility: "", machines: "" };
    const fresh = { origin: "local", isDisabled: 0, failures: 0, lockedUntilMs: null, hasSecondFactor: 0, created: new Date(clock.now()).toISOString(), lastLogin: null } as const;
    return rows.insert({ ...personal, ...fresh, ...known, name, ...password, ...stampPassword(time, clock) });
  }

  async #makeTemporary(actor: Actor): Promise<{ readonly text: string; readonly password: Pick<AccountRow, "password" | "isTemporary"> }> {
    const text = makeReadable(TEMPORARY_GROUPS);
    return { text, password: { password: await this.#parts.queue.run({ kind: "known", key: actor.name }, () => hashPassword(text)), isTemporary: 1 } };
  }

  #refuseTaken(name: string): void {
    refuseReserved(name);
    if (this.#parts.rows.find(name) !== undefined) throw new Fault("INPUT_INVALID", `there is an account ${name} already`, { where: "name", remedy: "Choose another name." });
    if (this.#parts.rows.all().length >= MOST_ACCOUNTS) throw new Fault("INPUT_INVALID", `there are ${MOST_ACCOUNTS} accounts, and no more can be`, { remedy: "Delete those that nobody uses." });
  }

  #refuseLast(row: AccountRow): void {
    const { rows } = this.#parts;
    if (!this.isActiveAdministrator(row) || rows.all().some((other) => other.id !== row.id && this.isActiveAdministrator(other))) return;
    throw new Fault("INPUT_INVALID", `${row.name} is the last systemadministrator who can log in`, { where: "name", remedy: "Make another one first." });
  }

  #remove(row: AccountRow, why: SessionEnd, actor: Actor): void {
    this.#parts.sessions.endAll(row.id, why, actor);
    this.#parts.proofs.forgetSecondFactor(row.id);
    this.#parts.rows.delete(row.id);
  }

  #write(row: AccountRow, change: Partial<Omit<AccountRow, "id">>): AccountRow {
    return this.#parts.rows.change(row.id, change) ?? row;
  }

  #demand(name: string): AccountRow {
    const row = this.#parts.rows.find(name);
    if (row === undefined) throw new Fault("NOT_FOUND", `there is no account ${name}`, { where: "name" });
    return row;
  }

  #demandId(id: number, name: string): AccountRow {
    const row = this.#parts.rows.get(id);
    if (row === undefined) throw new Fault("NOT_FOUND", `there is no account ${name} any more`, { where: "name" });
    return row;
  }
}
