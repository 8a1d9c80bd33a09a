// Entries and their history in state.db: each statement prepared once, the history bounded where it is written.

import type { Database, Statement } from "better-sqlite3";
import type { Entry, HistoryEvent } from "./entry.ts";

/** The newest that are kept of one asset, of one that nobody accepted or refused yet, and of all. */
export const HISTORY_OF_ONE = 50;
export const HISTORY_OF_PENDING = 5;
export const HISTORY_OF_ALL = 20_000;

export interface OwnedEvent extends HistoryEvent {
  readonly owner: string;
  /** How many of this owner stay. */
  readonly keep: number;
}

/** One commit: rows to store, numbers of rows to delete with their history, and what happened. */
export interface Portion {
  readonly stored: readonly Entry[];
  readonly deleted: readonly number[];
  readonly events: readonly OwnedEvent[];
}

export class EntryRows {
  readonly #database: Database;
  readonly #write: (portion: Portion) => void;
  readonly #newest: Statement<[string, number], HistoryEvent>;

  constructor(database: Database) {
    this.#database = database;
    this.#newest = database.prepare<[string, number], HistoryEvent>("SELECT at, kind, actor, detail FROM asset_history WHERE owner = ? ORDER BY number DESC LIMIT ?");
    const store = database.prepare("INSERT OR REPLACE INTO found_assets (number, entry) VALUES (?, ?)");
    const remove = database.prepare("DELETE FROM found_assets WHERE number = ?");
    const tell = database.prepare("INSERT INTO asset_history (owner, at, kind, actor, detail) VALUES (@owner, @at, @kind, @actor, @detail)");
    const trim = database.prepare("DELETE FROM asset_history WHERE owner = ? AND number <= (SELECT number FROM asset_history WHERE owner = ? ORDER BY number DESC LIMIT 1 OFFSET ?)");
    const forget = database.prepare("DELETE FROM asset_history WHERE owner = ?");
    const count = database.prepare<[], number>("SELECT count(*) FROM asset_history").pluck();
    const shorten = database.prepare("DELETE FROM asset_history WHERE number IN (SELECT number FROM asset_history ORDER BY number LIMIT ?)");
    this.#write = database.transaction(({ stored, deleted, events }: Portion) => {
      for (const entry of stored) store.run(entry.number, JSON.stringify(entry));
      for (const number of deleted) {
        remove.run(number);
        forget.run(ownerOf(number));
      }
      for (const { owner, at, kind, actor, detail, keep } of events) {
        tell.run({ owner, at, kind, actor, detail });
        trim.run(owner, owner, keep);
      }
      const tooMany = events.length === 0 ? 0 : (count.get() ?? 0) - HISTORY_OF_ALL;
      if (tooMany > 0) shorten.run(tooMany);
    });
  }

  /** Throws SyntaxError where a row is damaged. */
  load(): readonly Entry[] {
    return this.#database.prepare<[], string>("SELECT entry FROM found_assets ORDER BY number").pluck().all().map((text) => JSON.parse(text) as Entry);
  }

  /** One commit, durable when it returns. Throws what SQLite throws. */
  write(portion: Portion): void {
    this.#write(portion);
  }

  /** Newest first. */
  history(owner: string, limit: number): readonly HistoryEvent[] {
    return this.#newest.all(owner, limit);
  }
}

/** The owner of the history of an entry; that of a configured machine is its name behind `=`. */
export function ownerOf(entry: number | string): string {
  return typeof entry === "number" ? String(entry) : `=${entry}`;
}
