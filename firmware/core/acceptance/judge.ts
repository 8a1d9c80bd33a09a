// The judgement: what follows from one sighting of a machine. Pure, so that each case is one row of a table in the tests.

import { differences } from "./differences.ts";
import type { Entry, Facts, Judged } from "./entry.ts";
import { hasEvidence } from "./entry.ts";

/** What is known around the sighting. */
export interface Around {
  /** The configuration has this machine: the same asset or the same URL. */
  readonly isConfigured: boolean;
  /** Of the entries that were judged: the one whose URL this is, ... */
  readonly atUrl: Entry | undefined;
  /** ... and those whose identity, key or endpoint it claims. */
  readonly byId: Entry | undefined;
  readonly byCertificate: Entry | undefined;
  readonly byEndpoint: Entry | undefined;
  /** Pending at the same URL, or without URL the same endpoint at the same address. */
  readonly pending: Entry | undefined;
  /** Pending elsewhere under the same identity. */
  readonly twin: Entry | undefined;
  isConnected(entry: Entry): boolean;
  /** Its endpoint is not there any more, and not only because one datagram said so. */
  isGone(entry: Entry): boolean;
  /** Its endpoint was seen lately and has not said goodbye. */
  isPresent(entry: Entry): boolean;
  /** Whether one more may wait. */
  readonly hasRoom: boolean;
}

export type Verdict =
  /** It is in the configuration: only its presence counts. */
  | { readonly kind: "configured" }
  /** A claim that changes nothing. */
  | { readonly kind: "nothing" }
  /** It is what it was when it was judged, where it was. */
  | { readonly kind: "present"; readonly entry: Entry }
  /** The accepted asset goes on at this URL. */
  | { readonly kind: "moved"; readonly entry: Entry }
  /** It is read where it was accepted, so this is a second one. */
  | { readonly kind: "twice"; readonly entry: Entry }
  | { readonly kind: "suspended"; readonly entry: Entry; readonly changes: readonly string[] }
  /** Suspended already: what a person will see when they look. */
  | { readonly kind: "witnessed"; readonly entry: Entry; readonly changes: readonly string[] }
  /** Waits for a person: `entry` where it waits already. `claims`: it says that it is this one. A rule may accept it unless `needsPerson`. */
  | { readonly kind: "waiting"; readonly entry: Entry | undefined; readonly claims: Entry | undefined; readonly changes: readonly string[]; readonly needsPerson: boolean; readonly isAlarming: boolean }
  | { readonly kind: "full" };

/** Only a connection to an accepted URL is evidence against the asset that is accepted there; a claim made elsewhere never is. */
export function judge(facts: Facts, around: Around): Verdict {
  if (around.isConfigured) return { kind: "configured" };
  const { atUrl } = around;
  if (atUrl !== undefined && atUrl.judged !== null) return judgeAtUrl(facts, around, atUrl, atUrl.judged);
  const claimed = [around.byId, around.byCertificate, around.byEndpoint].filter((entry) => entry !== undefined);
  const same = claimed.find((entry) => isSame(entry, facts));
  if (same !== undefined) return judgeMoved(same, around);
  const [first] = claimed;
  return first === undefined || first.judged === null ? waiting(facts, around) : judgeClaim(facts, around, first, first.judged);
}

function judgeAtUrl(facts: Facts, around: Around, entry: Entry, judged: Judged): Verdict {
  const shown = differences({ ...judged, endpoint: null }, facts);
  const isReplaced = judged.endpoint !== null && judged.endpoint !== facts.endpoint;
  const changes = isReplaced ? [...shown, ...differences({ ...judged, url: null, id: null, fingerprint: null }, facts)] : shown;
  const isProven = hasEvidence(facts) && (shown.length > 0 || (isReplaced && around.isGone(entry)));
  switch (entry.state) {
    case "accepted":
      if (isProven) return { kind: "suspended", entry, changes };
      return isReplaced ? { kind: "nothing" } : { kind: "present", entry };
    case "suspended":
      return hasEvidence(facts) && (!isReplaced || isProven) ? { kind: "witnessed", entry, changes } : { kind: "nothing" };
    default:
      // What was refused is offered again when it is something else.
      return isProven ? waiting(facts, around, { claims: entry, changes, needsPerson: true }) : { kind: "present", entry };
  }
}

function judgeMoved(entry: Entry, around: Around): Verdict {
  if (entry.state === "suspended") return { kind: "witnessed", entry, changes: [] };
  if (entry.state === "refused") return { kind: "present", entry };
  return around.isConnected(entry) ? { kind: "twice", entry } : { kind: "moved", entry };
}

function judgeClaim(facts: Facts, around: Around, entry: Entry, judged: Judged): Verdict {
  // This may be the machine that is meant.
  if (isListed(entry)) return waiting(facts, around, { claims: entry, changes: [], needsPerson: false });
  const isAlarming = entry.state !== "refused" && (hasEvidence(facts) || facts.isForeign);
  return waiting(facts, around, { claims: entry, changes: differences(judged, facts), needsPerson: true, isAlarming });
}

interface Claim {
  readonly claims?: Entry;
  readonly changes?: readonly string[];
  readonly needsPerson?: boolean;
  readonly isAlarming?: boolean;
}

function waiting(facts: Facts, around: Around, { claims, changes = [], needsPerson = false, isAlarming = false }: Claim = {}): Verdict {
  const { pending, twin } = around;
  const verdict = { kind: "waiting", claims, needsPerson, isAlarming } as const;
  if (pending !== undefined) {
    const isOther = pending.facts.endpoint !== facts.endpoint && around.isPresent(pending);
    return isOther ? { kind: "nothing" } : { ...verdict, entry: pending, changes };
  }
  if (twin !== undefined && !around.isPresent(twin)) return { ...verdict, entry: twin, changes };
  if (!around.hasRoom) return { kind: "full" };
  const second = twin === undefined || claims !== undefined ? [] : [`It says that it is what waits at ${twin.facts.url ?? twin.facts.address ?? "another address"} too.`];
  return { ...verdict, entry: undefined, changes: [...changes, ...second], needsPerson: needsPerson || second.length > 0 };
}

/** An entry of a list that nothing reads. */
function isListed({ state, judged }: Entry): boolean {
  return state === "accepted" && judged?.url === null;
}

/** The same asset: the same endpoint in the same segment, the same identity and certificate, or the same key where it identifies itself to nobody without a password. */
function isSame(entry: Entry, facts: Facts): boolean {
  const { judged, state } = entry;
  if (judged === null || isListed(entry) || judged.segment !== facts.segment || (judged.url === null) !== (facts.url === null)) return false;
  // What people listed has no endpoint to go by: there the key alone tells that it moved.
  if (judged.endpoint === null ? judged.fingerprint === null : judged.endpoint !== facts.endpoint) return false;
  const fingerprint = facts.certificate?.fingerprint ?? null;
  if (judged.fingerprint !== fingerprint) return false;
  if (facts.id !== null) return facts.id === judged.id;
  // What showed nothing when it was refused stays refused by its endpoint.
  return fingerprint !== null || (state === "refused" && judged.id === null);
}
