// What everybody does with their own password and second factor, in a session of theirs.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { ownRoutes } from "../../conduit/accounts.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { AccountRow } from "./account-rows.ts";
import type { Actor } from "./actor.ts";
import { csrfOf } from "./csrf.ts";
import { askDirectory } from "./directory-login.ts";
import type { Keeping } from "./keeping.ts";
import { MOST_FAILURES } from "./locks.ts";
import { stampPassword } from "./password-age.ts";
import { hashPassword, isPassword } from "./password-hash.ts";
import { badPassword, demandGoodPassword } from "./password-policy.ts";
import type { SessionRow } from "./session-rows.ts";
import { refuseSlowly } from "./slow-refusal.ts";

/** Who asks: somebody whose session was found to be open. */
export interface Own {
  readonly actor: Actor;
  /** The text that opens the session. */
  readonly bearer: string;
  readonly signal: AbortSignal;
}

interface Mine {
  readonly row: AccountRow;
  readonly session: SessionRow;
}

type Renewed = ReplyOf<typeof ownRoutes.reauthenticate>;

export class OwnCredentials {
  readonly #keeping: Keeping;

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
  }

  /** Throws CREDENTIALS_REFUSED a second after the call: the third time in a row the session is over. SESSION_REQUIRED where it ended meanwhile. */
  async reauthenticate({ password, code }: InputOf<typeof ownRoutes.reauthenticate>, own: Own): Promise<Renewed> {
    const startedMs = this.#keeping.clock.uptimeMs();
    const isRight = await this.#isOwnPassword(password, own);
    const { row, session } = this.#find(own.bearer);
    const isProved = isRight && (row.hasSecondFactor === 0 || (code !== undefined && this.#keeping.secondFactor.spend(row.id, code) !== undefined));
    if (!isProved) return this.#refuse(session, own, startedMs);
    this.#record(own.actor, "session.proved", row, { session: session.id });
    return this.#renew(session);
  }

  /** INPUT_INVALID says which rule the new one breaks; otherwise as `reauthenticate`. All other sessions end. */
  async changePassword({ current, next }: InputOf<typeof ownRoutes.changePassword>, own: Own): Promise<Renewed> {
    const { clock, proofs, queue, rows, sessions, time } = this.#keeping;
    const startedMs = clock.uptimeMs();
    if (this.#find(own.bearer).row.password === null) throw new Fault("NOT_SUPPORTED", "your password is kept by the plant's directory", { remedy: "Change it there." });
    if (!(await this.#isOwnPassword(current, own))) return this.#refuse(this.#find(own.bearer).session, own, startedMs);
    const { row } = this.#find(own.bearer);
    await demandGoodPassword(next, row, clock, own.signal);
    await this.#demandNew(next, row, own);
    const password = await queue.run(keyOf(own), () => hashPassword(next));
    const mine = this.#find(own.bearer);
    const former = mine.row.password;
    // It was reset meanwhile: what was proved holds no more.
    if (former !== row.password || former === null) return this.#refuse(mine.session, own, startedMs);
    rows.write(() => {
      proofs.keepFormerPassword(row.id, former);
      rows.change(row.id, { password, isTemporary: 0, ...stampPassword(time, clock), failures: 0, lockedUntilMs: null });
    });
    sessions.endAll(row.id, "password changed", own.actor, mine.session.hash);
    this.#record(own.actor, "account.password-changed", row);
    return this.#renew(mine.session);
  }

  beginSecondFactor(own: Own, gateway: string): ReplyOf<typeof ownRoutes.beginSecondFactor> {
    const { row, session } = this.#find(own.bearer);
    return this.#keeping.secondFactor.begin(session.id, row.name, gateway);
  }

  /** Throws CREDENTIALS_REFUSED a second after the call, INPUT_INVALID where nothing was begun. */
  async confirmSecondFactor({ code }: InputOf<typeof ownRoutes.confirmSecondFactor>, own: Own): Promise<ReplyOf<typeof ownRoutes.confirmSecondFactor>> {
    const { clock, rows, secondFactor } = this.#keeping;
    const startedMs = clock.uptimeMs();
    const { row, session } = this.#find(own.bearer);
    if (!secondFactor.confirm(session.id, row.id, code)) return this.#refuse(session, own, startedMs);
    const recoveryCodes = rows.write(() => {
      rows.change(row.id, { hasSecondFactor: 1 });
      return secondFactor.renewRecoveryCodes(row.id);
    });
    this.#record(own.actor, "account.second-factor-set", row);
    return { recoveryCodes, ...this.#renew(session) };
  }

  /** ACCESS_DENIED where the role needs one. */
  removeSecondFactor({ actor, bearer }: Own): void {
    const { proofs, rows, settings } = this.#keeping;
    const { row } = this.#find(bearer);
    if (settings().secondFactor.includes(row.role)) throw new Fault("ACCESS_DENIED", `the role ${row.role} needs a second factor`, { remedy: "Set up a new one: it takes the place of the former." });
    rows.change(row.id, { hasSecondFactor: 0 });
    proofs.forgetSecondFactor(row.id);
    this.#record(actor, "account.second-factor-removed", row);
  }

  /** NOT_SUPPORTED where there is no second factor that they could stand in for. */
  renewRecoveryCodes({ actor, bearer }: Own): ReplyOf<typeof ownRoutes.renewRecoveryCodes> {
    const { rows, secondFactor } = this.#keeping;
    const { row } = this.#find(bearer);
    if (row.hasSecondFactor === 0) throw new Fault("NOT_SUPPORTED", "the account has no second factor", { remedy: "Set one up first." });
    const recoveryCodes = rows.write(() => secondFactor.renewRecoveryCodes(row.id));
    this.#record(actor, "account.recovery-codes-renewed", row);
    return { recoveryCodes };
  }

  #find(bearer: string): Mine {
    const { rows, sessions } = this.#keeping;
    const session = sessions.find(bearer);
    const row = session === undefined ? undefined : rows.get(session.account);
    if (session === undefined || row === undefined) throw new Fault("SESSION_REQUIRED", "this login is over", { remedy: "Log in." });
    return { row, session };
  }

  async #isOwnPassword(password: string, own: Own): Promise<boolean> {
    const { row } = this.#find(own.bearer);
    const phc = row.password;
    if (phc === null) return (await askDirectory(this.#keeping, row.name, password, own.signal)) === "known";
    return this.#keeping.queue.run(keyOf(own), () => isPassword(phc, password));
  }

  /** Not the one in force and not one of the four before it [U4.7.3b]. */
  async #demandNew(next: string, row: AccountRow, own: Own): Promise<void> {
    for (const former of [row.password, ...this.#keeping.proofs.formerPasswords(row.id)]) {
      if (former !== null && (await this.#keeping.queue.run(keyOf(own), () => isPassword(former, next)))) throw badPassword("is one of your last five");
    }
  }

  #refuse(session: SessionRow, { actor, signal }: Own, startedMs: number): Promise<never> {
    const { clock, sessions, trail } = this.#keeping;
    const isOver = sessions.fail(session, MOST_FAILURES);
    trail.record({ actor, action: "session.proved", target: actor.name, result: "refused", detail: { session: session.id, ...(isOver ? { ended: true } : {}) } });
    return refuseSlowly(clock, startedMs, signal);
  }

  #renew(session: SessionRow): Renewed {
    const text = this.#keeping.sessions.renew(session);
    return { session: text, csrf: csrfOf(text) };
  }

  #record(actor: Actor, action: Parameters<Keeping["trail"]["record"]>[0]["action"], { name }: AccountRow, detail: Readonly<Record<string, unknown>> = {}): void {
    this.#keeping.trail.record({ actor, action, target: name, result: "done", detail });
  }
}

function keyOf({ actor }: Own): { readonly kind: "known"; readonly key: string } {
  return { kind: "known", key: actor.name };
}
