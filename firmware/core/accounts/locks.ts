// Three wrong passwords or codes in a row lock for thirty minutes [U4.7.1, CR 1.11]: strangers' browsers all together, each known browser by itself.

import type { AccountRow, AccountRows } from "./account-rows.ts";
import type { BrowserRow, Proofs } from "./proofs.ts";
import type { RunningTime } from "./running-time.ts";
import { unlessNoRoom } from "./want-of-room.ts";

export const MOST_FAILURES = 3;
const LOCK_MS = 30 * 60_000;

/** What is counted of an account, in one place or the other. */
type Counted = Pick<AccountRow, "failures" | "lockedUntilMs">;

export class Locks {
  readonly #rows: AccountRows;
  readonly #proofs: Proofs;
  readonly #time: RunningTime;
  /** What the full disk did not take holds in memory. */
  readonly #unwritten = new Map<string, Counted>();

  constructor(rows: AccountRows, proofs: Proofs, time: RunningTime) {
    this.#rows = rows;
    this.#proofs = proofs;
    this.#time = time;
  }

  /** Milliseconds until it is free; 0 where it is. */
  leftMs(account: AccountRow, browser?: BrowserRow): number {
    const { lockedUntilMs } = this.#counted(account, browser);
    return lockedUntilMs === null ? 0 : Math.max(0, lockedUntilMs - this.#time.nowMs());
  }

  /** Durable when it returns, where there is room. True where this one locks. The end of a lock never moves: nobody keeps it shut by going on. */
  fail(account: AccountRow, browser: BrowserRow | undefined): boolean {
    const failures = this.#counted(account, browser).failures + 1;
    const isLocking = failures >= MOST_FAILURES;
    // The lock is to outlast a loss of power: the time that it counts in is kept with it.
    if (isLocking) unlessNoRoom(() => this.#time.keep(), () => undefined);
    this.#write(account, browser, { failures: isLocking ? 0 : failures, lockedUntilMs: isLocking ? this.#time.nowMs() + LOCK_MS : null });
    return isLocking;
  }

  /** Who has proved themself begins anew, there. */
  clear(account: AccountRow, browser: BrowserRow | undefined): void {
    const { failures, lockedUntilMs } = this.#counted(account, browser);
    if (failures !== 0 || lockedUntilMs !== null) this.#write(account, browser, { failures: 0, lockedUntilMs: null });
  }

  /** For all browsers. Throws STORAGE_FULL and the like. */
  free(account: AccountRow): void {
    this.#rows.change(account.id, { failures: 0, lockedUntilMs: null });
    this.#proofs.unlockBrowsers(account.id);
    for (const key of this.#unwritten.keys()) if (key.startsWith(`${account.id} `)) this.#unwritten.delete(key);
  }

  #counted(account: AccountRow, browser: BrowserRow | undefined): Counted {
    return this.#unwritten.get(keyOf(account, browser)) ?? browser ?? account;
  }

  #write(account: AccountRow, browser: BrowserRow | undefined, counted: Counted): void {
    const key = keyOf(account, browser);
    const write = (): void => {
      if (browser === undefined) this.#rows.change(account.id, counted);
      else this.#proofs.keepBrowser({ ...browser, ...counted });
      this.#unwritten.delete(key);
    };
    unlessNoRoom(write, () => void this.#unwritten.set(key, counted));
  }
}

function keyOf({ id }: AccountRow, browser: BrowserRow | undefined): string {
  return `${id} ${browser?.hash ?? ""}`;
}
