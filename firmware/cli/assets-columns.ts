// The columns of a list of assets, and how a value stands in a cell.

import type { AssetEntry, AssetLine } from "../conduit/assets.ts";
import { AssetLineSchema } from "../conduit/assets.ts";
import { escapeFormula, unescapeFormula } from "./assets-formula.ts";
import { writeFingerprint } from "./assets-fingerprint.ts";

export type LineColumn = keyof AssetLine;

/** What people keep, in the order of the contract. */
export const LINE_COLUMNS = Object.keys(AssetLineSchema.properties) as readonly LineColumn[];
/** What only the gateway knows: it is written, and passed over when it is read. */
export const REGISTER_COLUMNS = ["id", "state", "address", "presence", "fingerprint", "firstSeen", "lastSeen"] as const;
export const ALL_COLUMNS: readonly string[] = [...LINE_COLUMNS, ...REGISTER_COLUMNS];

/** The column that a header names, in any case and with spaces around; undefined where there is none. */
export function findColumn(header: string): string | undefined {
  return ALL_COLUMNS.find((column) => column.toLowerCase() === header.trim().toLowerCase());
}

/** Stands in a cell for a value that is to be removed; an empty cell leaves it as it is. */
const REMOVED = "-";

/** A value as a cell, before it is quoted. */
export function toCell(value: string | null | undefined): string {
  if (value === null || value === undefined) return "";
  return value === "" ? REMOVED : escapeFormula(value);
}

/** The value of a cell; undefined where it is to stay as it is. */
export function fromCell(cell: string): string | undefined {
  if (cell === "") return undefined;
  return cell === REMOVED ? "" : unescapeFormula(cell);
}

/** What the register says of an entry, column by column; absent where it says nothing. */
export function valuesOf({ name, driver, url, segment, nameplate, pin, equipment, note }: AssetEntry): Readonly<Partial<Record<LineColumn, string>>> {
  const { site, area, workCenter, workUnit } = equipment;
  const values: { readonly [Column in LineColumn]: string | null | undefined } = {
    name,
    manufacturer: nameplate?.manufacturer,
    model: nameplate?.model,
    serialNumber: nameplate?.serialNumber,
    productInstanceUri: nameplate?.productInstanceUri,
    softwareRevision: nameplate?.softwareRevision,
    deviceClass: nameplate?.deviceClass,
    driver,
    url,
    segment,
    pin: pin === null ? null : writeFingerprint(pin),
    site,
    area,
    workCenter,
    workUnit,
    note,
  };
  // "None" and "empty" are alike in the register: neither removes anything when the list comes back.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== ""));
}

/** An entry of the register as a row of `ALL_COLUMNS`. */
export function toRow(entry: AssetEntry): readonly string[] {
  const { id, state, address, presence, certificate, firstSeen, lastSeen } = entry;
  const values = valuesOf(entry);
  const register: Readonly<Record<(typeof REGISTER_COLUMNS)[number], string | null>> = { id, state, address, presence, fingerprint: certificate === null ? null : writeFingerprint(certificate.fingerprint), firstSeen, lastSeen };
  return [...LINE_COLUMNS.map((column) => toCell(values[column])), ...REGISTER_COLUMNS.map((column) => toCell(register[column] === "" ? null : register[column]))];
}
