// Lists of assets as CSV, read: the lines that people keep, and everything that is wrong with them, each at its place.

import type { TStringOptions } from "typebox";
import { FINGERPRINT, FINGERPRINT_WORDS } from "../../drivers/contract/settings.ts";
import type { AssetLine } from "../conduit/assets.ts";
import { ASSET_STATES, AssetLineSchema } from "../conduit/assets.ts";
import { MOST_PROBLEMS, arrange } from "../config/problems.ts";
import type { Problem } from "../config/problems.ts";
import { findNearest, listWords, quote } from "../config/words.ts";
import { readCells } from "./assets-cells.ts";
import type { Cell, Cells } from "./assets-cells.ts";
import { ALL_COLUMNS, LINE_COLUMNS, REGISTER_COLUMNS, findColumn, fromCell } from "./assets-columns.ts";
import type { LineColumn } from "./assets-columns.ts";

export const MOST_LINES = 2000;
const MOST_COLUMNS = 100;
const NAME = new RegExp(limitsOf("name").pattern ?? "");
const NAME_REMEDY = "Use letters, digits, `.`, `_` and `-`, at most 64, the first a letter or digit.";

export interface ReadLines {
  /** Those that are right. */
  readonly lines: readonly AssetLine[];
  /** Rows that only the gateway wrote, of what has no name: found and not accepted, or not assigned any more. */
  readonly leftOut: number;
  readonly problems: readonly Problem[];
  /** Where a field of one of `lines` stands, for what core finds wrong with it; without a cell of its own, where the row begins. */
  place(line: number, field: string | null): Pick<Problem, "line" | "column">;
}

interface Header {
  /** Position of each column that is there. */
  readonly columns: ReadonlyMap<string, number>;
  readonly width: number;
}
type Report = (cell: Cell | undefined, message: string, remedy: string) => void;

/** Reads a text without byte order mark. Never throws: whatever is wrong is in `problems`, in the order of the file. */
export function readLines(text: string): ReadLines {
  const cells = readCells(text);
  const problems: Problem[] = cells.problem === undefined ? [] : [cells.problem];
  const [headerRow = [], ...rows] = cells.rows;
  const report: Report = (cell, message, remedy) => void (problems.length <= MOST_PROBLEMS && problems.push({ ...cells.place(cell?.offset ?? 0), message, remedy }));
  const header = readHeader(headerRow, report);
  const beyond = rows[MOST_LINES];
  if (beyond !== undefined) report(beyond[0], `there are ${rows.length} lines, more than ${MOST_LINES}.`, "Import them in parts.");
  const kept = header.columns.has("name") ? rows.slice(0, MOST_LINES).filter((row) => !isRegisterOnly(row, header)) : [];
  const names = new Map<string, Cell>();
  const taken = kept.flatMap((row) => {
    const before = problems.length;
    const line = readLine(row, header, report);
    refuseRepeat(line.name, cellOf(row, header, "name"), names, cells, report);
    return problems.length === before ? [{ row, line }] : [];
  });
  const place: ReadLines["place"] = (index, field) => {
    const row = taken[index]?.row ?? [];
    return cells.place((cellOf(row, header, field ?? "name") ?? row[0])?.offset ?? 0);
  };
  return { lines: taken.map(({ line }) => line), leftOut: header.columns.has("name") ? Math.min(rows.length, MOST_LINES) - kept.length : 0, problems: arrange(problems), place };
}

function cellOf(row: readonly Cell[], { columns }: Header, column: string): Cell | undefined {
  return row[columns.get(column) ?? -1];
}

function limitsOf(column: LineColumn): TStringOptions {
  // What the contract says of each text; its type keeps that it is a text only.
  return AssetLineSchema.properties[column] as unknown as TStringOptions;
}

function readHeader(row: readonly Cell[], report: Report): Header {
  const columns = new Map<string, number>();
  const excess = row[MOST_COLUMNS];
  if (excess !== undefined) report(excess, `there are ${row.length} columns, more than ${MOST_COLUMNS}.`, "Remove what is empty.");
  row.slice(0, MOST_COLUMNS).forEach((cell, position) => {
    const column = findColumn(cell.text);
    if (column === undefined) {
      const nearest = findNearest(cell.text.trim(), ALL_COLUMNS);
      const remedy = nearest === undefined ? `The columns are ${listWords(LINE_COLUMNS, "and")}; besides, ${listWords(REGISTER_COLUMNS, "and")} are passed over.` : `Did you mean \`${nearest}\`?`;
      report(cell, cell.text.trim() === "" ? "this column has no name." : `there is no column ${quote(cell.text.trim())}.`, remedy);
    } else if (columns.has(column)) report(cell, `the column \`${column}\` stands here a second time.`, "Remove one of the two.");
    else columns.set(column, position);
  });
  if (!columns.has("name")) report(row[0], "there is no column `name`.", "The first line names the columns, and `name` is one of them.");
  return { columns, width: row.length };
}

/** What has no name in the register has a state there: such a row is for people to look at. */
function isRegisterOnly(row: readonly Cell[], header: Header): boolean {
  const text = (column: string): string => cellOf(row, header, column)?.text ?? "";
  return text("name") === "" && ASSET_STATES.some((state) => state === text("state"));
}

function readLine(row: readonly Cell[], header: Header, report: Report): AssetLine {
  const excess = row.slice(header.width).find(({ text }) => text !== "");
  if (excess !== undefined) report(excess, `this line has ${row.length} cells, and there are ${header.width} columns.`, "Quote a cell that has the separator in it.");
  const line: { -readonly [Column in LineColumn]?: string } = {};
  for (const column of LINE_COLUMNS) {
    const cell = cellOf(row, header, column);
    const value = cell === undefined ? undefined : fromCell(cell.text);
    if (value !== undefined) line[column] = value;
    checkValue(column, value, cell ?? row[0], report);
  }
  return { ...line, name: line.name ?? "" };
}

function checkValue(column: LineColumn, value: string | undefined, cell: Cell | undefined, report: Report): void {
  if (column === "name") {
    if (value === undefined || value === "") report(cell, "the machine has no name.", NAME_REMEDY);
    else if (!NAME.test(value)) report(cell, `${quote(value)} is no name.`, NAME_REMEDY);
    return;
  }
  const { maxLength = Infinity } = limitsOf(column);
  if (value === undefined) return;
  if (value.length > maxLength) report(cell, `the ${column} has ${value.length} characters.`, `At most ${maxLength} are taken.`);
  else if (column === "pin" && value !== "" && !new RegExp(FINGERPRINT).test(value)) report(cell, `${quote(value)} is not ${FINGERPRINT_WORDS}.`, "Copy it from what the machine or its maker shows, with or without colons.");
}

function refuseRepeat(name: string, cell: Cell | undefined, names: Map<string, Cell>, cells: Cells, report: Report): void {
  const first = names.get(name);
  if (cell === undefined || name === "") return;
  if (first === undefined) names.set(name, cell);
  else report(cell, `${quote(name)} has a line already.`, `It stands in line ${cells.place(first.offset).line}; keep one of the two.`);
}
