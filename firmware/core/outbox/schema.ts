// The tables of outbox.db. The schema only ever expands, so that the previous version of Weir opens it.

/** A row's id is `number of the stream * SPAN + seq`: one b-tree, appended at its right edge, and the id names the stream. */
export const SPAN = 2 ** 44;
/** Stream numbers are 1 to 511, so that every id is a safe integer. */
export const MAX_STREAM_NUMBER = 511;

export const SCHEMA_VERSION = 1;
export const PAGE_BYTES = 4096;

/** Bits of `class`. */
export const SAMPLE = 1;
export const LATE = 2;

export const SCHEMA = `
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE stream(number INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, destination TEXT NOT NULL, state TEXT NOT NULL,
  next INTEGER NOT NULL, dropped INTEGER NOT NULL, rejected INTEGER NOT NULL);
CREATE TABLE reading(id INTEGER PRIMARY KEY, class INTEGER NOT NULL, time INTEGER NOT NULL, key INTEGER, body TEXT NOT NULL, crc INTEGER NOT NULL);
CREATE INDEX event ON reading(id) WHERE class & 1 = 0;
CREATE TABLE settled(stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY(stream, first)) WITHOUT ROWID;
CREATE TABLE gap(stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY(stream, first)) WITHOUT ROWID;
CREATE TABLE cursor(asset TEXT PRIMARY KEY, cursor TEXT NOT NULL, moved INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE answer(zone TEXT NOT NULL, epoch TEXT NOT NULL, number INTEGER NOT NULL, begun INTEGER NOT NULL,
  accepted INTEGER NOT NULL, repeated INTEGER NOT NULL, quarantined INTEGER NOT NULL, PRIMARY KEY(zone, epoch, number)) WITHOUT ROWID;
CREATE TABLE rejected(id INTEGER PRIMARY KEY, stream TEXT NOT NULL, destination TEXT NOT NULL, seq INTEGER NOT NULL, reason TEXT NOT NULL,
  time INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE quarantine(id INTEGER PRIMARY KEY, zone TEXT NOT NULL, asset TEXT NOT NULL, reason TEXT NOT NULL, time INTEGER NOT NULL, payload TEXT NOT NULL);
`;

/** The columns of each small table, as the recovery reads and writes them. Readings are another matter. */
export const SMALL_TABLES = {
  meta: ["name", "value"],
  stream: ["number", "uuid", "destination", "state", "next", "dropped", "rejected"],
  settled: ["stream", "first", "last"],
  gap: ["stream", "first", "last", "reason"],
  cursor: ["asset", "cursor", "moved"],
  answer: ["zone", "epoch", "number", "begun", "accepted", "repeated", "quarantined"],
  rejected: ["id", "stream", "destination", "seq", "reason", "time", "body"],
  quarantine: ["id", "zone", "asset", "reason", "time", "payload"],
} as const;
export type SmallTable = keyof typeof SMALL_TABLES;
