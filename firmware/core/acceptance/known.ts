// What follows for an entry that was judged already: it is seen, goes on elsewhere, or is claimed to be somebody else.

import { readAt } from "./entry.ts";
import type { Entry, Facts } from "./entry.ts";
import type { Gate } from "./gate.ts";
import { putDurably } from "./withdraw.ts";

/** What it shows now; what it did not show this time stays. Its driver was judged, and no datagram changes it. */
export function merge(entry: Entry, facts: Facts): Facts {
  const before = entry.facts;
  const isTold = facts.id !== null;
  return {
    ...facts,
    driver: readAt(entry) === null ? facts.driver : (before.driver ?? facts.driver),
    url: facts.url ?? before.url,
    id: facts.id ?? before.id,
    nameplate: isTold ? facts.nameplate : (before.nameplate ?? facts.nameplate),
    certificate: facts.certificate ?? before.certificate,
  };
}

/** It is there, as it was judged. Its identity is learned where nobody knew it: not its endpoint, which no connection shows. Returns its number, as the others here do. */
export function refresh({ entries }: Gate, entry: Entry, shown: Facts): number {
  const facts = { ...merge(entry, shown), reason: null };
  const judged = entry.judged === null ? null : { ...entry.judged, id: entry.judged.id ?? shown.id };
  if (isEqual(facts, entry.facts) && isEqual(judged, entry.judged)) entries.see(entry);
  else entries.put({ ...entry, facts, judged });
  return entry.number;
}

/** The same asset at another address: it is read there from now on. */
export function move(gate: Gate, entry: Entry, shown: Facts): number {
  const { conditions, trail } = gate.parts;
  if (entry.judged === null) return entry.number;
  const facts = { ...merge(entry, shown), reason: null };
  const words = `From ${entry.judged.url ?? ""} to ${facts.url ?? ""}.`;
  putDurably(gate, { ...entry, facts, judged: { ...entry.judged, url: facts.url, endpoint: facts.endpoint } }, gate.event("moved", "core", words));
  trail.record({ actor: "core", action: "asset.moved", target: entry.name ?? "", result: "done", detail: { before: entry.judged.url, now: facts.url } });
  if (entry.name !== null) conditions.clear("ASSET_IMPOSTOR", entry.name);
  gate.changed();
  return entry.number;
}

/** It is suspended, and this is what a person will see. */
export function witness(gate: Gate, entry: Entry, shown: Facts, changes: readonly string[]): number {
  const facts = { ...merge(entry, shown), driver: shown.driver ?? entry.facts.driver, reason: null };
  const words = changes.length === 0 ? entry.changes : changes;
  if (isEqual(facts, entry.facts) && isEqual(words, entry.changes)) gate.entries.see(entry);
  else gate.entries.put({ ...entry, facts, changes: [...words] }, gate.event("changed", "core", words.join(" ")));
  return entry.number;
}

/** Somebody claims from elsewhere to be this asset: told, and in the audit log once as long as it goes on. */
export function noteClaim({ parts: { trail }, tellings }: Gate, { name }: Entry, facts: Facts, changes: readonly string[]): void {
  if (name === null) return;
  const where = facts.url ?? facts.address ?? "an unknown address";
  if (tellings.note("ASSET_IMPOSTOR", name, where)) trail.record({ actor: "source-field", action: "asset.claimed", target: name, result: "refused", detail: { from: facts.address, url: facts.url, changes } });
}

export function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
