// Building blocks for settings that drivers and the appliance share: durations, references to secrets, addresses of machines.

import Type from "typebox";
import type { TString, TUnsafe } from "typebox";

const UNIT_MS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d+(?:\.\d+)?) ?(ms|s|min|h|d)$/;

export interface DurationOptions {
  readonly description: string;
  /** As a person writes it: `30s`, `4h`, `30d`. */
  readonly default?: string;
  /** Least and greatest duration that makes sense, written the same way. */
  readonly minimum?: string;
  readonly maximum?: string;
}

/** A duration: a text with ms, s, min, h or d, or a whole number of milliseconds. The loaded value is always in milliseconds. */
export function Duration(options: DurationOptions): TUnsafe<number> {
  const { description, minimum = "0s", maximum = "3650d" } = options;
  return Type.Unsafe<number>({
    description,
    anyOf: [
      { type: "integer", minimum: milliseconds(minimum), maximum: milliseconds(maximum) },
      { type: "string", pattern: DURATION.source },
    ],
    unit: "duration",
    shortest: minimum,
    longest: maximum,
    ...(options.default === undefined ? {} : { default: options.default }),
  });
}

/** Milliseconds of `30s`, `1.5h` or a whole number; undefined for what is no duration. */
export function durationMs(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  const match = typeof value === "string" ? DURATION.exec(value) : null;
  if (match === null) return undefined;
  const [, amount = "", unit = "ms"] = match;
  return isUnit(unit) ? Math.round(Number(amount) * UNIT_MS[unit]) : undefined;
}

function milliseconds(text: string): number {
  const value = durationMs(text);
  if (value === undefined) throw new TypeError(`"${text}" is no duration`);
  return value;
}

function isUnit(text: string): text is keyof typeof UNIT_MS {
  return Object.hasOwn(UNIT_MS, text);
}

export const SECRET_NAME = "^[a-z0-9][a-z0-9.-]{0,62}$";

/** SHA-256 of a certificate as people write it, with or without colons. */
export const FINGERPRINT = "^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$";
export const FINGERPRINT_WORDS = "a SHA-256 fingerprint, 64 hexadecimal digits";

/** A reference into the vault, `{secret: NAME}`; the secret itself never stands in the configuration. */
export function SecretReference(description: string) {
  const secret = Type.String({ pattern: SECRET_NAME, expects: "the name of a secret: lower-case letters, digits, `.` and `-`, at most 63", description: "Name of a secret in the vault, set with `weir secret set NAME`." });
  return Type.Object({ secret }, { additionalProperties: false, secretReference: true, description });
}

export interface MachineUrlOptions {
  readonly description: string;
  /** Without colon: `http`, `https`. */
  readonly schemes: readonly string[];
}

/** The URL of a machine. Its host is an IP address, because the zone that reads machines has no resolver; it carries no user or password. */
export function MachineUrl(options: MachineUrlOptions): TString {
  return Type.String({
    description: options.description,
    maxLength: 2048,
    pattern: `^(${options.schemes.join("|")})://`,
    expects: `a URL that begins with ${options.schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
    format: "machine-url",
  });
}

/** An IPv4 or IPv6 address, without port. */
export function MachineAddress(description: string): TString {
  return Type.String({ description, maxLength: 64, format: "machine-address" });
}
