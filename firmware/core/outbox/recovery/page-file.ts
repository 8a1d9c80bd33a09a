// Gives the pages of a damaged database: those of the file, and those of its write-ahead log (sqlite.org/fileformat2.html §4).

import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { PAGE_BYTES } from "../schema.ts";

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES;
const CHUNK_PAGES = 32;

export interface NumberedPage {
  readonly page: Buffer;
  /** False for a page of the log that is not part of a commit whose checksums hold: its readings are good if their own checksums are. */
  readonly isCommitted: boolean;
}

export class PageFile {
  readonly #file: number | undefined;
  readonly #log: number | undefined;
  readonly pageCount: number;
  readonly frameCount: number;
  /** The newest committed frame of each page. */
  readonly #frameOf = new Map<number, number>();
  readonly #salt: Buffer;
  #committedFrames = 0;

  /** Either file may be missing, empty or cut off. Throws only when the operating system does. */
  constructor(path: string) {
    this.#file = existsSync(path) ? openSync(path, "r") : undefined;
    this.#log = existsSync(`${path}-wal`) ? openSync(`${path}-wal`, "r") : undefined;
    this.pageCount = this.#file === undefined ? 0 : Math.ceil(fstatSync(this.#file).size / PAGE_BYTES);
    const logBytes = this.#log === undefined ? 0 : fstatSync(this.#log).size;
    this.frameCount = Math.max(0, Math.floor((logBytes - WAL_HEADER_BYTES) / FRAME_BYTES));
    this.#salt = Buffer.alloc(8);
    if (this.#log !== undefined && this.frameCount > 0) this.#readLog(this.#log);
  }

  /** How many steps `step` takes. */
  get steps(): number {
    return Math.ceil(this.pageCount / CHUNK_PAGES) + Math.ceil(this.frameCount / CHUNK_PAGES);
  }

  /** The pages of one step: a piece of the file, then pieces of the log. */
  *step(index: number): Generator<NumberedPage> {
    const fileSteps = Math.ceil(this.pageCount / CHUNK_PAGES);
    if (index < fileSteps) yield* this.#filePages(index * CHUNK_PAGES);
    else yield* this.#logPages((index - fileSteps) * CHUNK_PAGES);
  }

  /** The newest committed content of a page, 1 for the first; undefined beyond the end. */
  page(number: number): Buffer | undefined {
    const page = Buffer.alloc(PAGE_BYTES);
    const frame = this.#frameOf.get(number);
    if (frame !== undefined && this.#log !== undefined) return read(this.#log, page, frameOffset(frame) + FRAME_HEADER_BYTES) === PAGE_BYTES ? page : undefined;
    if (this.#file === undefined || number < 1 || number > this.pageCount) return undefined;
    read(this.#file, page, (number - 1) * PAGE_BYTES);
    return page;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    if (this.#log !== undefined) closeSync(this.#log);
  }

  *#filePages(from: number): Generator<NumberedPage> {
    if (this.#file === undefined) return;
    const chunk = Buffer.alloc(CHUNK_PAGES * PAGE_BYTES);
    const bytes = Math.min(chunk.length, (this.pageCount - from) * PAGE_BYTES);
    // Where the medium does not give the piece as a whole, it may give its pages; a page that it does not give stays zero.
    if (read(this.#file, chunk, from * PAGE_BYTES) < bytes) for (let offset = 0; offset < bytes; offset += PAGE_BYTES) read(this.#file, chunk.subarray(offset, offset + PAGE_BYTES), from * PAGE_BYTES + offset);
    for (let offset = 0; offset < bytes; offset += PAGE_BYTES) {
      // A page that the log has newer is not what is committed, but a row that only it holds may still be good.
      yield { page: chunk.subarray(offset, offset + PAGE_BYTES), isCommitted: !this.#frameOf.has(from + offset / PAGE_BYTES + 1) };
    }
  }

  *#logPages(from: number): Generator<NumberedPage> {
    if (this.#log === undefined) return;
    for (let frame = from; frame < Math.min(this.frameCount, from + CHUNK_PAGES); frame += 1) {
      const bytes = Buffer.alloc(FRAME_BYTES);
      if (read(this.#log, bytes, frameOffset(frame)) < FRAME_BYTES) return;
      const isNewest = this.#frameOf.get(bytes.readUInt32BE(0)) === frame;
      if (bytes.subarray(8, 16).equals(this.#salt)) yield { page: bytes.subarray(FRAME_HEADER_BYTES), isCommitted: isNewest && frame < this.#committedFrames };
    }
  }

  /** Follows the chain of checksums to the last commit that holds. */
  #readLog(log: number): void {
    const header = Buffer.alloc(WAL_HEADER_BYTES);
    read(log, header, 0);
    const magic = header.readUInt32BE(0);
    header.copy(this.#salt, 0, 16, 24);
    const isBig = magic === 0x377f0683;
    if ((!isBig && magic !== 0x377f0682) || header.readUInt32BE(8) !== PAGE_BYTES) return this.#guessSalt(log);
    let sum = walChecksum(header.subarray(0, 24), isBig, [0, 0]);
    const pending = new Map<number, number>();
    const frame = Buffer.alloc(FRAME_BYTES);
    for (let index = 0; index < this.frameCount; index += 1) {
      if (read(log, frame, frameOffset(index)) < FRAME_BYTES || !frame.subarray(8, 16).equals(this.#salt)) return;
      sum = walChecksum(frame.subarray(0, 8), isBig, sum);
      sum = walChecksum(frame.subarray(FRAME_HEADER_BYTES), isBig, sum);
      if (sum[0] !== frame.readUInt32BE(16) || sum[1] !== frame.readUInt32BE(20)) return;
      pending.set(frame.readUInt32BE(0), index);
      if (frame.readUInt32BE(4) === 0) continue;
      for (const [page, at] of pending) this.#frameOf.set(page, at);
      pending.clear();
      this.#committedFrames = index + 1;
    }
  }

  /** Without a header nothing of the log counts as committed; its frames still show the salt that its rows are found by. */
  #guessSalt(log: number): void {
    read(log, this.#salt, WAL_HEADER_BYTES + 8);
  }
}

function frameOffset(frame: number): number {
  return WAL_HEADER_BYTES + frame * FRAME_BYTES;
}

function read(file: number, into: Buffer, position: number): number {
  let total = 0;
  while (total < into.length) {
    const bytes = readPart(file, into.subarray(total), position + total);
    if (bytes === 0) break;
    total += bytes;
  }
  return total;
}

/** A sector that the medium does not give any more reads as the end. */
function readPart(file: number, into: Buffer, position: number): number {
  try {
    return readSync(file, into, 0, into.length, position);
  } catch {
    return 0;
  }
}

function walChecksum(bytes: Buffer, isBig: boolean, [start0, start1]: readonly [number, number]): [number, number] {
  let s0 = start0;
  let s1 = start1;
  for (let offset = 0; offset < bytes.length; offset += 8) {
    s0 = (s0 + (isBig ? bytes.readUInt32BE(offset) : bytes.readUInt32LE(offset)) + s1) >>> 0;
    s1 = (s1 + (isBig ? bytes.readUInt32BE(offset + 4) : bytes.readUInt32LE(offset + 4)) + s0) >>> 0;
  }
  return [s0, s1];
}
