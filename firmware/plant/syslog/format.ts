// One audit record as a syslog message (RFC 5424) in its frame (RFC 5425 §4.3).

import type { AuditRecord } from "../../conduit/audit.ts";

/** Facility 13, log audit. */
const FACILITY = 13;
const NOTICE = 5;
const WARNING = 4;

/** Private enterprise number of RFC 5612, for who has none. */
const RECORD_ID = "audit@32473";

/** RFC 5424 §6.2.4 allows 255 characters of printable US-ASCII. */
const HOST_LENGTH = 255;

/** `gateway` is the id of the gateway, which stands as the host's name. */
export function frame(record: AuditRecord, gateway: string): Buffer {
  const message = Buffer.from(writeMessage(record, gateway), "utf8");
  return Buffer.concat([Buffer.from(`${message.length} `, "ascii"), message]);
}

export function writeMessage(record: AuditRecord, gateway: string): string {
  const { action, actor, detail, number, result, source, target, time, timeQuality, uptimeMs, zone } = record;
  const severity = result === "done" ? NOTICE : WARNING;
  const parameters = { number, zone, actor, ...(source === null ? {} : { source }), action, target, result, uptimeMs, timeQuality };
  const elements = [element(RECORD_ID, parameters), element("timeQuality", { tzKnown: 1, isSynced: timeQuality === "synchronised" ? 1 : 0 })];
  return `<${FACILITY * 8 + severity}>1 ${time} ${hostOf(gateway)} weir - ${action.slice(0, 32)} ${elements.join("")} ${asciiJson(detail)}`;
}

function element(id: string, parameters: Readonly<Record<string, string | number>>): string {
  return `[${id} ${Object.entries(parameters).map(([name, value]) => `${name}="${escapeValue(String(value))}"`).join(" ")}]`;
}

/** RFC 5424 §6.3.3; control characters would end a line in a collector's file. */
function escapeValue(text: string): string {
  return text.replace(/["\\\]]/g, (sign) => `\\${sign}`).replace(/\p{Cc}/gu, " ").toWellFormed();
}

function hostOf(gateway: string): string {
  return gateway.replace(/[^\x21-\x7e]/g, "_").slice(0, HOST_LENGTH) || "-";
}

/** Without a byte order mark a message is of no certain encoding (§6.4): so it is ASCII. */
function asciiJson(detail: unknown): string {
  return JSON.stringify(detail).replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
