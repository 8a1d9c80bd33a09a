// How the connection behind each assignment stands, kept over a restart of core since the zone reports only changes.

import type { Database } from "better-sqlite3";
import type { InputOf } from "../../conduit/route.ts";
import type { sourceConduit } from "../../conduit/source.ts";

type Report = InputOf<typeof sourceConduit.link>;

export interface Link {
  readonly state: Report["state"];
  readonly fault?: Report["fault"];
  /** How readings arrive, as it was told last. */
  readonly via?: Report["via"];
}

/** Some 2 ms. */
const ROWS_PER_COMMIT = 250;

export class Links {
  readonly #links = new Map<string, Link>();
  readonly #dirty = new Set<string>();
  readonly #write: (names: readonly string[]) => void;

  /** Loads what was written before. Throws SyntaxError where a row is damaged. */
  constructor(database: Database) {
    const store = database.prepare("INSERT OR REPLACE INTO links (name, state, fault, via) VALUES (?, ?, ?, ?)");
    const remove = database.prepare("DELETE FROM links WHERE name = ?");
    this.#write = database.transaction((names: readonly string[]) => {
      for (const name of names) {
        const link = this.#links.get(name);
        if (link === undefined) remove.run(name);
        else store.run(name, link.state, link.fault === undefined ? null : JSON.stringify(link.fault), link.via ?? null);
      }
    });
    const rows = database.prepare<[], { name: string; state: Link["state"]; fault: string | null; via: string | null }>("SELECT name, state, fault, via FROM links").all();
    for (const { name, state, fault, via } of rows) {
      this.#links.set(name, { state, ...(fault === null ? {} : { fault: JSON.parse(fault) as NonNullable<Link["fault"]> }), ...(via === null ? {} : { via }) });
    }
  }

  get(assignment: string): Link | undefined {
    return this.#links.get(assignment);
  }

  entries(): Iterable<[string, Link]> {
    return this.#links.entries();
  }

  isConnected(assignment: string): boolean {
    return this.#links.get(assignment)?.state === "connected";
  }

  set(assignment: string, link: Link): void {
    this.#links.set(assignment, link);
    this.#dirty.add(assignment);
  }

  delete(assignment: string): void {
    if (this.#links.delete(assignment)) this.#dirty.add(assignment);
  }

  /** Writes one portion of what changed; true when more waits. Throws what SQLite throws. */
  flush(): boolean {
    const portion = [...this.#dirty].slice(0, ROWS_PER_COMMIT);
    if (portion.length === 0) return false;
    this.#write(portion);
    for (const name of portion) this.#dirty.delete(name);
    return this.#dirty.size > 0;
  }
}
