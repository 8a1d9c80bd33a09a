// Lists of assets as CSV (RFC 4180, UTF-8), written.

import { stringify } from "csv-stringify/sync";
import type { AssetEntry, AssetLine } from "../conduit/assets.ts";
import { ALL_COLUMNS, LINE_COLUMNS, toCell, toRow } from "./assets-columns.ts";

const BYTE_ORDER_MARK = "\ufeff";

/** The register with a header. `forExcel`: as Excel opens it by a double click where the comma separates decimals. */
export function writeRegister(entries: readonly AssetEntry[], forExcel = false): string {
  return writeRows([ALL_COLUMNS, ...entries.map(toRow)], forExcel);
}

/** Lines with the columns that people keep. */
export function writeLines(lines: readonly AssetLine[], forExcel = false): string {
  return writeRows([LINE_COLUMNS, ...lines.map((line) => LINE_COLUMNS.map((column) => toCell(line[column])))], forExcel);
}

function writeRows(rows: readonly (readonly string[])[], forExcel: boolean): string {
  // Any cell that another program may cut at its own separator is quoted.
  const text = stringify([...rows].map((row) => [...row]), { record_delimiter: "windows", delimiter: forExcel ? ";" : ",", quoted_match: /[;,\t\r\n"]|^\s|\s$/ });
  return forExcel ? BYTE_ORDER_MARK + text : text;
}
