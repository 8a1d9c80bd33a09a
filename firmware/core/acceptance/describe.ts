// The register as people see it: configured machines, what was found or imported, and assets that nothing leads to any more, each under one key.

import { createHash } from "node:crypto";
import type { AssetEntry } from "../../conduit/assets.ts";
import type { AssetSettings } from "../../config/assets-section.ts";
import type { Asset, AssetState } from "../inventory/asset.ts";
import type { CoreParts } from "../parts.ts";
import { plainFingerprint } from "./certificates.ts";
import type { Acceptance } from "./acceptance.ts";
import { urlOf } from "./configured.ts";
import { NO_FACTS } from "./entry.ts";
import type { Entry, Facts } from "./entry.ts";
import { ownerOf } from "./entry-rows.ts";
import { ASSET_NAME } from "./names.ts";

/** What a key means. */
export type Subject =
  | { readonly kind: "configured"; readonly settings: AssetSettings }
  | { readonly kind: "entry"; readonly entry: Entry }
  /** Known from before, assigned to nothing. */
  | { readonly kind: "former"; readonly asset: Asset };

export type Keyed = readonly [key: string, subject: Subject];

/** The first `limit` subjects whose keys come after `after`, in the keys' order. In as many turns as it takes: of thousands, so that what changes meanwhile may be missing. */
export async function listSubjects(core: CoreParts, after: string, limit: number): Promise<readonly Keyed[]> {
  const first: Keyed[] = [];
  await core.turns.each(subjectsOf(core), (one) => {
    const last = first.at(-1);
    if (one[0] <= after || (first.length >= limit && last !== undefined && one[0] > last[0])) return;
    first.splice(placeIn(first, one[0]), 0, one);
    if (first.length > limit) first.pop();
  });
  return first;
}

/** Where the key belongs in the order. */
function placeIn(sorted: readonly Keyed[], key: string): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle]?.[0] ?? "") < key) from = middle + 1;
    else to = middle;
  }
  return from;
}

function* subjectsOf({ acceptance, configuration, register }: CoreParts): Iterable<Keyed> {
  const keys = new Set<string>();
  const ids = new Set<string>();
  for (const settings of configuration.current.assets) {
    keys.add(settings.name);
    yield [settings.name, { kind: "configured", settings }];
  }
  for (const entry of acceptance.entries.all()) {
    if (isConfigured(acceptance, entry)) continue;
    const key = keyOf(entry, (one) => keys.has(one));
    keys.add(key);
    for (const id of [entry.facts.id, entry.judged?.id]) if (typeof id === "string") ids.add(id);
    yield [key, { kind: "entry", entry }];
  }
  for (const asset of register.all()) if (asset.zone === null && !ids.has(asset.id) && !keys.has(asset.id)) yield [asset.id, { kind: "former", asset }];
}

/** The subject of a key; undefined where there is none. At once for what has a name, some ms for one of thousands that have none. */
export function findSubject(core: CoreParts, key: string): Subject | undefined {
  const named = findNamed(core, key);
  if (named !== undefined) return named;
  for (const [own, subject] of subjectsOf(core)) if (own === key) return subject;
  return undefined;
}

/** No other subject has a key that may be a name (`keyOf`). */
function findNamed({ acceptance, configuration }: CoreParts, key: string): Subject | undefined {
  if (!ASSET_NAME.test(key)) return undefined;
  const settings = acceptance.configured.hasName(key) ? configuration.current.assets.find(({ name }) => name === key) : undefined;
  if (settings !== undefined) return { kind: "configured", settings };
  const entry = acceptance.entries.named(key);
  return entry === undefined || isConfigured(acceptance, entry) ? undefined : { kind: "entry", entry };
}

/** What the register says of the entry of this number; undefined where it was forgotten. */
export function describeNumber(core: CoreParts, number: number): AssetEntry | undefined {
  for (const [key, subject] of subjectsOf(core)) if (subject.kind === "entry" && subject.entry.number === number) return describeSubject(core, key, subject);
  return undefined;
}

/** What the register says of it. */
export function describeSubject(core: CoreParts, key: string, subject: Subject): AssetEntry {
  const plain = subject.kind === "configured" ? describeConfigured(core, key, subject.settings) : subject.kind === "entry" ? describeEntry(core, key, subject.entry) : describeFormer(key, subject.asset);
  return { ...plain, seen: digestOf(plain) };
}

/** The owner of its history. */
export function historyOwner(subject: Subject): string {
  if (subject.kind === "entry") return ownerOf(subject.entry.number);
  return ownerOf(subject.kind === "configured" ? subject.settings.name : subject.asset.name);
}

type Unsealed = Omit<AssetEntry, "seen">;

/** Whoever has both is listed once, as configured. */
function isConfigured({ configured }: Pick<Acceptance, "configured">, { facts, judged, name }: Entry): boolean {
  const { url, id, segment } = judged ?? facts;
  const same = configured.nameOf(url, id, segment);
  return same !== undefined && (name === null || same === name);
}

