// What core keeps of a machine that was found on a segment or that people listed by hand.

import type { AssetId, Nameplate } from "../../../drivers/contract/identity.ts";
import type { AssetEntry } from "../../conduit/assets.ts";
import type { AssetState, EquipmentPath } from "../inventory/asset.ts";

export type Certificate = NonNullable<AssetEntry["certificate"]>;

/** What is known of a machine as it shows itself. `id`, `nameplate` and `certificate` come from a connection to `url`, the rest from datagrams: claims. */
export interface Facts {
  readonly segment: string | null;
  readonly endpoint: string | null;
  readonly address: string | null;
  readonly driver: string | null;
  /** Within the segment; null where it announces none there. */
  readonly url: string | null;
  /** Null where it did not identify itself. */
  readonly id: AssetId | null;
  readonly nameplate: Nameplate | null;
  readonly certificate: Certificate | null;
  /** Why it could not be asked. */
  readonly reason: string | null;
  /** It points to an address outside its segment. */
  readonly isForeign: boolean;
}

/** What was judged by when it was accepted or refused: what it shows is measured by this. */
export interface Judged {
  readonly segment: string | null;
  readonly endpoint: string | null;
  /** Null for an entry of a list that is not read. */
  readonly url: string | null;
  readonly id: AssetId | null;
  readonly fingerprint: string | null;
}

export interface Entry {
  /** Stands for the entry in history, whatever it is called. */
  readonly number: number;
  readonly state: AssetState;
  readonly origin: "found" | "imported";
  /** The name of its assignment; null as long as it was never accepted. */
  readonly name: string | null;
  readonly facts: Facts;
  /** Null while it is pending. */
  readonly judged: Judged | null;
  readonly changes: readonly string[];
  /** Why it is suspended, refused, or not accepted by a rule. */
  readonly reason: string | null;
  /** The number of the entry that a pending one claims to be. */
  readonly claims: number | null;
  readonly credentials: { readonly user: string; readonly secret: string } | null;
  readonly equipment: EquipmentPath;
  readonly note: string | null;
  /** ISO 8601 UTC; null for what was never seen. */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
}

export type Presence = AssetEntry["presence"];

export interface HistoryEvent {
  readonly at: string;
  readonly kind: "found" | "changed" | "moved" | "accepted" | "refused" | "suspended" | "imported" | "claimed";
  readonly actor: string;
  readonly detail: string;
}

export const NO_FACTS: Facts = { segment: null, endpoint: null, address: null, driver: null, url: null, id: null, nameplate: null, certificate: null, reason: null, isForeign: false };

/** What it is judged by from now on. */
export function judgedBy({ segment, endpoint, url, id, certificate }: Facts): Judged {
  return { segment, endpoint, url, id, fingerprint: certificate?.fingerprint ?? null };
}

/** What it is judged by when it is judged again: where it has not shown itself at the same address, by what it was judged by before. */
export function judgedAgain({ facts, judged }: Entry): Judged {
  const now = judgedBy(facts);
  return judged === null || judged.url !== facts.url ? now : { ...now, endpoint: now.endpoint ?? judged.endpoint, id: now.id ?? judged.id, fingerprint: now.fingerprint ?? judged.fingerprint };
}

/** Where it is read, by what was judged; null for an entry of a list alone, and for what nobody has judged. */
export function readAt({ judged }: Entry): string | null {
  return judged === null ? null : judged.url;
}

/** True where it showed itself in a connection: only then it is more than a claim. */
export function hasEvidence({ id, certificate }: Facts): boolean {
  return id !== null || certificate !== null;
}
