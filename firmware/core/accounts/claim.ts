// The first administrator: whoever reads the one-time password from the gateway's console [K2.1.9a].

import { timingSafeEqual } from "node:crypto";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { loginRoutes } from "../../conduit/accounts.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { Keeping, Origin } from "./keeping.ts";
import { strangerFrom, type Login } from "./login.ts";
import { refuseReserved } from "./over-others.ts";
import { hashPassword } from "./password-hash.ts";
import { demandGoodPassword } from "./password-policy.ts";
import { hashSecret, makeReadable, normaliseReadable } from "./random-text.ts";
import { refuseSlowly } from "./slow-refusal.ts";

/** Five groups of four: 99 random bits. */
const GROUPS = 5;

export class Claim {
  readonly #keeping: Keeping;
  readonly #login: Login;
  /** In memory alone: another one at each start. */
  #oneTimePassword = makeReadable(GROUPS);

  constructor(keeping: Keeping, login: Login) {
    this.#keeping = keeping;
    this.#login = login;
  }

  /** Null where somebody has an account. Never to be written to a journal. */
  get oneTimePassword(): string | null {
    return this.#keeping.rows.isEmpty() ? this.#oneTimePassword : null;
  }

  /** Throws NOT_SUPPORTED where there is an account, CREDENTIALS_REFUSED a second after the call, INPUT_INVALID for the new password, CANCELLED. */
  async claim({ oneTimePassword, name, displayName = "", password }: InputOf<typeof loginRoutes.claim>, origin: Origin, signal: AbortSignal): Promise<ReplyOf<typeof loginRoutes.claim>> {
    const { clock, queue, roster, trail } = this.#keeping;
    const startedMs = clock.uptimeMs();
    this.#demandUnclaimed();
    if (!isSame(oneTimePassword, this.#oneTimePassword)) {
      trail.recordStranger({ actor: strangerFrom(origin), action: "login.refused", target: "first administrator", kind: "wrong one-time password" });
      return refuseSlowly(clock, startedMs, signal);
    }
    refuseReserved(name);
    await demandGoodPassword(password, { name, email: "" }, clock, signal);
    const hashed = await queue.run({ kind: "known", key: "claim" }, () => hashPassword(password));
    // Whoever had it as well may have been quicker, or a new one may have come.
    this.#demandUnclaimed();
    if (!isSame(oneTimePassword, this.#oneTimePassword)) return refuseSlowly(clock, startedMs, signal);
    const row = roster.createFirst(name, displayName, hashed);
    this.#oneTimePassword = makeReadable(GROUPS);
    trail.record({ actor: { name, ...origin }, action: "account.claimed", target: name, result: "done", detail: { role: row.role } });
    return this.#login.start(row, origin, "one-time password");
  }

  #demandUnclaimed(): void {
    if (!this.#keeping.rows.isEmpty()) throw new Fault("NOT_SUPPORTED", "the gateway has an administrator already", { remedy: "Log in, or ask one of them." });
  }
}

function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(normaliseReadable(given))), Buffer.from(hashSecret(normaliseReadable(expected))));
}
