// The keyed hash chain of the audit log: each entry's mark covers its content and the mark before it (HMAC-SHA-256).

import { createHmac } from "node:crypto";

/** One entry as it is stored. `chain` and `keyId` are hexadecimal. */
export interface AuditEntry {
  readonly number: number;
  /** Wall time, ISO 8601 UTC. */
  readonly time: string;
  /** Monotonic milliseconds since the start of core's process: the order and distance of entries stay known when the wall time jumps. */
  readonly uptimeMs: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly result: string;
  /** JSON text. */
  readonly detail: string;
  readonly keyId: string;
  readonly chain: string;
}

export type UnchainedEntry = Omit<AuditEntry, "chain">;

/** What stands before the first entry. */
export const CHAIN_START = "0".repeat(64);

/** The mark of an entry. JSON quotes each field, so that no two entries give the same text. */
export function chainOf(key: Buffer, before: string, entry: UnchainedEntry): string {
  const text = JSON.stringify([before, entry.number, entry.time, entry.uptimeMs, entry.actor, entry.action, entry.target, entry.result, entry.detail, entry.keyId]);
  return createHmac("sha256", key).update(text).digest("hex");
}

/** Proves a position of the chain (its first or its last entry) without the entries beyond it. */
export function sealOf(key: Buffer, place: "anchor" | "head", number: number, chain: string): string {
  return createHmac("sha256", key).update(JSON.stringify([place, number, chain])).digest("hex");
}

/** Tells apart, without revealing them, the keys that entries were written with. */
export function keyIdOf(key: Buffer): string {
  return createHmac("sha256", key).update("weir audit key id").digest("hex").slice(0, 16);
}
