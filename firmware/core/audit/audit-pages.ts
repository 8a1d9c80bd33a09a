// Reads the audit log page by page, with filters, and never holds the event loop, however long the log is.

import type { Database } from "better-sqlite3";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { AuditRecord, auditRoutes } from "../../conduit/audit.ts";
import type { InputOf } from "../../conduit/route.ts";
import type { Turns } from "../turns.ts";
import type { AuditEntry } from "./chain.ts";

export type AuditQuery = Omit<InputOf<typeof auditRoutes.audit>, "export">;

/** Numbers that one turn looks at. */
const PORTION = 200;

/** In all fields that a record shows; upper and lower case are the same. */
const TEXT = "instr(lower(time || char(10) || zone || char(10) || actor || char(10) || coalesce(source, '') || char(10) || action || char(10) || target || char(10) || result || char(10) || detail), lower(@text)) > 0";

export interface Page {
  readonly entries: readonly AuditEntry[];
  readonly hasMore: boolean;
}

/** Newest first, or with `after` oldest first. Throws INPUT_INVALID for a time that is none, CANCELLED when the caller waits no longer. */
export async function readPage(database: Database, turns: Turns, query: AuditQuery, signal: AbortSignal): Promise<Page> {
  const isForward = query.after !== undefined;
  const read = database.prepare<[object], AuditEntry>(`SELECT * FROM entries WHERE number BETWEEN @low AND @high ${filterOf(query)} ORDER BY number ${isForward ? "ASC" : "DESC"} LIMIT @most`);
  const ends = database.prepare<[], { readonly first: number | null; readonly last: number | null }>("SELECT min(number) AS first, max(number) AS last FROM entries").get();
  const first = Math.max(ends?.first ?? 1, (query.after ?? 0) + 1);
  const last = Math.min(ends?.last ?? 0, (query.before ?? Number.MAX_SAFE_INTEGER) - 1);
  const values = { actor: query.actor, action: query.action, result: query.result, text: query.text, from: timeOf(query.from, "from"), until: timeOf(query.until, "until") };
  const entries: AuditEntry[] = [];
  for (let at = 0; first + at <= last && entries.length <= query.limit; at += PORTION) {
    await turns.next();
    if (signal.aborted) throw new Fault("CANCELLED", "the caller waits no longer", { cause: signal.reason });
    const low = isForward ? first + at : Math.max(first, last - at - PORTION + 1);
    const high = isForward ? Math.min(last, first + at + PORTION - 1) : last - at;
    entries.push(...read.all({ ...values, low, high, most: query.limit + 1 - entries.length }));
  }
  return { entries: entries.slice(0, query.limit), hasMore: entries.length > query.limit };
}

function filterOf({ actor, action, result, text, from, until }: AuditQuery): string {
  const filters = [actor !== undefined && "actor = @actor", action !== undefined && "action = @action", result !== undefined && "result = @result", from !== undefined && "time >= @from", until !== undefined && "time <= @until", text !== undefined && text !== "" && TEXT];
  return filters.flatMap((filter) => (filter === false ? [] : [`AND ${filter}`])).join(" ");
}

function timeOf(text: string | undefined, name: string): string | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new Fault("INPUT_INVALID", `\`${name}\` is no time`, { where: name, remedy: "Write it like 2026-03-01T12:00:00Z." });
  return new Date(ms).toISOString();
}

/** The JSON text of the record that people and collectors get of an entry. Its detail is JSON already. */
export function writeRecord(entry: AuditEntry): string {
  const { detail: _, ...shown } = recordOf(entry, {});
  return `${JSON.stringify(shown).slice(0, -1)},"detail":${entry.detail}}`;
}

/** The same, read. */
export function toRecord(entry: AuditEntry): AuditRecord {
  // Sound: we write objects there alone.
  return recordOf(entry, JSON.parse(entry.detail) as AuditRecord["detail"]);
}

function recordOf({ number, form, time, timeQuality, uptimeMs, zone, actor, source, action, target, result }: AuditEntry, detail: AuditRecord["detail"]): AuditRecord {
  const former = actor === "local" ? "local" : "core";
  // Sound: `append` takes these results alone.
  return { number, time, timeQuality: form === 1 ? "unknown" : timeQuality, uptimeMs, zone: form === 1 ? former : zone, actor, source, action, target, result: result as AuditRecord["result"], detail };
}
