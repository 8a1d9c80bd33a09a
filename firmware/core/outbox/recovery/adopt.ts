// Puts what was found of a damaged database into the new one: the old streams under their own names, positions, cursors, answers.

import type { Findings } from "./findings.ts";
import { SMALL_TABLES, type SmallTable } from "../schema.ts";
import type { Store } from "../store.ts";
import type { Stream } from "../stream.ts";
import type { Field } from "./records.ts";

/**
 * Inside a transaction; may be repeated with more findings. Returns the new store's stream for each number of the old file.
 * `fallback` is the destination of a stream whose row is lost.
 */
export function adoptFindings(store: Store, findings: Findings, fallback: string): Map<number, Stream> {
  const streams = new Map<number, Stream>();
  for (const found of findings.streams.values()) {
    if (found.isGone) continue;
    const stream = store.streams.get(found.uuid) ?? store.addStream(found.destination || fallback, { ...found, state: "recovering" });
    streams.set(found.number, stream);
    const floor = findings.floors.get(found.uuid) ?? 0;
    stream.next = Math.max(stream.next, found.next, floor + 1);
    stream.isDirty = true;
    if (floor > 0) store.settle(stream, 1, floor);
    for (const [first, last] of findings.settled.get(found.number) ?? []) store.settle(stream, first, last);
    for (const { first, last, reason } of findings.gaps.get(found.number) ?? []) {
      for (const [a, b] of Array.from(stream.settled.missingWithin(first, last))) for (const range of Array.from(stream.gaps.covered.missingWithin(a, b))) store.addGap(stream, range, reason);
    }
  }
  adoptTables(store, findings);
  return streams;
}

/** What the new database has already is newer and stays. */
function adoptTables(store: Store, findings: Findings): void {
  const cursors = [...findings.cursors].map(([asset, { cursor, moved }]) => [asset, cursor, moved]);
  insert(store, "cursor", cursors);
  insert(store, "answer", findings.answers.values());
  insert(store, "rejected", findings.rejected.values());
  insert(store, "quarantine", findings.quarantine.values());
}

function insert(store: Store, table: SmallTable, rows: Iterable<readonly Field[]>): void {
  const columns = SMALL_TABLES[table];
  const statement = store.db.prepare(`INSERT OR IGNORE INTO ${table}(${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`);
  for (const row of rows) if (row.length === columns.length) statement.run(...row);
}
