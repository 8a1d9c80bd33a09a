// Finds the records of a b-tree page by their form alone (sqlite.org/fileformat2.html §1.6, §2.1), trusting nothing that it reads.

import { PAGE_BYTES } from "../schema.ts";

export type Field = number | string | null;

export interface RawRecord {
  /** The row's id; undefined in an index or a table without rowid. */
  readonly rowid: number | undefined;
  readonly fields: readonly Field[];
}

const INTERIOR_INDEX = 2;
const LEAF_INDEX = 10;
const LEAF_TABLE = 13;
/** No row of ours is larger: a quarantined payload has 1.4 MB. */
const MAX_PAYLOAD_BYTES = 4 * 1_048_576;
const MAX_FIELDS = 8;

/** Every record that the page holds and that reads as one; a page of another kind holds none. `follow` gives overflow pages. */
export function* readRecords(page: Buffer, follow: (page: number) => Buffer | undefined): Generator<RawRecord> {
  // The first page begins with the file's header of 100 bytes.
  const start = page.toString("latin1", 0, 15) === "SQLite format 3" ? 100 : 0;
  const kind = page[start];
  if (page.length < PAGE_BYTES || (kind !== LEAF_TABLE && kind !== LEAF_INDEX && kind !== INTERIOR_INDEX)) return;
  const cells = page.readUInt16BE(start + 3);
  const pointers = start + (kind === INTERIOR_INDEX ? 12 : 8);
  if (pointers + 2 * cells > PAGE_BYTES) return;
  for (let cell = 0; cell < cells; cell += 1) {
    const record = readCell(page, page.readUInt16BE(pointers + 2 * cell), kind, follow);
    if (record !== undefined) yield record;
  }
}

function readCell(page: Buffer, offset: number, kind: number, follow: (page: number) => Buffer | undefined): RawRecord | undefined {
  const size = readVarint(page, offset + (kind === INTERIOR_INDEX ? 4 : 0));
  if (size === undefined || size.value < 2 || size.value > MAX_PAYLOAD_BYTES) return undefined;
  const rowid = kind === LEAF_TABLE ? readVarint(page, size.end) : { value: undefined, end: size.end };
  if (rowid === undefined) return undefined;
  const payload = readPayload(page, rowid.end, size.value, kind === LEAF_TABLE, follow);
  const fields = payload === undefined ? undefined : readFields(payload);
  return fields === undefined ? undefined : { rowid: rowid.value, fields };
}

function readPayload(page: Buffer, start: number, size: number, isTable: boolean, follow: (page: number) => Buffer | undefined): Buffer | undefined {
  const max = isTable ? PAGE_BYTES - 35 : Math.floor(((PAGE_BYTES - 12) * 64) / 255) - 23;
  const min = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
  const rest = min + ((size - min) % (PAGE_BYTES - 4));
  const local = size <= max ? size : rest <= max ? rest : min;
  if (start + local > PAGE_BYTES) return undefined;
  const here = page.subarray(start, start + local);
  if (local === size) return here;
  if (start + local + 4 > PAGE_BYTES) return undefined;
  const parts = [here];
  let missing = size - local;
  for (let next = page.readUInt32BE(start + local); missing > 0; ) {
    const overflow = next === 0 ? undefined : follow(next);
    if (overflow === undefined) return undefined;
    const part = overflow.subarray(4, 4 + Math.min(missing, PAGE_BYTES - 4));
    parts.push(part);
    missing -= part.length;
    next = overflow.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

function readFields(payload: Buffer): Field[] | undefined {
  const header = readVarint(payload, 0);
  if (header === undefined || header.value > payload.length || header.value < 2) return undefined;
  const fields: Field[] = [];
  let body = header.value;
  for (let at = header.end; at < header.value; ) {
    const type = readVarint(payload, at);
    if (type === undefined || fields.length >= MAX_FIELDS) return undefined;
    at = type.end;
    const length = fieldLength(type.value);
    if (length === undefined || body + length > payload.length) return undefined;
    const field = readField(payload, body, type.value, length);
    if (field === undefined) return undefined;
    fields.push(field);
    body += length;
  }
  return body === payload.length ? fields : undefined;
}

/** Undefined for what no table of ours holds: floating point, blobs, reserved types. */
function fieldLength(type: number): number | undefined {
  if (type <= 4) return type;
  if (type === 5) return 6;
  if (type === 6) return 8;
  if (type === 8 || type === 9) return 0;
  return type >= 13 && type % 2 === 1 ? (type - 13) / 2 : undefined;
}

function readField(payload: Buffer, at: number, type: number, length: number): Field | undefined {
  if (type === 0) return null;
  if (type >= 8 && type <= 9) return type - 8;
  if (type >= 13) return payload.toString("utf8", at, at + length);
  if (type === 6) {
    const value = payload.readBigInt64BE(at);
    return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER ? undefined : Number(value);
  }
  return payload.readIntBE(at, length);
}

/** Undefined beyond the end, or for a number that none of ours can be. */
function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value = index === 8 ? value * 256 + byte : value * 128 + (byte & 0x7f);
    if (index === 8 || byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? { value, end: at + index + 1 } : undefined;
  }
  return undefined;
}
