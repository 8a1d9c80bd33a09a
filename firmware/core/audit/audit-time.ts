// The audit log's own sense of time: how long the gateway has run since the log began, and whether its wall clock can be believed.

import type { Database, Statement } from "better-sqlite3";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { sealTextOf } from "./chain.ts";

/** A step of the wall clock against running time that is no drift: what NTP slews within a second is 0.5 ms. */
export const JUMP_MS = 2000;
/** Switched off for longer (a long weekend), the wall clock is in doubt at the next start, as after a jump. */
const LONGEST_OFF_MS = 4 * 86_400_000;
/** So long a wall clock has to go on as before until it is believed again. */
export const DOUBT_MS = 86_400_000;
const MARK = "clock";

interface Mark {
  readonly bootId: string;
  readonly bootMs: number;
  readonly wallMs: number;
  readonly runningMs: number;
  /** Running time from which on the wall clock is believed. */
  readonly sureFromMs: number;
}

export interface Jump {
  readonly beforeMs: number;
  readonly afterMs: number;
}

export class AuditTime {
  readonly #clock: Clock;
  readonly #key: Buffer;
  readonly #store: Statement;
  #start: { readonly bootMs: number; readonly runningMs: number };
  #sureFromMs: number;
  #looked: { readonly bootMs: number; readonly wallMs: number };
  /** A jump that happened while no process of core looked. */
  #unseen: Jump | undefined;

  /** `leastMs`: the running time that a proven entry has. */
  constructor(database: Database, clock: Clock, key: Buffer, leastMs: number) {
    this.#clock = clock;
    this.#key = key;
    this.#store = database.prepare("INSERT OR REPLACE INTO kept (name, text, seal) VALUES (?, ?, ?)");
    const [{ id, ms: bootMs }, wallMs] = [clock.boot(), clock.now()];
    const mark = readMark(database, key);
    // What passed since the mark: all of it within one start of the machine, at least the time since its start otherwise.
    const passedMs = mark === undefined ? 0 : mark.bootId === id ? Math.max(0, bootMs - mark.bootMs) : bootMs;
    const runningMs = Math.max(leastMs, (mark?.runningMs ?? 0) + passedMs);
    this.#start = { bootMs, runningMs };
    this.#looked = { bootMs, wallMs };
    this.#sureFromMs = mark?.sureFromMs ?? runningMs + DOUBT_MS;
    if (mark === undefined) return;
    const gainedMs = wallMs - mark.wallMs - passedMs;
    const isSameBoot = mark.bootId === id;
    const isJump = gainedMs < -JUMP_MS || gainedMs > (isSameBoot ? JUMP_MS : LONGEST_OFF_MS);
    if (!isJump) return;
    this.#sureFromMs = runningMs + DOUBT_MS;
    this.#unseen = { beforeMs: mark.wallMs + passedMs, afterMs: wallMs };
  }

  /** Never goes back, whatever the wall clock does. Counts while the machine runs. */
  runningMs(): number {
    return this.#start.runningMs + Math.max(0, Math.round(this.#clock.boot().ms - this.#start.bootMs));
  }

  /** True when the wall clock is synchronised and has not jumped for a day of running time. */
  isWallSure(): boolean {
    return this.#clock.timeQuality() === "synchronised" && this.runningMs() >= this.#sureFromMs;
  }

  /** The jump since the last look, where there was one: to be asked about once a second. */
  look(): Jump | undefined {
    const [{ ms: bootMs }, wallMs] = [this.#clock.boot(), this.#clock.now()];
    const before = this.#looked;
    this.#looked = { bootMs, wallMs };
    const unseen = this.#unseen;
    this.#unseen = undefined;
    if (unseen !== undefined) return unseen;
    const expectedMs = before.wallMs + bootMs - before.bootMs;
    if (Math.abs(wallMs - expectedMs) <= JUMP_MS) return undefined;
    this.#sureFromMs = this.runningMs() + DOUBT_MS;
    return { beforeMs: Math.round(expectedMs), afterMs: wallMs };
  }

  /** Keeps it for the next process. Throws what SQLite throws. */
  keep(): void {
    const { id: bootId, ms: bootMs } = this.#clock.boot();
    const mark: Mark = { bootId, bootMs, wallMs: this.#clock.now(), runningMs: this.runningMs(), sureFromMs: this.#sureFromMs };
    const text = JSON.stringify(mark);
    this.#store.run(MARK, text, sealTextOf(this.#key, text));
  }
}

/** Undefined where there is none, or one that another hand wrote. */
function readMark(database: Database, key: Buffer): Mark | undefined {
  const row = database.prepare<[string], { readonly text: string; readonly seal: string }>("SELECT text, seal FROM kept WHERE name = ?").get(MARK);
  if (row === undefined || row.seal !== sealTextOf(key, row.text)) return undefined;
  // Sound: the seal shows that we wrote it.
  return JSON.parse(row.text) as Mark;
}
