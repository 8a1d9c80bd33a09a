// Keeps secrets out of what is written down: fields by their name, credentials in addresses by their form.

import { Fault } from "../../drivers/contract/fault.ts";

const SECRET_FIELD = /^(?:secrets?|passwords?|passphrase|pin|token|tokens|credentials?|authorization|cookies?|key|privatekey|sessionkey|apikey)$/i;
/** RFC 3986 §3.2.1 userinfo with a password. */
const USERINFO = /(:\/\/)[^/?#\s@"']*:[^/?#\s"']*@/g;
const PEM = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
const MAX_DEPTH = 6;
export const REDACTED = "[redacted]";

/** The text without credentials in addresses and without private keys. */
export function redactText(text: string): string {
  const withoutUserinfo = text.includes("@") ? text.replace(USERINFO, `$1${REDACTED}@`) : text;
  return withoutUserinfo.includes("PRIVATE KEY") ? withoutUserinfo.replace(PEM, REDACTED) : withoutUserinfo;
}

/** A copy as plain data: secret fields replaced, errors with code, place, remedy and cause, bytes by their count, cycles cut. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "[…]";
  if (value instanceof Error) return describeError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Date || value instanceof URL) return redactText(value instanceof URL ? value.href : String(value));
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, SECRET_FIELD.test(name) ? REDACTED : redact(item, depth + 1)]));
}

/** A fault speaks for itself; the stack is written only where the cause is a defect of ours. */
function describeError(error: Error, depth: number): object {
  const cause = error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) };
  const message = redactText(error.message);
  if (error instanceof Fault) {
    const { code, kind, where, remedy } = error;
    const place = { ...(where === undefined ? {} : { where: redactText(where) }), ...(remedy === undefined ? {} : { remedy: redactText(remedy) }) };
    return { code, kind, message, ...place, ...cause };
  }
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  return { type: error.name, ...code, message, stack: redactText(error.stack ?? ""), ...cause };
}
