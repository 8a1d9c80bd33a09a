// Random texts that prove something: long ones that programs keep, and shorter ones that people read and type.

import { createHash, randomBytes, randomInt } from "node:crypto";

/** Session, token, browser. */
export type SecretPrefix = "ws_" | "wt_" | "wb_";

/** 256 random bits, base64url. */
export function makeSecret(prefix: SecretPrefix): string {
  return prefix + randomBytes(32).toString("base64url");
}

/** What is kept of such a text. It has enough bits that a fast hash gives nothing away. */
export function hashSecret(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** Without those that look alike: 0 and o, 1, i and l. */
const LETTERS = "23456789abcdefghjkmnpqrstuvwxyz";

/** Groups of four letters and digits, e.g. `k7mp-2xqa-…`; 19 bits each. */
export function makeReadable(groups: number): string {
  const group = (): string => Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join("");
  return Array.from({ length: groups }, group).join("-");
}

/** As people type it: signs between the groups and capitals do not matter. */
export function normaliseReadable(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}
