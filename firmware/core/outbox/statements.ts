// Every statement that the outbox runs often, prepared once per open database.

import type { Statement } from "better-sqlite3";
import type { AppendAnswer } from "./contract.ts";
import type { Database } from "./database.ts";
import type { Gap } from "./gaps.ts";
import type { StreamRow } from "./stream.ts";

export type Row = [id: number, kind: number, body: string, crc: number];

export type KindRow = [id: number, kind: number];

export interface Statements extends ReadingStatements, PositionStatements, RequestStatements {}

export function prepareStatements(db: Database): Statements {
  return { ...prepareReadings(db), ...preparePositions(db), ...prepareRequests(db) };
}

interface ReadingStatements {
  readonly insertReading: Statement<[number, number, number, number | null, string, number]>;
  readonly recoverReading: Statement<[number, number, number, number | null, string, number]>;
  /** first id, last id, limit. */
  readonly rows: Statement<[number, number, number], Row>;
  readonly eventRows: Statement<[number, number, number], Row>;
  readonly kinds: Statement<[number, number, number], KindRow>;
  /** first id, last id, limit. */
  readonly ids: Statement<[number, number, number], number>;
  readonly bodyAt: Statement<[number], string>;
  readonly highestId: Statement<[number, number], number | null>;
  readonly lastEvent: Statement<[number, number], number | null>;
  readonly newestKeys: Statement<[number], { id: number; key: number | null }>;
  /** Of the rows before this id, the highest first. */
  readonly keysBefore: Statement<[number, number], { id: number; key: number | null }>;
  readonly newestRows: Statement<[number], { id: number; body: string; crc: number }>;
  readonly deleteRows: Statement<[number, number]>;
  /** first id, last id, how many rows to pass over. */
  readonly idAfter: Statement<[number, number, number], number>;
}

function prepareReadings(db: Database): ReadingStatements {
  const columns = "(id, class, time, key, body, crc) VALUES (?, ?, ?, ?, ?, ?)";
  return {
    insertReading: db.prepare(`INSERT INTO reading ${columns}`),
    recoverReading: db.prepare(`INSERT OR IGNORE INTO reading ${columns}`),
    rows: db.prepare<[number, number, number], Row>("SELECT id, class, body, crc FROM reading WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?").raw(),
    eventRows: db.prepare<[number, number, number], Row>("SELECT id, class, body, crc FROM reading INDEXED BY event WHERE class & 1 = 0 AND id BETWEEN ? AND ? ORDER BY id LIMIT ?").raw(),
    kinds: db.prepare<[number, number, number], KindRow>("SELECT id, class FROM reading WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?").raw(),
    ids: db.prepare<[number, number, number], number>("SELECT id FROM reading WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?").pluck(),
    bodyAt: db.prepare<[number], string>("SELECT body FROM reading WHERE id = ?").pluck(),
    highestId: db.prepare<[number, number], number | null>("SELECT max(id) FROM reading WHERE id BETWEEN ? AND ?").pluck(),
    lastEvent: db.prepare<[number, number], number | null>("SELECT max(id) FROM reading INDEXED BY event WHERE class & 1 = 0 AND id BETWEEN ? AND ?").pluck(),
    newestKeys: db.prepare("SELECT id, key FROM reading ORDER BY id DESC LIMIT ?"),
    keysBefore: db.prepare("SELECT id, key FROM reading WHERE id < ? ORDER BY id DESC LIMIT ?"),
    newestRows: db.prepare("SELECT id, body, crc FROM reading ORDER BY id DESC LIMIT ?"),
    deleteRows: db.prepare("DELETE FROM reading WHERE id BETWEEN ? AND ?"),
    idAfter: db.prepare<[number, number, number], number>("SELECT id FROM reading WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET ?").pluck(),
  };
}

interface PositionStatements {
  readonly streams: Statement<[], StreamRow>;
  readonly insertStream: Statement<[StreamRow]>;
  readonly updateStream: Statement<[string, number, number, number, number]>;
  readonly deleteStream: Statement<[number]>;
  readonly settled: Statement<[number], [number, number]>;
  readonly insertSettled: Statement<[number, number, number]>;
  readonly deleteSettledWithin: Statement<[number, number, number]>;
  readonly deleteSettled: Statement<[number]>;
  readonly gaps: Statement<[number], Gap>;
  readonly insertGap: Statement<[number, number, number, string]>;
  readonly deleteGap: Statement<[number, number]>;
  readonly deleteGaps: Statement<[number]>;
  readonly meta: Statement<[string], string>;
  readonly setMeta: Statement<[string, string]>;
  readonly deleteMeta: Statement<[string]>;
}

