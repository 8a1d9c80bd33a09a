// A CSV file as cells that know where they stand.

import { CsvError, parse } from "csv-parse/sync";
import type { InfoField } from "csv-parse/sync";
import { Fault, isFault } from "../../drivers/contract/fault.ts";
import type { Problem } from "../config/problems.ts";
import { findColumn } from "./assets-columns.ts";

export interface Cell {
  readonly text: string;
  /** Of its first byte in the file. */
  readonly offset: number;
}

export interface Cells {
  readonly rows: readonly (readonly Cell[])[];
  /** Where it stops to be CSV; what follows is not told. */
  readonly problem?: Problem;
  /** Line and column of a byte, both from 1. */
  place(offset: number): Pick<Problem, "line" | "column">;
}

const SEPARATORS = [",", ";", "\t"] as const;
/** Bounds the memory that a file of nothing but separators takes: 2,000 lines of 100 cells. */
const MOST_CELLS = 200_000;
/** Enough to see how the first row is separated. */
const MOST_HEADER_BYTES = 16_384;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Rows of a text without byte order mark; separated as the first one is. Rows with nothing in them are left out. */
export function readCells(text: string): Cells {
  // Excel tells the separator in a line of its own.
  const told = /^sep=([,;\t])\r?\n/.exec(text);
  const bytes = Buffer.from(text);
  const split = splitCells(bytes, told?.[1] ?? findSeparator(bytes), told === null ? 0 : told[0].length);
  return { ...split, rows: split.rows.filter((row) => row.some((cell) => cell.text !== "")) };
}

/** That which finds the most known columns in the first row; where none is known, the most cells. */
function findSeparator(bytes: Buffer): string {
  const ranked = SEPARATORS.map((separator) => {
    const [header = []] = splitCells(bytes.subarray(0, MOST_HEADER_BYTES), separator, 0, 1).rows;
    return { separator, known: header.filter((cell) => findColumn(cell.text) !== undefined).length, cells: header.length };
  });
  return ranked.sort((a, b) => b.known - a.known || b.cells - a.cells)[0]?.separator ?? ",";
}

function splitCells(bytes: Buffer, separator: string, first: number, most = -1): Cells {
  const rows: Cell[][] = [];
  const place = (offset: number): Pick<Problem, "line" | "column"> => placeIn(bytes, offset);
  let count = 0;
  let next = first;
  const take = (text: string, { bytes: end, index }: InfoField): string => {
    if (index === 0) rows.push([]);
    rows.at(-1)?.push({ text, offset: index === 0 ? skipLineEnds(bytes, next) : next });
    count += 1;
    // Behind the last cell of a row stands no separator, but a line end, which is skipped before the next one.
    next = first + end + (bytes[first + end] === separator.charCodeAt(0) ? 1 : 0);
    if (count >= MOST_CELLS) throw new Fault("INPUT_INVALID", "the list has too many cells.", { remedy: "Remove what is empty, or import it in parts." });
    return text;
  };
  try {
    parse(bytes.subarray(first), { delimiter: separator, record_delimiter: ["\r\n", "\n", "\r"], relax_column_count: true, skip_empty_lines: true, cast: take, to: most });
    return { rows, place };
  } catch (error) {
    return { rows, place, problem: { ...place(skipLineEnds(bytes, next)), ...explain(error) } };
  }
}

function explain(error: unknown): Pick<Problem, "message" | "remedy"> {
  if (isFault(error)) return { message: error.message, remedy: error.remedy };
  if (!(error instanceof CsvError)) throw error;
  const twice = "Quote the whole cell, and write a quote inside of it twice.";
  if (error.code === "CSV_QUOTE_NOT_CLOSED") return { message: "a quote opens this cell and none closes it, so what follows cannot be told apart.", remedy: twice };
  if (error.code === "CSV_INVALID_CLOSING_QUOTE") return { message: "after the closing quote of this cell comes more text.", remedy: twice };
  if (error.code === "INVALID_OPENING_QUOTE") return { message: "there is a quote inside of this cell, which is not quoted itself.", remedy: twice };
  return { message: "from here on it is no CSV.", remedy: "Save it again as CSV UTF-8." };
}

function skipLineEnds(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === LINE_FEED || bytes[at] === CARRIAGE_RETURN) at += 1;
  return at;
}

function placeIn(bytes: Buffer, offset: number): Pick<Problem, "line" | "column"> {
  let line = 1;
  let lineStart = 0;
  for (let at = 0; at < offset; at += 1) {
    const isEnd = bytes[at] === LINE_FEED || (bytes[at] === CARRIAGE_RETURN && bytes[at + 1] !== LINE_FEED);
    if (!isEnd) continue;
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: bytes.toString("utf8", lineStart, offset).length + 1 };
}
