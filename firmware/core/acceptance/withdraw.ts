// Takes a machine out of what is read: its readings are refused from this moment, and its points turn bad.

import type { AssetState } from "../inventory/asset.ts";
import { ASSET_CODES } from "../health/fault-conditions.ts";
import { asFault } from "../../../drivers/contract/fault.ts";
import { nameOf } from "../accounts/actor.ts";
import type { By } from "../accounts/actor.ts";
import type { Gate } from "./gate.ts";
import type { AcceptanceParts } from "./acceptance-parts.ts";
import type { Entry, HistoryEvent } from "./entry.ts";

export interface Withdrawal {
  readonly actor: By;
  readonly action: "asset.suspended" | "asset.refused";
  readonly event: "suspended" | "refused";
  readonly words: string;
}

/** `next` is the entry with its new state. In force when it returns; where the disk is full it is written later. */
export function withdraw(gate: Gate, next: Entry, { actor, action, event, words }: Withdrawal): void {
  const { parts, entries } = gate;
  const wasRead = entries.get(next.number)?.state === "accepted";
  putDurably(gate, next, gate.event(event, nameOf(actor), words));
  if (wasRead && next.name !== null) {
    stopReading(parts, next.name, next.state, words);
    parts.links.delete(next.name);
    parts.conditions.become(ASSET_CODES, next.name);
  }
  parts.trail.record({ actor, action, target: next.name ?? next.facts.id ?? next.facts.endpoint ?? "", result: "done", detail: { words, address: next.facts.address, url: next.facts.url } });
  gate.changed();
}

/** The assets behind the name are of this state now, and their points turn bad with `words` as the reason. */
export function stopReading({ links, log, losses, register }: AcceptanceParts, name: string, state: AssetState, words: string): void {
  const before = links.get(name);
  links.set(name, { state: "stopped", fault: { code: "ACCESS_DENIED", kind: "denied", message: `the asset is ${state}: ${words}` } });
  // It looks at what is read at this moment: before the state changes.
  void losses.review(name);
  if (before === undefined) links.delete(name);
  else links.set(name, before);
  try {
    register.setState(register.behind(name).filter((id) => register.get(id)?.zone !== null), state);
  } catch (error) {
    log.warn({ fault: asFault(error, "state.db"), asset: name }, "the new state of an asset is in force and cannot be written yet");
  }
}

/** In force at once; written at once where there is room for it, else with a later portion. */
export function putDurably({ entries, parts: { log } }: Gate, entry: Entry, event: HistoryEvent): void {
  try {
    entries.putNow([{ entry, events: [event] }]);
  } catch (error) {
    log.warn({ fault: asFault(error, "state.db"), asset: entry.name }, "the register cannot be written yet");
    entries.put(entry, event);
  }
}
