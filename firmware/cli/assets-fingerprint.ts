// Fingerprints of certificates as people compare them.

import { FINGERPRINT, FINGERPRINT_WORDS } from "../../drivers/contract/settings.ts";
import { Fault } from "../../drivers/contract/fault.ts";

const SHOWN_BYTES = 6;

/** `3F:A1:...`, as browsers, openssl and the displays of machines write it. */
export function writeFingerprint(fingerprint: string): string {
  return (bare(fingerprint).match(/.{1,2}/g) ?? []).join(":");
}

/** Words of core with every fingerprint in them as people compare it. */
export function spellFingerprints(words: string): string {
  return words.replaceAll(/(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])/gi, writeFingerprint);
}

/** Its beginning, to tell machines apart in a table. Not to be compared by: a beginning can be forged. */
export function shortFingerprint(fingerprint: string): string {
  return `${writeFingerprint(fingerprint).slice(0, SHOWN_BYTES * 3 - 1)}…`;
}

/** Whether both are the same whole fingerprint, in any case, with colons, spaces or neither. */
export function isSameFingerprint(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

/** What a person gave, without the spaces that displays put in. Throws INPUT_INVALID where it is no whole fingerprint. */
export function readFingerprint(text: string, where: string): string {
  const fingerprint = bare(text);
  if (new RegExp(FINGERPRINT).test(fingerprint)) return fingerprint;
  throw new Fault("INPUT_INVALID", `this is not ${FINGERPRINT_WORDS}`, { where, remedy: "Give all of it, as the machine or its maker shows it; colons and case do not matter." });
}

function bare(text: string): string {
  return text.replaceAll(/[\s:]/g, "").toUpperCase();
}
