// How somebody becomes somebody: name, password and, where there is one, second factor; every refusal looks the same from outside.

import { isFault } from "../../../drivers/contract/fault.ts";
import type { loginRoutes } from "../../conduit/accounts.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { AccountRow } from "./account-rows.ts";
import type { Actor } from "./actor.ts";
import { csrfOf } from "./csrf.ts";
import { askDirectory } from "./directory-login.ts";
import type { Caller } from "./hash-queue.ts";
import type { Keeping, Origin } from "./keeping.ts";
import { passwordLeftMs } from "./password-age.ts";
import { isPassword, NOBODYS_PASSWORD } from "./password-hash.ts";
import type { BrowserRow } from "./proofs.ts";
import { hashSecret, makeSecret } from "./random-text.ts";
import { refuseSlowly } from "./slow-refusal.ts";
import { unlessNoRoom } from "./want-of-room.ts";

type LoginInput = InputOf<typeof loginRoutes.login>;
type LoginReply = ReplyOf<typeof loginRoutes.login>;
type SessionReply = Omit<Extract<LoginReply, { readonly outcome: "session" }>, "outcome">;

/** Why not: for the audit log alone. */
type Refusal = "unknown user" | "wrong password" | "wrong code" | "locked" | "disabled" | "password expired" | "no role in the directory" | "directory";
type Verdict = { readonly refused: Refusal } | { readonly code: "needed" } | { readonly row: AccountRow; readonly factor: string };

/** One attempt. */
interface Attempt {
  readonly name: string;
  readonly input: LoginInput;
  readonly origin: Origin;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

export class Login {
  readonly #keeping: Keeping;

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
  }

  /** Throws PEER_LIMIT before anything is computed, CREDENTIALS_REFUSED a second after the call, STORAGE_FULL and the like, CANCELLED. */
  async login(input: LoginInput, origin: Origin, signal: AbortSignal): Promise<LoginReply> {
    const { clock, rows, trail } = this.#keeping;
    const startedMs = clock.uptimeMs();
    const name = input.user.trim().toLowerCase();
    const known = this.#findBrowser(rows.find(name), input.browser);
    const caller: Caller = known === undefined ? { kind: "stranger", source: origin.source ?? "" } : { kind: "known", key: known.hash };
    try {
      const verdict = await this.#judge({ name, input, origin, caller, signal });
      if ("row" in verdict) return { outcome: "session", ...this.#open(verdict.row, input.browser, origin, caller, verdict.factor) };
      if ("code" in verdict) return { outcome: "code-needed" };
      this.#recordRefusal(rows.find(name), verdict.refused, origin);
    } catch (error) {
      if (isFault(error, "PEER_LIMIT")) trail.recordStranger({ actor: strangerFrom(origin), action: "login.refused", target: "login", kind: "too many" });
      throw error;
    }
    return refuseSlowly(clock, startedMs, signal);
  }

  /** Of an account that has just proved itself. */
  start(row: AccountRow, origin: Origin, factor: string): SessionReply {
    return this.#open(row, undefined, origin, { kind: "known", key: row.name }, factor);
  }

  /** One password is computed for everybody, so that it takes the same time whoever it is. */
  async #judge(attempt: Attempt): Promise<Verdict> {
    const { directory, locks, queue, rows } = this.#keeping;
    const { name, input, caller } = attempt;
    const found = rows.find(name);
    const isRight = await queue.run(caller, () => isPassword(found?.password ?? NOBODYS_PASSWORD, input.password));
    // What others did meanwhile counts.
    const row = rows.find(name);
    const browser = this.#findBrowser(row, input.browser);
    if (row !== undefined && locks.leftMs(row, browser) > 0) return { refused: "locked" };
    if (row?.origin !== "local" && directory.isConfigured) return this.#judgeInDirectory(attempt);
    if (row === undefined || row.password !== found?.password) return { refused: "unknown user" };
    return isRight ? this.#judgeFurther(row, browser, attempt) : this.#fail(row, browser, "wrong password", attempt);
  }