/** A name where it has one, else its id, else its endpoint; what is taken, or looks like a name, is told apart by its address. */
function keyOf({ name, facts, number }: Entry, isTaken: (key: string) => boolean): string {
  const own = name ?? facts.id ?? facts.endpoint ?? String(number);
  const isPlain = name !== null || !ASSET_NAME.test(own);
  if (isPlain && !isTaken(own)) return own;
  const first = `${own.slice(0, 440)}@${(facts.address ?? facts.segment ?? "").slice(0, 48)}`;
  return isTaken(first) ? `${first}/${number}` : first;
}

function describeConfigured(core: CoreParts, key: string, { name, segment, driver, config }: AssetSettings): Unsealed {
  const { acceptance, links, register } = core;
  const assets = register.behind(name).flatMap((id) => register.get(id) ?? []);
  const asset = assets.find(({ zone }) => zone !== null);
  const facts = acceptance.overlays.get(name) ?? NO_FACTS;
  const link = links.get(name);
  return {
    ...showFacts(facts),
    key,
    id: asset?.id ?? null,
    name,
    state: asset?.state ?? "accepted",
    origin: "configuration",
    driver,
    url: urlOf(config),
    address: facts.address ?? asset?.address ?? null,
    segment: segment ?? null,
    presence: acceptance.presences.of(ownerOf(name)),
    nameplate: asset?.nameplate ?? null,
    pin: pinOf(config),
    changes: [],
    reason: null,
    link: link?.state ?? "connecting",
    via: link?.via ?? null,
    points: asset?.points ?? 0,
    equipment: { ...asset?.equipment },
    enrolled: core.pki.provenBy(name),
    note: null,
    firstSeen: asset?.firstSeen ?? null,
    lastSeen: asset?.lastSeen ?? null,
  };
}

function describeEntry(core: CoreParts, key: string, entry: Entry): Unsealed {
  const { acceptance, configuration, links, register } = core;
  const { name, state, origin, facts, judged, changes, note, firstSeen, number } = entry;
  const asset = facts.id === null ? undefined : register.get(facts.id);
  const isRead = state === "accepted" && name !== null && acceptance.machines.entryOf(name) === entry;
  const link = name === null ? undefined : links.get(name);
  const hindrance = state === "accepted" ? acceptance.machines.hindrance(entry) : undefined;
  return {
    ...showFacts(facts),
    key,
    id: facts.id ?? judged?.id ?? null,
    name,
    state,
    origin,
    driver: facts.driver,
    url: state === "accepted" ? (judged?.url ?? facts.url) : facts.url,
    segment: facts.segment,
    presence: acceptance.presences.of(String(number)),
    nameplate: facts.nameplate ?? asset?.nameplate ?? null,
    pin: judged?.fingerprint ?? null,
    changes: [...changes],
    reason: hindrance ?? entry.reason,
    link: isRead ? (link?.state ?? "connecting") : "not assigned",
    via: isRead ? (link?.via ?? null) : null,
    points: asset !== undefined && asset.name === name ? asset.points : 0,
    equipment: { ...configuration.current.equipment, ...entry.equipment },
    enrolled: name === null ? [] : core.pki.provenBy(name),
    note,
    firstSeen,
    lastSeen: acceptance.entries.lastSeen(entry),
  };
}

function describeFormer(key: string, { id, state, name, nameplate, points, equipment, firstSeen, lastSeen, address }: Asset): Unsealed {
  return { ...showFacts(NO_FACTS), key, id, name: null, state: state satisfies AssetState, origin: "configuration", driver: null, url: null, address, segment: null, presence: "unknown", nameplate, pin: null, changes: [], reason: `Nothing leads to it any more; it was read as ${name}.`, link: "not assigned", via: null, points, equipment: { ...equipment }, enrolled: [], note: null, firstSeen, lastSeen };
}

/** Of a driver's settings, written as fingerprints are compared. */
function pinOf(config: unknown): string | null {
  const tls = typeof config === "object" && config !== null && "tls" in config ? config.tls : undefined;
  return typeof tls === "object" && tls !== null && "pin" in tls && typeof tls.pin === "string" ? plainFingerprint(tls.pin) : null;
}

function showFacts({ address, endpoint, certificate }: Facts): Pick<AssetEntry, "address" | "endpoint" | "certificate"> {
  return { address, endpoint, certificate: certificate === null ? null : { ...certificate } };
}

/** What a person judges by; not what moves by itself. */
function digestOf({ key, id, name, state, driver, url, segment, endpoint, nameplate, certificate, changes }: Unsealed): string {
  return createHash("sha256").update(JSON.stringify([key, id, name, state, driver, url, segment, endpoint, nameplate, certificate?.fingerprint ?? null, changes])).digest("hex");
}
