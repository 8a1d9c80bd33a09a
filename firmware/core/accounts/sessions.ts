// Who is logged in: opened by a random text that only the browser has, for twelve hours at most.

import { randomBytes } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Actor } from "./actor.ts";
import { hashSecret, makeSecret } from "./random-text.ts";
import type { RunningTime } from "./running-time.ts";
import type { SessionRow, SessionRows } from "./session-rows.ts";

/** U4.7.2 */
const LONGEST_MS = 12 * 3_600_000;
const IDLE_MS = 30 * 60_000;
const MOST_EACH = 5;
/** How long a proof of who one is holds for what asks for it. */
const FRESH_MS = 5 * 60_000;

export type SessionEnd = "logged out" | "12 hours" | "30 minutes idle" | "too many" | "ended by an administrator" | "ended by themself" | "password changed" | "role changed" | "disabled" | "deleted" | "wrong passwords" | "accounts reset" | "second factor reset";

export interface SessionsParts {
  readonly rows: SessionRows;
  readonly time: RunningTime;
  readonly clock: Clock;
  /** Told of each session that ends, and by whom; without one by itself. */
  readonly ended: (row: SessionRow, why: SessionEnd, by?: Actor) => void;
}

export class Sessions {
  readonly #parts: SessionsParts;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  /** A new session, fresh; returns the text that opens it, which is kept nowhere. The oldest of an account goes where there are too many. */
  start(account: number, source: string): { readonly text: string; readonly row: SessionRow } {
    const { clock, rows, time } = this.#parts;
    const oldest = rows.of(account).toSorted((one, other) => one.startedMs - other.startedMs);
    for (const row of oldest.slice(0, Math.max(0, oldest.length + 1 - MOST_EACH))) this.end(row, "too many");
    const nowMs = time.nowMs();
    const text = makeSecret("ws_");
    const row: SessionRow = {
      hash: hashSecret(text), account, id: randomBytes(8).toString("hex"), boot: time.bootId, source, started: new Date(clock.now()).toISOString(),
      startedMs: nowMs, usedMs: nowMs, freshUntilMs: nowMs + FRESH_MS, failures: 0,
    };
    rows.set(row);
    return { text, row };
  }

  /** The session that this text opens; undefined where there is none or it is over. Alone it does not count as use. */
  find(text: string): SessionRow | undefined {
    const row = text.startsWith("ws_") ? this.#parts.rows.find(hashSecret(text)) : undefined;
    if (row === undefined) return undefined;
    const why = this.#overBy(row);
    if (why === undefined) return row;
    this.end(row, why);
    return undefined;
  }

  use(row: SessionRow): void {
    this.#parts.rows.use(row, this.#parts.time.nowMs());
  }

  /** The same session under a new text, fresh: who knew the former one has nothing. */
  renew(row: SessionRow): string {
    const { rows, time } = this.#parts;
    const nowMs = time.nowMs();
    const text = makeSecret("ws_");
    const renewed = { ...row, hash: hashSecret(text), usedMs: nowMs, freshUntilMs: nowMs + FRESH_MS, failures: 0 };
    rows.delete(row.hash);
    rows.set(renewed);
    return text;
  }

  /** A wrong password was given in it. True where it ended by that. */
  fail(row: SessionRow, most: number): boolean {
    const failures = row.failures + 1;
    if (failures >= most) this.end(row, "wrong passwords");
    else this.#parts.rows.set({ ...row, failures });
    return failures >= most;
  }

  end(row: SessionRow, why: SessionEnd, by?: Actor): void {
    this.#parts.rows.delete(row.hash);
    this.#parts.ended(row, why, by);
  }

  /** All of an account but `except`, by its hash. */
  endAll(account: number, why: SessionEnd, by?: Actor, except?: string): void {
    for (const row of this.#parts.rows.of(account)) if (row.hash !== except) this.end(row, why, by);
  }

  /** Those that are open now, the newest first. */
  open(): readonly SessionRow[] {
    this.tick();
    return this.#parts.rows.all().toSorted((one, other) => other.startedMs - one.startedMs);
  }

  /** Those of an account. */
  of(account: number): readonly SessionRow[] {
    return this.#parts.rows.of(account).filter((row) => this.#overBy(row) === undefined);
  }

  /** Ends what is over. */
  tick(): void {
    this.#parts.rows.flush();
    for (const row of this.#parts.rows.all()) {
      const why = this.#overBy(row);
      if (why !== undefined) this.end(row, why);
    }
  }

  /** Milliseconds until it ends by itself, in both ways, and until it is not fresh any more. */
  left({ startedMs, usedMs, freshUntilMs }: SessionRow): { readonly longestMs: number; readonly idleMs: number; readonly freshMs: number } {
    const nowMs = this.#parts.time.nowMs();
    return { longestMs: Math.max(0, startedMs + LONGEST_MS - nowMs), idleMs: Math.max(0, usedMs + IDLE_MS - nowMs), freshMs: Math.max(0, freshUntilMs - nowMs) };
  }

  #overBy(row: SessionRow): SessionEnd | undefined {
    const { longestMs, idleMs } = this.left(row);
    if (longestMs === 0) return "12 hours";
    return idleMs === 0 ? "30 minutes idle" : undefined;
  }
}
