// Cuts the JSON text of an array of readings into its elements without changing a byte of them; only refused batches come here.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { SeqRange } from "../../conduit/shared.ts";

/** One element of the array: its own bytes and the sequence numbers it stands for (a gap stands for many). */
export interface Piece {
  readonly text: Uint8Array;
  readonly range: SeqRange;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSE: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** The elements in their order. Throws DEFECT when the text is not an array of readings with their numbers. */
export function splitReadings(text: Uint8Array): readonly Piece[] {
  const pieces: Piece[] = [];
  let depth = 0;
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at] ?? 0;
    if (isQuoted) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isQuoted = false;
    } else if (byte === QUOTE) isQuoted = true;
    else if (OPEN.has(byte)) {
      depth += 1;
      if (depth === 1) start = at + 1;
    } else if (CLOSE.has(byte)) {
      depth -= 1;
      if (depth === 0 && at > start) pieces.push(readPiece(text.subarray(start, at)));
    } else if (byte === COMMA && depth === 1) {
      pieces.push(readPiece(text.subarray(start, at)));
      start = at + 1;
    }
  }
  return pieces;
}

/** The JSON text of the array of these elements. */
export function joinPieces(pieces: readonly Piece[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const piece of pieces) parts.push(parts.length === 0 ? Buffer.from("[") : Buffer.from(","), piece.text);
  return Buffer.concat([...parts, Buffer.from("]")]);
}

/** Ascending ranges, neighbours joined. */
export function joinRanges(ranges: readonly SeqRange[]): SeqRange[] {
  const joined: SeqRange[] = [];
  for (const [first, last] of ranges) {
    const before = joined.at(-1);
    if (before !== undefined && first === before[1] + 1) joined[joined.length - 1] = [before[0], last];
    else joined.push([first, last]);
  }
  return joined;
}

function readPiece(text: Uint8Array): Piece {
  const parsed: unknown = JSON.parse(Buffer.from(text).toString("utf8"));
  if (typeof parsed === "object" && parsed !== null) {
    if ("seq" in parsed && typeof parsed.seq === "number") return { text, range: [parsed.seq, parsed.seq] };
    if ("gap" in parsed && isGap(parsed.gap)) return { text, range: [parsed.gap.first, parsed.gap.last] };
  }
  throw new Fault("DEFECT", "a leased element has neither a sequence number nor a gap");
}

function isGap(gap: unknown): gap is { first: number; last: number } {
  return typeof gap === "object" && gap !== null && "first" in gap && typeof gap.first === "number" && "last" in gap && typeof gap.last === "number";
}
