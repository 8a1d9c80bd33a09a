// Reads every stored row once in the background and compares its checksum, a few at a time, so that no reader stands long.

import { SAMPLE, SPAN } from "./schema.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { Row } from "./statements.ts";
import type { Store } from "./store.ts";
import type { Turns } from "../turns.ts";

const ROWS_PER_SLICE = 500;

export class Verifier {
  #next = 0;
  #isWaiting = false;

  /** Runs `piece` in a turn of its own; where one waits already it is enough. */
  take(turns: Turns, piece: () => void): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    turns.take(() => {
      this.#isWaiting = false;
      piece();
    });
  }

  /** Checks the next rows. True when the end is reached; the next call begins anew. Throws what `isDamage` recognises. */
  step(store: Store): boolean {
    const rows = store.sql.rows.all(this.#next, Number.MAX_SAFE_INTEGER, ROWS_PER_SLICE);
    const streams = new Map([...store.streams.values()].map((stream) => [stream.number, stream]));
    for (const row of rows) {
      const stream = streams.get(Math.floor(row[0] / SPAN));
      if (stream !== undefined) store.verify(stream, row[0] - stream.origin, row[2], row[3]);
    }
    this.#compareIndex(store, rows);
    this.#next = (rows.at(-1)?.[0] ?? -1) + 1;
    return rows.length < ROWS_PER_SLICE;
  }

  /** The index of events must name exactly the events among the rows. */
  #compareIndex(store: Store, rows: readonly Row[]): void {
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return;
    const events = rows.filter((row) => (row[1] & SAMPLE) === 0).map((row) => row[0]);
    const indexed = store.sql.eventRows.all(first[0], last[0], ROWS_PER_SLICE + 1).map((row) => row[0]);
    if (events.length === indexed.length && events.every((id, index) => id === indexed[index])) return;
    throw new Fault("STORAGE_DAMAGED", `the index of events does not agree with the readings ${first[0]} to ${last[0]}`, { where: store.file });
  }
}
