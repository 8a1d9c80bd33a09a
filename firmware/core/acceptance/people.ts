// What people do with the register: accept, refuse, forget.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { AssetEntry } from "../../conduit/assets.ts";
import type { Actor } from "../accounts/actor.ts";
import type { CoreParts } from "../parts.ts";
import { storageFault } from "../storage/open-database.ts";
import { MOST_REFUSED } from "./bounds.ts";
import { describeNumber, describeSubject, findSubject, historyOwner } from "./describe.ts";
import type { Subject } from "./describe.ts";
import { judgedAgain, readAt } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { takeUp } from "./take-up.ts";
import { stopReading, withdraw } from "./withdraw.ts";

export interface Acceptation {
  readonly key: string;
  readonly seen: string;
  readonly name?: string | undefined;
  readonly credentials?: Entry["credentials"] | undefined;
}

/** Throws NOT_FOUND, IDENTITY_CHANGED where it is not what the person saw, INPUT_INVALID where it cannot be read. */
export async function acceptByPerson(core: CoreParts, { key, seen, name, credentials }: Acceptation, actor: Actor): Promise<AssetEntry> {
  const subject = demandSubject(core, key);
  if (describeSubject(core, key, subject).seen !== seen) throw new Fault("IDENTITY_CHANGED", `${key} is not what you saw: something changed meanwhile`, { where: key, remedy: "Look at it again, then accept it." });
  if (subject.kind === "former") throw new Fault("INPUT_INVALID", `nothing leads to ${key} any more`, { where: key, remedy: "Name it in the configuration, or wait until it is found." });
  if (subject.kind === "configured") {
    setConfigured(core, subject, "accepted", "", actor);
    return describeSubject(core, key, subject);
  }
  const before = core.acceptance.entries.get(subject.entry.claims ?? subject.entry.number) ?? subject.entry;
  const entry = takeUp(core.acceptance, subject.entry, { actor, words: "a person", name, credentials });
  if (isAnother(before, entry)) core.pki.disenrol(before.name ?? "", actor);
  await core.acceptance.announce();
  return describeAgain(core, entry.number);
}

/** Another machine, or the same with another key: it does not publish with what the one before it was given. */
function isAnother({ judged: before }: Entry, { judged: now }: Entry): boolean {
  if (before === null || now === null) return false;
  const differs = (one: string | null, other: string | null): boolean => one !== null && one !== other;
  return differs(before.id, now.id) || differs(before.fingerprint, now.fingerprint);
}

/** Throws NOT_FOUND, and INPUT_INVALID for what cannot be refused. */
export async function refuseByPerson(core: CoreParts, key: string, reason: string | undefined, actor: Actor): Promise<AssetEntry> {
  const { acceptance } = core;
  const subject = demandSubject(core, key);
  const words = reason ?? "a person refused it";
  if (subject.kind === "former") throw new Fault("INPUT_INVALID", `nothing leads to ${key} any more: there is nothing to refuse`, { where: key });
  if (subject.kind === "configured") {
    setConfigured(core, subject, "refused", words, actor);
    core.pki.disenrol(subject.settings.name, actor);
    return describeSubject(core, key, subject);
  }
  const { entry } = subject;
  if (entry.state !== "refused" && [...acceptance.entries.all()].filter(({ state }) => state === "refused").length >= MOST_REFUSED) {
    throw new Fault("INPUT_INVALID", `${MOST_REFUSED} machines are refused already`, { remedy: "Forget those that are not needed (`weir assets forget`)." });
  }
  withdraw(acceptance, { ...entry, state: "refused", judged: judgedAgain(entry), changes: [], reason: reason ?? null, claims: null }, { actor, action: "asset.refused", event: "refused", words });
  if (entry.name !== null) {
    core.conditions.clear("ASSET_SUSPENDED", entry.name);
    core.pki.disenrol(entry.name, actor);
  }
  await acceptance.announce();
  return describeAgain(core, entry.number);
}

/** Throws NOT_FOUND, and INPUT_INVALID for what is read or configured. */
export function forgetByPerson(core: CoreParts, key: string, actor: Actor): void {
  const { acceptance, conditions, pki, register, trail, values } = core;
  const subject = demandSubject(core, key);
  if (subject.kind === "configured") throw new Fault("INPUT_INVALID", `the configuration names ${key}`, { where: key, remedy: "Take it out of the configuration, or refuse it." });
  const entry = subject.kind === "entry" ? subject.entry : undefined;
  if (entry?.state === "accepted" && readAt(entry) !== null) throw new Fault("INPUT_INVALID", `${key} is read`, { where: key, remedy: "Refuse it first." });
  try {
    if (entry !== undefined) {
      acceptance.entries.putNow([], [entry.number]);
      acceptance.forget(entry.number);
    }
    const ids = subject.kind === "former" ? [subject.asset.id] : register.behind(entry?.name ?? "");
    for (const id of ids) {
      register.forget(id);
      if (register.get(id) === undefined) values.forget(id);
    }
  } catch (error) {
    throw storageFault(error, "state.db");
  }
  if (entry !== undefined && entry.name !== null) {
    conditions.clear("ASSET_SUSPENDED", entry.name);
    pki.disenrol(entry.name, actor);
  }
  trail.record({ actor, action: "asset.forgotten", target: key, result: "done" });
}

export function demandSubject(core: CoreParts, key: string): Subject {
  const subject = findSubject(core, key);
  if (subject === undefined) throw new Fault("NOT_FOUND", `the register has no ${key}`, { where: key, remedy: "`weir assets list` shows the keys." });
  return subject;
}

/** The zone asks every few seconds whether a configured machine's asset is taken, so nothing needs to be told. */
function setConfigured(core: CoreParts, subject: Extract<Subject, { kind: "configured" }>, state: "accepted" | "refused", words: string, actor: Actor): void {
  const { acceptance, register, trail } = core;
  const { name } = subject.settings;
  const ids = register.behind(name).filter((id) => register.get(id)?.zone !== null);
  if (ids.length === 0) throw new Fault("INPUT_INVALID", `${name} was never identified, so nothing is known of its asset`, { where: name, remedy: "Take it out of the configuration to leave it unread." });
  try {
    if (state === "refused") stopReading(acceptance.parts, name, state, words);
    else register.setState(ids, state);
  } catch (error) {
    throw storageFault(error, "state.db");
  }
  if (state === "accepted") dropHidden(core, name);
  acceptance.entries.tell(historyOwner(subject), acceptance.event(state, actor.name, words === "" ? "Accepted by a person." : words));
  trail.record({ actor, action: state === "refused" ? "asset.refused" : "asset.accepted", target: name, result: "done", detail: { words, assets: ids } });
}

/** What was suspended or refused under another name before the configuration took it over. */
function dropHidden({ acceptance, conditions }: CoreParts, name: string): void {
  for (const { number, name: former, state, judged } of acceptance.entries.all()) {
    if (state === "accepted" || judged === null || acceptance.configured.nameOf(judged.url, judged.id, judged.segment) !== name) continue;
    acceptance.forget(number);
    if (former !== null) conditions.clear("ASSET_SUSPENDED", former);
  }
}

function describeAgain(core: CoreParts, number: number): AssetEntry {
  const described = describeNumber(core, number);
  if (described === undefined) throw new Fault("NOT_FOUND", "it was forgotten meanwhile");
  return described;
}
