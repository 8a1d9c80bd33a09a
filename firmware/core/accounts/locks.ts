// Three wrong passwords or codes in a row lock for thirty minutes [U4.7.1, CR 1.11]: strangers' browsers all together, each known browser by itself.

import type { AccountRow, AccountRows } from "./account-rows.ts";
import type { BrowserRow, Proofs } from "./proofs.ts";
import type { RunningTime } from "./running-time.ts";

export const MOST_FAILURES = 3;
const LOCK_MS = 30 * 60_000;

/** What is counted of an account, in one place or the other. */
type Counted = Pick<AccountRow, "failures" | "lockedUntilMs">;

export class Locks {
  readonly #rows: AccountRows;
  readonly #proofs: Proofs;
  readonly #time: RunningTime;

  constructor(rows: AccountRows, proofs: Proofs, time: RunningTime) {
    this.#rows = rows;
    this.#proofs = proofs;
    this.#time = time;
  }

  isLocked(account: AccountRow, browser: BrowserRow | undefined): boolean {
    const { lockedUntilMs } = browser ?? account;
    return lockedUntilMs !== null && this.#time.nowMs() < lockedUntilMs;
  }

  /** Durable when it returns. True where this one locks. The end of a lock never moves: nobody keeps it shut by going on. */
  fail(account: AccountRow, browser: BrowserRow | undefined): boolean {
    const failures = (browser ?? account).failures + 1;
    const isLocking = failures >= MOST_FAILURES;
    // The lock is to outlast a loss of power: the time that it counts in is kept with it.
    if (isLocking) this.#time.keep();
    this.#write(account, browser, { failures: isLocking ? 0 : failures, lockedUntilMs: isLocking ? this.#time.nowMs() + LOCK_MS : null });
    return isLocking;
  }

  /** Who has proved themself begins anew, there. */
  clear(account: AccountRow, browser: BrowserRow | undefined): void {
    const { failures, lockedUntilMs } = browser ?? account;
    if (failures !== 0 || lockedUntilMs !== null) this.#write(account, browser, { failures: 0, lockedUntilMs: null });
  }

  #write(account: AccountRow, browser: BrowserRow | undefined, counted: Counted): void {
    if (browser === undefined) this.#rows.change(account.id, counted);
    else this.#proofs.keepBrowser({ ...browser, ...counted });
  }
}
