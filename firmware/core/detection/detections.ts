// What was found, kept once per kind, side and source: told when it is new or comes back, counted while it goes on, bounded in every direction.

import type { Database, Statement } from "better-sqlite3";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Conditions } from "../health/conditions.ts";
import type { Fading } from "../health/fading.ts";
import { KIND_NAMES, KINDS } from "./finding.ts";
import type { Finding, KindName } from "./finding.ts";

export interface Detection {
  readonly kind: KindName;
  readonly side: string;
  readonly source: string;
  readonly severity: number;
  readonly first: string;
  readonly last: string;
  readonly count: number;
  readonly detail: string;
  readonly accepted: boolean;
}

export interface DetectionParts {
  readonly clock: Clock;
  readonly conditions: Pick<Conditions, "clear" | "has" | "list">;
  readonly fading: Pick<Fading, "note">;
  readonly trail: Pick<AuditTrail, "record">;
}

/** What comes again after so long a silence is told again, and its condition fades after it. */
const QUIET_MS = 3_600_000;
/** New events a minute for each kind and side, and for all together. What is more is one event of the source `others`. */
const MOST_A_MINUTE = 8;
const MOST_OF_ALL = 30;
const MINUTE_MS = 60_000;
export const OTHERS = "others";
/** The newest that are kept. */
export const MOST_DETECTIONS = 10_000;
const MAX_DETAIL = 500;
const MAX_SOURCE = 64;
const MOST_NAMED = 3;

type Row = Omit<Detection, "accepted" | "kind"> & { readonly kind: string; readonly accepted: number };

export class Detections {
  readonly #database: Database;
  readonly #parts: DetectionParts;
  readonly #find: Statement<[string, string, string], Row>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #recent = new Map<string, string[]>();
  #minute = { startMs: Number.NEGATIVE_INFINITY, all: 0, byKind: new Map<string, number>() };

  constructor(database: Database, parts: DetectionParts) {
    this.#database = database;
    this.#parts = parts;
    this.#find = database.prepare("SELECT kind, side, source, severity, first, last, count, detail, accepted FROM detections WHERE kind = ? AND side = ? AND source = ?");
    this.#insert = database.prepare("INSERT INTO detections (kind, side, source, severity, first, last, count, detail, accepted) VALUES (@kind, @side, @source, @severity, @last, @last, @count, @detail, 0)");
    this.#update = database.prepare("UPDATE detections SET last = @last, count = count + @count, detail = @detail, accepted = @accepted WHERE kind = @kind AND side = @side AND source = @source");
  }

  /** All in one commit. Throws what SQLite throws (a full disk): then nothing of it is kept or told. */
  tell(findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    const events = this.#database.transaction(() => {
      const fresh = findings.filter((finding) => this.#keep(finding));
      this.#database.prepare("DELETE FROM detections WHERE number IN (SELECT number FROM detections ORDER BY last DESC, severity DESC, number DESC LIMIT -1 OFFSET ?)").run(MOST_DETECTIONS);
      return fresh;
    })();
    for (const { kind, side, source, detail } of events) {
      this.#parts.trail.record({ actor: "core", action: "detection.raised", target: side, result: "done", detail: { kind, source, severity: KINDS[kind].severity, detail } });
    }
  }

  /** The newest at this moment, newest first; each is read when it is its turn, so that the caller may let others run in between. */
  *newest(limit: number): Iterable<Detection> {
    const numbers = this.#database.prepare<[number], number>("SELECT number FROM detections ORDER BY last DESC, severity DESC, number DESC LIMIT ?").pluck().all(limit);
    const read = this.#database.prepare<[number], Row>("SELECT kind, side, source, severity, first, last, count, detail, accepted FROM detections WHERE number = ?");
    for (const number of numbers) {
      const row = read.get(number);
      if (row !== undefined && isKind(row.kind)) yield { ...row, kind: row.kind, accepted: row.accepted === 1 };
    }
  }

  /** Somebody has seen them: what goes on is counted, and raises no condition until it comes back after a silence. Returns how many. */
  accept(): number {
    const { changes } = this.#database.prepare("UPDATE detections SET accepted = 1 WHERE accepted = 0").run();
    for (const { code, subject } of this.#parts.conditions.list()) {
      const kind = KIND_NAMES.find((name) => KINDS[name].condition === code);
      if (kind !== undefined) this.#parts.conditions.clear(KINDS[kind].condition, subject);
    }
    this.#recent.clear();
    return changes;
  }

  /** True where it is an event: new, or back after a silence, and within the limits. What is beyond them goes to `others`. */
  #keep(finding: Finding): Finding | undefined {
    const { kind, side } = finding;
    const source = finding.source.slice(0, MAX_SOURCE);
    const before = this.#find.get(kind, side, source);
    const nowMs = this.#parts.clock.now();
    // The clock may have been set back: then the silence is as long as the jump.
    const isBack = before === undefined || Math.abs(nowMs - Date.parse(before.last)) > QUIET_MS;
    if (isBack && source !== OTHERS && !this.#mayTell(`${kind} ${side}`)) return this.#keep({ ...finding, source: OTHERS, detail: "more of them than are told one by one" });
    const row = { kind, side, source, severity: KINDS[kind].severity, last: new Date(nowMs).toISOString(), count: finding.count, detail: finding.detail.slice(0, MAX_DETAIL), accepted: isBack ? 0 : before.accepted };
    if (before === undefined) this.#insert.run(row);
    else this.#update.run(row);
    if (row.accepted === 0) this.#note(kind, side, source, row.detail, isBack);
    return isBack ? { ...finding, source } : undefined;
  }

  /** The condition names the first few sources; its words change with new ones only. */
  #note(kind: KindName, side: string, source: string, detail: string, isEvent: boolean): void {
    const key = `${kind} ${side}`;
    const named = this.#parts.conditions.has(KINDS[kind].condition, side) ? (this.#recent.get(key) ?? []) : [];
    if (named.length === 0 || (isEvent && named.length <= MOST_NAMED)) named.push(named.length === MOST_NAMED ? "and others" : `${source}${detail === "" ? "" : ` (${detail})`}`);
    this.#recent.set(key, named);
    this.#parts.fading.note(KINDS[kind].condition, side, named.join("; "), QUIET_MS);
  }

  #mayTell(key: string): boolean {
    const nowMs = this.#parts.clock.uptimeMs();
    if (nowMs - this.#minute.startMs >= MINUTE_MS) this.#minute = { startMs: nowMs, all: 0, byKind: new Map() };
    const told = this.#minute.byKind.get(key) ?? 0;
    if (told >= MOST_A_MINUTE || this.#minute.all >= MOST_OF_ALL) return false;
    this.#minute.byKind.set(key, told + 1);
    this.#minute.all += 1;
    return true;
  }
}

function isKind(text: string): text is KindName {
  return Object.hasOwn(KINDS, text);
}
