// Walks the audit log from its beginning to its head and names the first entry that was altered, moved or taken away.

import type { Database } from "better-sqlite3";
import { ANCHOR, HEAD } from "./audit-schema.ts";
import type { Place } from "./audit-schema.ts";
import { CHAIN_START, chainOf, keyIdOf, sealOf } from "./chain.ts";
import type { AuditEntry } from "./chain.ts";

export interface Verdict {
  /** Entries looked at. */
  readonly checked: number;
  /** Entries written under another key (a lost vault key): linked to nothing that we could prove. */
  readonly unverifiable: number;
  /** The first number at which the chain breaks, and how; undefined for a sound log. */
  readonly broken?: { readonly number: number; readonly why: "altered" | "missing" };
}

/** Entries per turn: about 5 ms of work. */
const PORTION = 500;

interface SealedPlace extends Place {
  readonly keyId: string;
  readonly seal: string;
}

/** Reads in portions and lets others run in between (`pause`). Entries appended meanwhile are not looked at. */
export async function verifyAudit(database: Database, key: Buffer, pause: () => Promise<void> = () => Promise.resolve()): Promise<Verdict> {
  const keyId = keyIdOf(key);
  const findPlace = database.prepare<[string], SealedPlace>("SELECT * FROM places WHERE place = ?");
  const head = findPlace.get(HEAD);
  const anchor = findPlace.get(ANCHOR);
  for (const [name, place] of [[ANCHOR, anchor], [HEAD, head]] as const) {
    if (place !== undefined && place.keyId === keyId && place.seal !== sealOf(key, name, place.number, place.chain)) {
      return { checked: 0, unverifiable: 0, broken: { number: place.number, why: "altered" } };
    }
  }
  const portion = database.prepare<[number, number, number], AuditEntry>("SELECT * FROM entries WHERE number > ? AND number <= ? ORDER BY number LIMIT ?");
  const end = head?.number ?? Number.MAX_SAFE_INTEGER;
  let last: Place = anchor ?? { number: 0, chain: CHAIN_START };
  let checked = 0;
  let unverifiable = 0;
  for (;;) {
    const entries = portion.all(last.number, end, PORTION);
    for (const entry of entries) {
      if (entry.number !== last.number + 1) return { checked, unverifiable, broken: { number: last.number + 1, why: "missing" } };
      if (entry.keyId !== keyId) unverifiable += 1;
      else if (entry.chain !== chainOf(key, last.chain, entry)) return { checked, unverifiable, broken: { number: entry.number, why: "altered" } };
      checked += 1;
      last = entry;
    }
    if (entries.length < PORTION) break;
    await pause();
  }
  const isTailMissing = head !== undefined && last.number < head.number;
  if (isTailMissing) return { checked, unverifiable, broken: { number: last.number + 1, why: "missing" } };
  if (head !== undefined && head.number === last.number && head.chain !== last.chain) return { checked, unverifiable, broken: { number: last.number, why: "altered" } };
  return { checked, unverifiable };
}
