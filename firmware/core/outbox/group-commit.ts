// Gathers all that arrives in one turn of the event loop, or while a commit runs, into one transaction.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault, isFault } from "../../../drivers/contract/fault.ts";
import { isBusy, isDamage, isNoRoom, messageOf } from "./database.ts";
import { ROWS_PER_COMMIT } from "./limits.ts";
import type { Turns } from "../turns.ts";

/** A piece of a transaction. `run` may run again when the transaction failed for another's sake. */
export interface Work<T> {
  readonly bytes: number;
  /** Roughly how many rows it writes. */
  readonly rows: number;
  /** Nobody waits long for it: it goes with the next commit, or after four times the gathering time. */
  readonly isLeisurely?: boolean;
  run(): T;
  /** After the commit, before anybody is answered. */
  committed?(result: T): void;
}

export interface GroupCommitOptions {
  readonly where: string;
  readonly maxWaitingBytes: number;
  /** Runs `work` in one transaction of the database that is open now. */
  readonly transaction: (work: () => void) => void;
  /** The database is damaged: another one is open when this returns. Throws when none could be opened. */
  readonly replaceDatabase: (cause: unknown) => void;
  /** Told after each attempt: whether the disk took it. */
  readonly stored: (fault: Fault | undefined) => void;
  /** After a commit: what the next one has to wait for, if anything. What waits is gathered meanwhile. */
  readonly pause: () => Promise<void> | undefined;
  readonly clock: Clock;
  readonly turns: Turns;
  /** See OutboxLimits. */
  readonly gatherMs: () => number;
}

/** So many rows do not wait for more. */
const MUCH_ROWS = 256;
const LEISURE = 4;

/** Bytes of one commit, unless one piece alone has more. */
const BYTES_PER_COMMIT = 1_048_576;

/** A commit that takes longer is followed by a smaller one. */
const LONG_MS = 20;
const LEAST_ROWS = 100;