function preparePositions(db: Database): PositionStatements {
  return {
    streams: db.prepare("SELECT number, uuid, destination, state, next, dropped, rejected FROM stream ORDER BY number"),
    insertStream: db.prepare("INSERT INTO stream(number, uuid, destination, state, next, dropped, rejected) VALUES (:number, :uuid, :destination, :state, :next, :dropped, :rejected)"),
    updateStream: db.prepare("UPDATE stream SET state = ?, next = ?, dropped = ?, rejected = ? WHERE number = ?"),
    deleteStream: db.prepare("DELETE FROM stream WHERE number = ?"),
    settled: db.prepare<[number], [number, number]>("SELECT first, last FROM settled WHERE stream = ? ORDER BY first").raw(),
    insertSettled: db.prepare("INSERT OR REPLACE INTO settled(stream, first, last) VALUES (?, ?, ?)"),
    deleteSettledWithin: db.prepare("DELETE FROM settled WHERE stream = ? AND first BETWEEN ? AND ?"),
    deleteSettled: db.prepare("DELETE FROM settled WHERE stream = ?"),
    gaps: db.prepare("SELECT first, last, reason FROM gap WHERE stream = ? ORDER BY first"),
    insertGap: db.prepare("INSERT OR REPLACE INTO gap(stream, first, last, reason) VALUES (?, ?, ?, ?)"),
    deleteGap: db.prepare("DELETE FROM gap WHERE stream = ? AND first = ?"),
    deleteGaps: db.prepare("DELETE FROM gap WHERE stream = ?"),
    meta: db.prepare<[string], string>("SELECT value FROM meta WHERE name = ?").pluck(),
    setMeta: db.prepare("INSERT OR REPLACE INTO meta(name, value) VALUES (?, ?)"),
    deleteMeta: db.prepare("DELETE FROM meta WHERE name = ?"),
  };
}

interface RequestStatements {
  readonly answer: Statement<[string, string, number], AppendAnswer>;
  readonly insertAnswer: Statement<[string, string, number, number, number, number, number]>;
  readonly deleteAnswers: Statement<[string, string, number]>;
  readonly epochs: Statement<[string], { epoch: string; begun: number }>;
  readonly deleteEpoch: Statement<[string, string]>;
  readonly cursor: Statement<[string], string>;
  readonly setCursor: Statement<[string, string, number]>;
  readonly lastMove: Statement<[], number | null>;
  readonly insertRejected: Statement<[string, string, number, string, number, string]>;
  readonly rejected: Statement<[number], { stream: string; destination: string; seq: number; reason: string; time: number; body: string }>;
  readonly trimRejected: Statement<[number]>;
  readonly insertQuarantine: Statement<[string, string, string, number, string]>;
  readonly quarantined: Statement<[number], { zone: string; asset: string; reason: string; time: number; payload: string }>;
  readonly quarantineExtent: Statement<[], { count: number; bytes: number | null }>;
  readonly oldestQuarantined: Statement<[], { id: number; bytes: number }>;
  readonly deleteQuarantined: Statement<[number]>;
}

function prepareRequests(db: Database): RequestStatements {
  return {
    answer: db.prepare("SELECT accepted, repeated, quarantined FROM answer WHERE zone = ? AND epoch = ? AND number = ?"),
    insertAnswer: db.prepare("INSERT INTO answer(zone, epoch, number, begun, accepted, repeated, quarantined) VALUES (?, ?, ?, ?, ?, ?, ?)"),
    deleteAnswers: db.prepare("DELETE FROM answer WHERE zone = ? AND epoch = ? AND number <= ?"),
    epochs: db.prepare("SELECT epoch, max(begun) AS begun FROM answer WHERE zone = ? GROUP BY epoch ORDER BY begun DESC"),
    deleteEpoch: db.prepare("DELETE FROM answer WHERE zone = ? AND epoch = ?"),
    cursor: db.prepare<[string], string>("SELECT cursor FROM cursor WHERE asset = ?").pluck(),
    setCursor: db.prepare("INSERT OR REPLACE INTO cursor(asset, cursor, moved) VALUES (?, ?, ?)"),
    lastMove: db.prepare<[], number | null>("SELECT max(moved) FROM cursor").pluck(),
    insertRejected: db.prepare("INSERT INTO rejected(stream, destination, seq, reason, time, body) VALUES (?, ?, ?, ?, ?, ?)"),
    rejected: db.prepare("SELECT stream, destination, seq, reason, time, body FROM rejected ORDER BY id DESC LIMIT ?"),
    trimRejected: db.prepare("DELETE FROM rejected WHERE id <= (SELECT max(id) FROM rejected) - ?"),
    insertQuarantine: db.prepare("INSERT INTO quarantine(zone, asset, reason, time, payload) VALUES (?, ?, ?, ?, ?)"),
    quarantined: db.prepare("SELECT zone, asset, reason, time, payload FROM quarantine ORDER BY id DESC LIMIT ?"),
    quarantineExtent: db.prepare("SELECT count(*) AS count, sum(length(payload)) AS bytes FROM quarantine"),
    oldestQuarantined: db.prepare("SELECT id, length(payload) AS bytes FROM quarantine ORDER BY id LIMIT 1"),
    deleteQuarantined: db.prepare("DELETE FROM quarantine WHERE id = ?"),
  };
}
