// What a list says that the register does not say already: only this is asked of core, so that an exported list comes back without a change.

import type { AssetEntry, AssetLine } from "../conduit/assets.ts";
import { LINE_COLUMNS, valuesOf } from "./assets-columns.ts";

export interface News {
  /** Lines with their name and what is new in them. */
  readonly lines: readonly AssetLine[];
  /** Which of the lines given each of `lines` is. */
  readonly positions: readonly number[];
  /** How many say nothing new. */
  readonly same: number;
}

/** Compares by name: where the register has none of it, all of a line is new. */
export function findNews(lines: readonly AssetLine[], entries: readonly AssetEntry[]): News {
  const known = new Map(entries.flatMap((entry) => (entry.name === null ? [] : [[entry.name, valuesOf(entry)] as const])));
  const all = lines.map((line, position) => {
    const values = known.get(line.name);
    if (values === undefined) return { position, line, isNew: true };
    const columns = LINE_COLUMNS.filter((column) => column !== "name" && line[column] !== undefined && line[column] !== (values[column] ?? ""));
    return { position, line: { ...Object.fromEntries(columns.map((column) => [column, line[column]])), name: line.name }, isNew: columns.length > 0 };
  });
  const news = all.filter(({ isNew }) => isNew);
  return { lines: news.map(({ line }) => line), positions: news.map(({ position }) => position), same: all.length - news.length };
}