interface Waiting {
  readonly work: Work<unknown>;
  result?: unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #waitingRows = 0;
  #startedMs = Number.NEGATIVE_INFINITY;
  #urgent = 0;
  #scheduled: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  #isPaused = false;
  #rowsPerCommit = ROWS_PER_COMMIT;
  #isClosed = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Resolves when the work is durable. Rejects with PEER_OVERLOADED, STORAGE_FULL, STORAGE_BUSY, or what `run` threw. */
  submit<T>(work: Work<T>): Promise<T> {
    const { where, maxWaitingBytes } = this.#options;
    if (this.#isClosed) return Promise.reject(new Fault("STORAGE_BUSY", "the outbox is closed", { where, remedy: "Repeat the request when core runs again." }));
    if (this.#waiting.length > 0 && this.#waitingBytes + work.bytes > maxWaitingBytes) {
      return Promise.reject(new Fault("PEER_OVERLOADED", `${this.#waitingBytes} bytes wait for their commit`, { where, remedy: "Repeat the request a little later." }));
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push({ work, resolve: (result) => resolve(result as T), reject });
    this.#waitingBytes += work.bytes;
    this.#waitingRows += work.rows;
    if (work.isLeisurely !== true) this.#urgent += 1;
    this.#schedule();
    return promise;
  }

  /** Commits what waits and takes nothing more. */
  close(): void {
    this.#isClosed = true;
    while (this.#waiting.length > 0) this.#commitGroup();
  }

  #schedule(): void {
    if (this.#isPaused || this.#waiting.length === 0) return;
    const { clock, gatherMs, turns } = this.#options;
    const restMs = this.#waitingRows >= MUCH_ROWS ? 0 : gatherMs() * (this.#urgent > 0 ? 1 : LEISURE);
    const dueMs = this.#startedMs + restMs;
    if (this.#scheduled !== undefined && this.#scheduled.dueMs <= dueMs) return;
    this.#scheduled?.cancel();
    const leftMs = dueMs - clock.uptimeMs();
    const take = (): (() => void) => turns.take(() => this.#turn());
    this.#scheduled = { dueMs, cancel: leftMs > 0 ? clock.after(leftMs, () => this.#due(take())) : take() };
  }

  #due(cancel: () => void): void {
    this.#scheduled = { dueMs: Number.NEGATIVE_INFINITY, cancel };
  }

  #turn(): void {
    this.#scheduled = undefined;
    if (this.#waiting.length > 0) this.#commitGroup();
    this.#pause();
    this.#schedule();
  }

  #pause(): void {
    const pause = this.#options.pause();
    if (pause === undefined) return;
    this.#isPaused = true;
    // Where it fails nobody knows what the disk holds: the process ends, and the next one begins with the log.
    void pause.then(() => this.#goOn());
  }

  #goOn(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  #commitGroup(): void {
    let rows = 0;
    let bytes = 0;
    let count = 0;
    for (const { work } of this.#waiting) {
      if (count > 0 && (rows + work.rows > this.#rowsPerCommit || bytes + work.bytes > BYTES_PER_COMMIT)) break;
      rows += work.rows;
      bytes += work.bytes;
      count += 1;
    }
    const group = this.#waiting.splice(0, count);
    for (const { work } of group) {
      this.#waitingBytes -= work.bytes;
      this.#waitingRows -= work.rows;
      if (work.isLeisurely !== true) this.#urgent -= 1;
    }
    const { clock } = this.#options;
    this.#startedMs = clock.uptimeMs();
    this.#commit(group, true);
    this.#adapt(clock.uptimeMs() - this.#startedMs);
  }

  /** A slow processor or disk gets smaller commits, so that the event loop is not held longer. */
  #adapt(tookMs: number): void {
    if (tookMs > LONG_MS) this.#rowsPerCommit = Math.max(LEAST_ROWS, Math.floor(this.#rowsPerCommit / 2));
    else if (this.#rowsPerCommit < ROWS_PER_COMMIT) this.#rowsPerCommit = Math.min(ROWS_PER_COMMIT, this.#rowsPerCommit + LEAST_ROWS);
  }

  #commit(group: readonly Waiting[], mayReplace: boolean): void {
    try {
      this.#options.transaction(() => {
        for (const one of group) one.result = one.work.run();
      });
    } catch (error) {
      this.#fail(group, error, mayReplace);
      return;
    }
    this.#options.stored(undefined);
    for (const one of group) one.work.committed?.(one.result);
    this.#answer(group);
  }

  /** What the answers of a large commit lead to takes as long again: not in the same turn. */
  #answer(group: readonly Waiting[]): void {
    const answer = (): void => group.forEach((one) => one.resolve(one.result));
    const rows = group.reduce((sum, { work }) => sum + work.rows, 0);
    if (rows < MUCH_ROWS || this.#isClosed) answer();
    else this.#options.turns.takeNext(answer);
  }

  #fail(group: readonly Waiting[], error: unknown, mayReplace: boolean): void {
    if (isDamage(error) && mayReplace) {
      try {
        this.#options.replaceDatabase(error);
      } catch (failure) {
        this.#refuse(group, failure);
        return;
      }
      this.#commit(group, false);
    } else if (isNoRoom(error) || isBusy(error) || isDamage(error)) this.#refuse(group, error);
    // Somebody's mistake: each alone, so that only the guilty one is told.
    else if (group.length > 1) for (const one of group) this.#commit([one], mayReplace);
    else for (const one of group) one.reject(this.#blame(error));
  }

  #refuse(group: readonly Waiting[], error: unknown): void {
    const { where } = this.#options;
    const fault = isBusy(error)
      ? new Fault("STORAGE_BUSY", `another program locks the database: ${messageOf(error)}`, { where, remedy: "End the program that has the file open. The request may be repeated.", cause: error })
      : new Fault("STORAGE_FULL", `the disk does not take it: ${messageOf(error)}`, { where, remedy: "Free space, or check the storage medium. The request may be repeated.", cause: error });
    this.#options.stored(fault);
    for (const one of group) one.reject(fault);
  }

  #blame(error: unknown): Fault {
    if (isFault(error)) return error;
    return new Fault("INPUT_INVALID", `the request cannot be stored: ${messageOf(error)}`, { where: this.#options.where, remedy: "Correct the request.", cause: error });
  }
}