  async #judgeInDirectory(attempt: Attempt): Promise<Verdict> {
    const { rows } = this.#keeping;
    const answer = await askDirectory(this.#keeping, attempt.name, attempt.input.password, attempt.signal);
    const row = rows.find(attempt.name);
    const browser = this.#findBrowser(row, attempt.input.browser);
    if (answer === "known" && row !== undefined) return this.#keeping.locks.leftMs(row, browser) > 0 ? { refused: "locked" } : this.#judgeFurther(row, browser, attempt);
    if (answer !== "wrong password" || row === undefined) return { refused: answer === "known" || answer === "wrong password" ? "unknown user" : answer };
    return this.#fail(row, browser, answer, attempt);
  }

  #judgeFurther(row: AccountRow, browser: BrowserRow | undefined, attempt: Attempt): Verdict {
    const { secondFactor } = this.#keeping;
    if (row.isDisabled === 1) return { refused: "disabled" };
    if (this.#isTooOld(row)) return { refused: "password expired" };
    if (row.hasSecondFactor === 0) return { row, factor: "password" };
    if (attempt.input.code === undefined) return { code: "needed" };
    const factor = secondFactor.spend(row.id, attempt.input.code);
    return factor === undefined ? this.#fail(row, browser, "wrong code", attempt) : { row, factor };
  }

  /** Somebody must be able to administer: while nobody's password is good, the age of an administrator's own keeps nobody out. */
  #isTooOld(row: AccountRow): boolean {
    const { clock, roster, rows, time } = this.#keeping;
    const isOld = (one: AccountRow): boolean => passwordLeftMs(one, time, clock) === 0;
    if (!isOld(row)) return false;
    const isSaved = row.isTemporary === 0 && roster.isActiveAdministrator(row) && !rows.all().some((other) => roster.isActiveAdministrator(other) && !isOld(other));
    return !isSaved;
  }

  #fail(row: AccountRow, browser: BrowserRow | undefined, refused: Refusal, { origin }: Attempt): Verdict {
    const { locks, trail } = this.#keeping;
    if (locks.fail(row, browser)) trail.record({ actor: strangerFrom(origin), action: "account.locked", target: row.name, result: "done", detail: { minutes: 30, browser: browser === undefined ? "unknown" : "known" } });
    return { refused };
  }

  #open(row: AccountRow, browserText: string | undefined, origin: Origin, caller: Caller, factor: string): SessionReply {
    const { clock, locks, proofs, queue, rows, sessions, time, trail } = this.#keeping;
    const known = this.#findBrowser(row, browserText);
    const browser = known === undefined || browserText === undefined ? makeSecret("wb_") : browserText;
    locks.clear(row, known);
    const remember = (): void => {
      proofs.keepBrowser({ hash: hashSecret(browser), account: row.id, failures: 0, lockedUntilMs: null, usedMs: time.nowMs() });
      rows.change(row.id, { lastLogin: new Date(clock.now()).toISOString() });
    };
    unlessNoRoom(() => rows.write(remember), () => undefined);
    const { text, row: session } = sessions.start(row.id, origin.source ?? "");
    queue.forgive(caller);
    const actor: Actor = { name: row.name, ...origin };
    if (factor === "recovery code") trail.record({ actor, action: "account.recovery-code-used", target: row.name, result: "done", detail: { left: proofs.recoveryCodesLeft(row.id) } });
    trail.record({ actor, action: "session.started", target: row.name, result: "done", detail: { session: session.id, factor, browser: known === undefined ? "new" : "known" } });
    return { session: text, csrf: csrfOf(text), browser };
  }

  /** A flood of them is few entries; the first three of an account stand one by one, since the third one locks. */
  #recordRefusal(row: AccountRow | undefined, refused: Refusal, origin: Origin): void {
    const { trail } = this.#keeping;
    const actor = strangerFrom(origin);
    const isCounted = refused === "wrong password" || refused === "wrong code";
    if (row !== undefined && isCounted) trail.record({ actor, action: "login.refused", target: row.name, result: "refused", detail: { why: refused } });
    else trail.recordStranger({ actor, action: "login.refused", target: row?.name ?? "unknown user", kind: row === undefined ? refused : `${refused}: ${row.name}` });
  }

  #findBrowser(row: AccountRow | undefined, text: string | undefined): BrowserRow | undefined {
    return row === undefined || text === undefined ? undefined : this.#keeping.proofs.findBrowser(row.id, text);
  }
}

/** Nobody yet; what they typed as their name may be a password. */
export function strangerFrom(origin: Origin): Actor {
  return { name: "stranger", ...origin };
}
