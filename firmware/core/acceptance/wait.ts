// What becomes of a machine that nobody has judged yet: a rule accepts it, or it waits for a person.

import type { X509Certificate } from "node:crypto";
import { asFault } from "../../../drivers/contract/fault.ts";
import type { Gate } from "./gate.ts";
import { differences } from "./differences.ts";
import { judgedBy } from "./entry.ts";
import type { Entry, Facts } from "./entry.ts";
import type { Verdict } from "./judge.ts";
import { isEqual, noteClaim } from "./known.ts";
import { takeUp } from "./take-up.ts";

type Waiting = Extract<Verdict, { kind: "waiting" }>;

/** `isSeen` is false where it was not seen now, but is judged anew. */
export function wait(gate: Gate, { entry: before, claims, changes, needsPerson, isAlarming }: Waiting, facts: Facts, chain: readonly X509Certificate[], isSeen: boolean): void {
  const { entries, presences, rulebook } = gate;
  const entry = before ?? fresh(gate, facts);
  if (isSeen) presences.tell(String(entry.number), "present");
  const ruled = needsPerson ? undefined : rulebook.judge(entry, facts, chain);
  const reason = facts.reason ?? (ruled === undefined && !needsPerson ? entry.reason : (ruled?.reason ?? null));
  let next: Entry = { ...entry, facts, changes: [...changes], claims: claims?.number ?? null, reason };
  if (ruled?.accepts !== undefined) {
    try {
      takeUp(gate, next, { actor: "core", words: ruled.accepts });
      return;
    } catch (error) {
      next = { ...next, reason: asFault(error).message };
    }
  }
  if (before === undefined) entries.put(next, gate.event(claims === undefined ? "found" : "claimed", "core", [`At ${facts.url ?? facts.address ?? ""}.`, ...changes].join(" ")));
  else if (!isEqual(next, before)) entries.put(next, ...changesOf(gate, before, facts));
  else if (isSeen) entries.see(before);
  if (isAlarming && claims !== undefined) noteClaim(gate, claims, facts, changes);
}

function changesOf(gate: Gate, before: Entry, facts: Facts): ReturnType<Gate["event"]>[] {
  const words = differences(judgedBy(before.facts), facts);
  return words.length === 0 ? [] : [gate.event("changed", "core", words.join(" "))];
}

function fresh({ entries, parts: { clock } }: Gate, facts: Facts): Entry {
  const now = new Date(clock.now()).toISOString();
  return { number: entries.number(), state: "pending", origin: "found", name: null, facts, judged: null, changes: [], reason: null, claims: null, credentials: null, equipment: {}, note: null, firstSeen: now, lastSeen: now };
}
