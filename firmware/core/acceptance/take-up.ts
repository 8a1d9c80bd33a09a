// Accepts an entry, by a person or a rule: from now on it is read, and measured by what it shows now.

import { Fault } from "../../../drivers/contract/fault.ts";
import { nameOf } from "../accounts/actor.ts";
import type { By } from "../accounts/actor.ts";
import { storageFault } from "../storage/open-database.ts";
import type { Gate } from "./gate.ts";
import { countRead, MOST_MACHINES } from "./bounds.ts";
import { hasEvidence, judgedAgain, readAt } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { ASSET_NAME, nameFor } from "./names.ts";

export interface TakingUp {
  readonly actor: By;
  /** By what: goes into history and audit. */
  readonly words: string;
  readonly name?: string | undefined;
  readonly credentials?: Entry["credentials"] | undefined;
}

/**
 * Durable when it returns, and told to the zones with the next `announce`. What claims to be a known asset takes its place, with its name and history.
 * Throws INPUT_INVALID where it cannot be read, and STORAGE_FULL; then nothing has changed.
 */
export function takeUp(gate: Gate, entry: Entry, { actor, words, name: given, credentials }: TakingUp): Entry {
  const { entries, parts, presences } = gate;
  const claimed = entry.claims === null ? undefined : entries.get(entry.claims);
  const target = claimed ?? entry;
  demandReadable(gate, entry, target);
  const name = given ?? target.name ?? nameFor(entry.facts.nameplate, (one) => isTaken(gate, one, entry));
  demandName(gate, name, target);
  const next: Entry = {
    ...target,
    state: "accepted",
    name,
    facts: { ...entry.facts, reason: null },
    judged: judgedAgain({ ...target, facts: entry.facts }),
    changes: [],
    reason: null,
    claims: null,
    credentials: credentials ?? target.credentials,
    firstSeen: target.firstSeen ?? entry.firstSeen,
    lastSeen: entry.lastSeen,
  };
  const { machine, problems } = gate.machines.make(next);
  if (machine === undefined) throw new Fault("INPUT_INVALID", `${name} cannot be read: ${problems[0]?.message ?? "its settings are not right."}`, { where: name });
  const by = `Accepted by ${words}. ${entry.changes.join(" ")}`.trim();
  try {
    entries.putNow([{ entry: next, events: [gate.event("accepted", nameOf(actor), by)] }], claimed === undefined ? [] : [entry.number]);
    const known = next.facts.id === null ? undefined : parts.register.get(next.facts.id);
    if (known !== undefined && known.state !== "accepted") parts.register.setState([known.id], "accepted");
  } catch (error) {
    throw storageFault(error, "state.db");
  }
  gate.rulebook.forget(entry.number);
  presences.tell(String(next.number), "present");
  for (const code of ["ASSET_SUSPENDED", "ASSET_IMPOSTOR"] as const) parts.conditions.clear(code, name);
  if (target.name !== null && target.name !== name) parts.conditions.clear("ASSET_SUSPENDED", target.name);
  const { id, url, segment, endpoint, certificate } = next.facts;
  parts.trail.record({ actor, action: "asset.accepted", target: name, result: "done", detail: { by: words, asset: id, url, segment, endpoint, certificate: certificate?.fingerprint ?? null, changes: entry.changes } });
  gate.changed();
  return next;
}

function demandReadable(gate: Gate, entry: Entry, target: Entry): void {
  const { facts } = entry;
  const refuse = (message: string, remedy?: string): never => {
    throw new Fault("INPUT_INVALID", message, { where: facts.id ?? facts.endpoint ?? undefined, remedy });
  };
  if (facts.isForeign) refuse(`It cannot be accepted: ${facts.reason ?? "it points outside its segment."}`, "Correct the address at the machine, or add its subnet to the segment.");
  if (facts.driver === null || facts.url === null) refuse("It cannot be read: it announces nothing that a driver of the gateway reads.");
  // What was judged at this address before is measured by that.
  if (!hasEvidence(facts) && target.judged?.url !== facts.url) refuse(`It cannot be accepted, since it could not be asked who it is${facts.reason === null ? "" : `: ${facts.reason}`}`, "See that it is switched on and reachable; it is asked again.");
  const configured = gate.configured.nameOf(facts.url, facts.id, facts.segment);
  if (configured !== undefined) refuse(`The configuration has this machine as ${configured}.`);
  const other = gate.entries.withClaim("id", facts.id).find((one) => one.number !== target.number && one.state === "accepted" && one.judged?.id === facts.id);
  if (other !== undefined) refuse(`The asset ${facts.id} is accepted as ${other.name}.`, `Refuse ${other.name} first, or wait until this one is compared with it.`);
  const isRead = target.state === "accepted" && readAt(target) !== null;
  if (!isRead && countRead(gate.entries, gate.configured) >= MOST_MACHINES) refuse(`The gateway reads ${MOST_MACHINES} machines already.`, "Refuse one that is not needed.");
}

function demandName(gate: Gate, name: string, target: Entry): void {
  const holder = gate.entries.named(name);
  if (!ASSET_NAME.test(name)) throw new Fault("INPUT_INVALID", "the name has characters that no name may have", { where: name, remedy: "Use letters, digits, `.`, `_` and `-`, at most 64." });
  if (gate.configured.hasName(name) || (holder !== undefined && holder.number !== target.number)) throw new Fault("INPUT_INVALID", `there is a machine of the name ${name} already`, { where: name, remedy: "Give another name." });
}

/** Names of assets that were read once belong to them. */
function isTaken({ configured, entries, parts: { register } }: Gate, name: string, { facts }: Entry): boolean {
  return configured.hasName(name) || entries.named(name) !== undefined || register.behind(name).some((id) => id !== facts.id);
}
