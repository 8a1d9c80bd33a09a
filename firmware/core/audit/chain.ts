// The keyed hash chain of the audit log: each entry's mark covers its content and the mark before it (HMAC-SHA-256).

import { createHmac } from "node:crypto";

/** How the text that a mark covers is written: 1 as it was before zones and sources were recorded, 2 since. */
export const FORMS = { first: 1, present: 2 } as const;

/** One entry as it is stored. `chain` and `keyId` are hexadecimal. */
export interface AuditEntry {
  readonly number: number;
  readonly form: number;
  /** Wall time, ISO 8601 UTC. */
  readonly time: string;
  /** How sure the time is; empty in form 1. */
  readonly timeQuality: string;
  /** Monotonic milliseconds since the start of core's process: the order and distance of entries stay known when the wall time jumps. */
  readonly uptimeMs: number;
  /** Running time of the gateway since its log began, over all restarts; 0 in form 1. */
  readonly runningMs: number;
  /** Empty in form 1. */
  readonly zone: string;
  readonly actor: string;
  readonly source: string | null;
  readonly action: string;
  readonly target: string;
  readonly result: string;
  /** JSON text. */
  readonly detail: string;
  readonly keyId: string;
  readonly chain: string;
}

export type UnchainedEntry = Omit<AuditEntry, "chain">;

/** A position of the chain: an entry's number, its mark, and the key that the mark was made with. */
export interface Place {
  readonly number: number;
  readonly chain: string;
  /** Empty where a form-1 place does not tell it, and before the first entry. */
  readonly keyId: string;
}

/** What stands before the first entry. */
export const CHAIN_START: Place = { number: 0, chain: "0".repeat(64), keyId: "" };

/**
 * The mark of an entry. JSON quotes each field, so that no two entries give the same text. The key of the entry before is covered too: nobody
 * can pass an entry off as one of a lost key, which could not be checked.
 */
export function chainOf(key: Buffer, before: Pick<Place, "chain" | "keyId">, entry: UnchainedEntry): string {
  const { number, form, time, timeQuality, uptimeMs, runningMs, zone, actor, source, action, target, result, detail, keyId } = entry;
  if (form === FORMS.first) return hmac(key, [before.chain, number, time, uptimeMs, actor, action, target, result, detail, keyId]);
  return hmac(key, [form, before.chain, before.keyId, number, time, timeQuality, uptimeMs, runningMs, zone, actor, source, action, target, result, detail, keyId]);
}

/** What an entry of form 1 has where that form has nothing: its mark does not cover these. */
export function isBare({ timeQuality, runningMs, zone, source }: UnchainedEntry): boolean {
  return timeQuality === "" && runningMs === 0 && zone === "" && source === null;
}

export type PlaceName = "anchor" | "head";

/** Proves a position of the chain (its first or its last entry) without the entries beyond it. */
export function sealOf(key: Buffer, name: PlaceName, { number, chain, keyId }: Place): string {
  return hmac(key, keyId === "" ? [name, number, chain] : [FORMS.present, name, number, chain, keyId]);
}

/** Proves what the log keeps of the clock. */
export function sealTextOf(key: Buffer, text: string): string {
  return hmac(key, ["text", text]);
}

/** Tells apart, without revealing them, the keys that entries were written with. */
export function keyIdOf(key: Buffer): string {
  return createHmac("sha256", key).update("weir audit key id").digest("hex").slice(0, 16);
}

function hmac(key: Buffer, fields: readonly (string | number | null)[]): string {
  return createHmac("sha256", key).update(JSON.stringify(fields)).digest("hex");
}
