// The audit log in words, for a terminal.

import type { AuditBreak, AuditRecord, auditRoutes } from "../conduit/audit.ts";
import type { ReplyOf } from "../conduit/route.ts";
import { printable } from "./printable.ts";

const WORDS: Readonly<Record<AuditBreak, string>> = {
  altered: "is not what was written",
  missing: "is missing",
  swapped: "stands elsewhere: another entry was put in its place",
  "cut-start": "is where the log would have to begin: what is before was cut off",
  "cut-end": "is where the log would have to go on: its end was cut off",
};

/** Two lines each: when, who, what and how it ended; then the case. */
export function writeRecords(records: readonly AuditRecord[]): string {
  if (records.length === 0) return "No entries.\n";
  return records.map((record) => writeLines(record).map((line) => `${printable(line)}\n`).join("")).join("");
}

function writeLines({ number, time, timeQuality, zone, actor, source, action, target, result, detail }: AuditRecord): readonly string[] {
  const sure = timeQuality === "synchronised" ? "" : ` (clock ${timeQuality})`;
  const from = source === null ? zone : `${zone}, ${source}`;
  const details = Object.keys(detail).length === 0 ? [] : [`        ${JSON.stringify(detail)}`];
  return [`${String(number).padStart(6)}  ${time}${sure}  ${result.padEnd(7)}  ${action}  ${target}  by ${actor} (${from})`, ...details];
}

/** One line. */
export function writeBreak({ checked, unverifiable, first, last, broken, head }: ReplyOf<typeof auditRoutes.verifyAudit>): string {
  const foreign = unverifiable === 0 ? "" : ` ${unverifiable} of them were written under another key and cannot be proved.`;
  if (broken !== null) return `BROKEN: entry ${broken.number} ${WORDS[broken.why]} (${broken.why}). ${checked} entries before it are sound.${foreign}`;
  if (first === null || last === null) return "The audit log is empty.";
  return `Sound: ${checked} entries, ${first} to ${last}.${foreign} It ends with ${head.number}:${head.chain}`;
}
