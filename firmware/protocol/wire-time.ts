// Times as machines write them, brought to the one form that readings carry (ISO 8601 in UTC).

export const TIME_FORMATS = ["iso8601", "unixMilliseconds", "unixSeconds"] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

const UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;
const OFFSET = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,9})?([+-]\d{2}):?(\d{2})$/;
// Readings write years with four digits (drivers/contract/reading.ts).
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const FIRST_MS = Date.UTC(1, 0, 1);

/**
 * The time as readings carry it, with the source's fraction as it came; null when it is no time in this format. UTC text is
 * returned unchanged. Never throws.
 */
export function readTime(time: unknown, format: TimeFormat): string | null {
  if (format === "iso8601") return typeof time === "string" ? readIsoTime(time) : null;
  const count = typeof time === "string" && time !== "" ? Number(time) : time;
  return typeof count === "number" ? writeTime(format === "unixSeconds" ? count * 1000 : count) : null;
}

function readIsoTime(text: string): string | null {
  if (UTC.test(text)) return Number.isNaN(Date.parse(text)) ? null : text;
  const parts = OFFSET.exec(text);
  if (parts === null) return null;
  const [, seconds = "", fraction = "", hours = "", minutes = ""] = parts;
  const utc = writeTime(Date.parse(`${seconds}${hours}:${minutes}`));
  return utc === null ? null : `${utc.slice(0, 19)}${fraction}Z`;
}

function writeTime(ms: number): string | null {
  return ms >= FIRST_MS && ms <= LAST_MS ? new Date(ms).toISOString() : null;
}
