// The text of `weir assets list`: first what waits for a person, with the commands that decide it, then the rest as a table.

import type { AssetEntry } from "../conduit/assets.ts";
import { acceptCommand, describeMachine, isReadable, stateWords } from "./assets-text.ts";
import { shortFingerprint, spellFingerprints } from "./assets-fingerprint.ts";
import { printable, writeKey } from "./printable.ts";

/** Wider cells are cut: `weir assets show` has all of it. */
const WIDEST_CELL = 44;
const COLUMNS = ["NAME", "STATE", "LINK", "PRESENCE", "MACHINE", "ADDRESS", "SEGMENT", "CERTIFICATE"] as const;
const INDENT = " ".repeat(11);

/** Plain text that ends with a newline. What machines say of themselves cannot steer the terminal. */
export function writeList(entries: readonly AssetEntry[], isFiltered = false): string {
  if (entries.length === 0) return isFiltered ? "There is none in this state.\n" : "No machine is known: none is configured, none was found on a segment and none was imported.\n";
  const open = entries.filter(({ state }) => state === "suspended" || state === "pending");
  const rest = entries.filter((entry) => !open.includes(entry)).sort((a, b) => Number(a.state === "refused") - Number(b.state === "refused"));
  return [...(open.length === 0 ? [] : writeOpen(open)), ...(rest.length === 0 ? [] : writeTable(rest))].map((line) => `${line.trimEnd()}\n`).join("");
}

function writeOpen(entries: readonly AssetEntry[]): readonly string[] {
  const suspended = entries.filter(({ state }) => state === "suspended");
  const pending = entries.filter(({ state }) => state === "pending");
  const counts = [...(suspended.length === 0 ? [] : [`${suspended.length} suspended`]), ...(pending.length === 0 ? [] : [`${pending.length} waiting to be accepted`])];
  return [`${counts.join(", ")}. Nothing is read from them until you accept them; \`weir assets refuse\` keeps one out:`, "", ...[...suspended, ...pending].flatMap(writeOne)];
}

function writeOne(entry: AssetEntry): readonly string[] {
  const { key, state, name, address, segment, presence, certificate } = entry;
  const place = [address === null ? "no address" : `at ${address}`, ...(segment === null ? [] : [`segment ${segment}`]), stateWords(presence)].join(", ");
  const lines = [
    ...(name === null || name === key ? [] : [`name ${name}`]),
    describeMachine(entry.nameplate),
    place,
    certificate === null ? "no certificate" : `certificate ${shortFingerprint(certificate.fingerprint)}  (compare the whole one before you accept)`,
    ...(isReadable(entry) ? [] : ["no driver of the gateway reads it"]),
    ...writeRemarks(entry),
  ];
  return [`${state.toUpperCase().padEnd(INDENT.length)}${writeKey(key)}`, ...lines.map((line) => `${INDENT}${printable(line)}`), `${INDENT}${acceptCommand(key, isReadable(entry) ? "accept" : "refuse")}`, ""];
}

function writeRemarks({ reason, changes }: AssetEntry): readonly string[] {
  return [...(reason === null ? [] : [`why: ${reason}`]), ...changes.map((change) => `changed: ${change}`)].map((text) => printable(spellFingerprints(text)));
}

function writeTable(entries: readonly AssetEntry[]): readonly string[] {
  const rows = entries.map((entry) => ({ cells: toCells(entry), remarks: writeRemarks(entry) }));
  const width = (column: number): number => Math.max(...[COLUMNS, ...rows.map(({ cells }) => cells)].map((cells) => lengthOf(cells[column] ?? "")));
  const widths = COLUMNS.map((_, column) => width(column));
  const line = (cells: readonly string[]): string => cells.map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - lengthOf(cell)))).join("  ");
  return [line(COLUMNS), ...rows.flatMap(({ cells, remarks }) => [line(cells), ...remarks.map((remark) => `  ${remark}`)])];
}

/** The first cell is what commands take: it is never cut. */
function toCells(entry: AssetEntry): readonly string[] {
  const { key, state, link, presence, nameplate, address, segment, certificate } = entry;
  const cells = [state, link, stateWords(presence), describeMachine(nameplate), address ?? "-", segment ?? "-", certificate === null ? "-" : shortFingerprint(certificate.fingerprint)];
  return [writeKey(key), ...cells.map((cell) => cut(printable(cell)))];
}

function cut(text: string): string {
  const characters = [...text];
  return characters.length <= WIDEST_CELL ? text : `${characters.slice(0, WIDEST_CELL - 1).join("")}…`;
}

function lengthOf(text: string): number {
  return [...text].length;
}
