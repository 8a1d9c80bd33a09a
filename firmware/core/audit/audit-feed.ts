// Gives the plant's log collector what it has not got, oldest first, over restarts of both sides.

import type { Database, Statement } from "better-sqlite3";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { AuditRecord } from "../../conduit/audit.ts";
import { Revision } from "../inventory/revision.ts";
import type { Kept } from "../inventory/state-schema.ts";
import { toRecord } from "./audit-pages.ts";
import type { AuditEntry } from "./chain.ts";

/** Characters of details in one answer: what is more comes with the next one. */
const MOST_CHARACTERS = 131_072;

export class AuditFeed {
  readonly #kept: Kept;
  readonly #revision: Revision;
  readonly #next: Statement<[number, number], AuditEntry>;
  #position: number;

  constructor(database: Database, kept: Kept, clock: Clock) {
    this.#kept = kept;
    this.#revision = new Revision(clock);
    this.#next = database.prepare("SELECT * FROM entries WHERE number > ? ORDER BY number LIMIT ?");
    const position = Number(kept.read("audit-feed") ?? 0);
    this.#position = Number.isSafeInteger(position) && position >= 0 ? position : 0;
  }

  /** The number of the last entry that the collector has. */
  get position(): number {
    return this.#position;
  }

  /** There is a new entry. */
  wake(): void {
    this.#revision.advance();
  }

  /** What comes after the position, at most `limit`; waits up to `waitMs` for a first one. Throws CANCELLED when the signal aborts. Asked again without `sent` it gives the same. */
  async unsent(limit: number, waitMs: number, signal: AbortSignal): Promise<readonly AuditRecord[]> {
    const seen = this.#revision.value;
    const found = this.#read(limit);
    if (found.length > 0 || waitMs === 0) return found;
    await this.#revision.wait(seen, waitMs, signal);
    return this.#read(limit);
  }

  /** The collector has all up to `number`. Kept: at most what it was told last comes twice after a crash. */
  sent(number: number): void {
    if (number <= this.#position) return;
    this.#position = number;
    this.#kept.write("audit-feed", String(number));
  }

  #read(limit: number): readonly AuditRecord[] {
    const records: AuditRecord[] = [];
    let characters = 0;
    for (const entry of this.#next.iterate(this.#position, limit)) {
      characters += entry.detail.length;
      if (records.length > 0 && characters > MOST_CHARACTERS) break;
      records.push(toRecord(entry));
    }
    return records;
  }
}
