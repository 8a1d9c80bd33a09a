// Runs the recovery of damaged files in the background, again after each failure, and says how it stands.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { DriverLog } from "../../../drivers/contract/driver.ts";
import type { DropEvent, OutboxReport } from "./contract.ts";
import { messageOf, pendingDamaged } from "./database.ts";
import type { GroupCommit } from "./group-commit.ts";
import { recoverAll } from "./recovery/recovery.ts";
import type { Room } from "./room.ts";
import type { Store } from "./store.ts";

export interface RecovererParts {
  readonly file: string;
  readonly clock: Clock;
  readonly log: DriverLog;
  readonly report: OutboxReport;
  readonly commits: GroupCommit;
  /** The database that is open now. */
  readonly store: () => Store;
  /** The destination of readings whose stream is known by nothing but its number; empty while there is none. */
  readonly fallback: () => string;
  readonly measure: () => Room;
  readonly lost: (events: readonly DropEvent[]) => void;
  /** The recovered streams may be drained. */
  readonly recovered: () => void;
}

const SUBJECT = "outbox.db";
const ROOM_WAIT_MS = 1000;
const AGAIN_MS = 10_000;

export class Recoverer {
  readonly #parts: RecovererParts;
  #control = new AbortController();
  #cancelAgain = (): void => undefined;
  #isRunning = false;
  /** What the condition says of the damage that was met since the start. */
  #damage = "";

  constructor(parts: RecovererParts) {
    this.#parts = parts;
  }

  /** Streams may turn up that are not known yet. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Tells what happened to the file. */
  tellDamage(cause: string, path: string): void {
    this.#damage = `${cause}. The file is now ${path}`;
    this.#parts.report.raise("OUTBOX_SET_ASIDE", SUBJECT, this.#damage);
  }

  stop(reason: string): void {
    this.#cancelAgain();
    this.#control.abort(new Error(reason));
  }

  /** Begins anew with whatever waits for it. */
  start(): void {
    this.stop("the recovery begins anew");
    const control = new AbortController();
    this.#control = control;
    this.#isRunning = true;
    void this.#run(control.signal).catch((error: unknown) => {
      if (control.signal.aborted) return;
      const { clock, file, log } = this.#parts;
      log.error({ file, error: messageOf(error) }, "the recovery stopped; it begins anew");
      this.#cancelAgain = clock.after(AGAIN_MS, () => this.start());
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { report, log, lost, recovered } = this.#parts;
    const found = { rows: 0, lost: 0 };
    this.#tellProgress("");
    await recoverAll(
      {
        ...this.#parts,
        room: () => this.#awaitRoom(signal),
        lost: (events) => {
          for (const { count } of events) found.lost += count;
          lost(events);
        },
        finished: (path, rows) => {
          found.rows += rows;
          log.info({ file: path, rows }, "readings recovered from the damaged outbox");
        },
      },
      signal,
    );
    this.#isRunning = false;
    report.clear("OUTBOX_RECOVERING", SUBJECT);
    if (this.#damage !== "") report.raise("OUTBOX_SET_ASIDE", SUBJECT, `${this.#damage}. ${found.rows} readings were recovered from it, ${found.lost} were damaged and are told as gaps`);
    recovered();
  }

  async #awaitRoom(signal: AbortSignal): Promise<void> {
    const { clock, measure } = this.#parts;
    for (let room = measure(); room.beforeRefusalBytes < 0; room = measure()) {
      this.#tellProgress(`; it waits for room, since both files are needed until it ends: ${room.text}`);
      await clock.sleep(ROOM_WAIT_MS, signal);
    }
  }

  #tellProgress(more: string): void {
    this.#parts.report.raise("OUTBOX_RECOVERING", SUBJECT, `The readings of ${pendingDamaged(this.#parts.file).join(", ")} are being recovered${more}`);
  }
}
