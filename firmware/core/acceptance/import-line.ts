// One line of a list that people keep: what becomes of its entry, or what is wrong with it.

import { assetIdOf } from "../../../drivers/contract/identity.ts";
import type { Nameplate } from "../../../drivers/contract/identity.ts";
import { FINGERPRINT } from "../../../drivers/contract/settings.ts";
import { driverSchemas } from "../../../drivers/schemas.ts";
import type { AssetLine } from "../../conduit/assets.ts";
import { hostOf, lies } from "../../protocol/firewall/addresses.ts";
import { plainFingerprint } from "./certificates.ts";
import { NO_FACTS } from "./entry.ts";
import type { Entry, Judged } from "./entry.ts";
import type { Gate } from "./gate.ts";
import { isEqual } from "./known.ts";
import { isTelling, sameText } from "./sighting.ts";

export type LineProblem = { readonly field: string | null; readonly message: string };

export interface PlannedLine {
  /** Undefined where there are problems. */
  readonly entry: Entry | undefined;
  readonly isNew: boolean;
  readonly isSame: boolean;
  readonly problems: readonly LineProblem[];
}

const NAMEPLATE = ["manufacturer", "model", "serialNumber", "productInstanceUri", "softwareRevision", "deviceClass"] as const;
/** What of a nameplate says which machine it is. */
const IDENTITY = ["manufacturer", "model", "serialNumber", "productInstanceUri"] as const;
const LEVELS = ["site", "area", "workCenter", "workUnit"] as const;

/** What is absent in the line stays as it is; an empty text removes it. `number` is for a new entry. */
export function planLine(gate: Gate, line: AssetLine, number: number): PlannedLine {
  const before = gate.entries.named(line.name);
  const problems: LineProblem[] = [];
  const tell = (field: string | null, message: string): void => void problems.push({ field, message });
  if (gate.configured.hasName(line.name)) tell("name", `the configuration has a machine of the name ${line.name}: change it there.`);
  const entry = before ?? emptyEntry(line.name, number);
  const equipment = { ...entry.equipment };
  for (const level of LEVELS) {
    const text = line[level];
    if (text === "") delete equipment[level];
    else if (text?.includes("/") === true) tell(level, `${level} has a "/".`);
    else if (text !== undefined) equipment[level] = text;
  }
  const kept: Entry = { ...entry, equipment, note: line.note === undefined ? entry.note : line.note === "" ? null : line.note };
  const wanted = before === undefined || before.origin === "imported" ? applyToImported(gate, kept, line, tell) : applyToFound(gate, kept, line, tell);
  // Only what comes by hand is given up by hand: nobody is taken up again by a list.
  const isHeld = before !== undefined && before.origin === "found" && before.state !== "accepted" && !isEqual(wanted.judged, before.judged);
  if (isHeld) tell(null, `${line.name} is ${before.state}: look at it and accept it first.`);
  if (problems.length === 0) checkAlone(gate, wanted, tell);
  return { entry: problems.length === 0 ? wanted : undefined, isNew: before === undefined, isSame: before !== undefined && isEqual(wanted, before), problems };
}

type Tell = (field: string | null, message: string) => void;

function applyToImported(gate: Gate, entry: Entry, line: AssetLine, tell: Tell): Entry {
  const nameplate = nameplateOf(entry.facts.nameplate, line);
  const isNamed = NAMEPLATE.some((field) => line[field] !== undefined);
  const judged = placeOf(gate, entry, line, tell);
  const id = !isNamed ? (entry.judged?.id ?? null) : nameplate !== null && isTelling(nameplate) ? assetIdOf(nameplate) : null;
  const driver = line.driver === undefined ? (entry.facts.driver ?? onlyDriver(judged.url)) : line.driver === "" ? onlyDriver(judged.url) : line.driver;
  const certificate = entry.facts.certificate?.fingerprint === judged.fingerprint ? entry.facts.certificate : null;
  return { ...entry, judged: { ...judged, id }, facts: { ...entry.facts, nameplate, id, driver, certificate, url: judged.url, segment: judged.segment } };
}

/** Who it is, it said itself; where it is read, and by which certificate, a list may say. */
function applyToFound(gate: Gate, entry: Entry, line: AssetLine, tell: Tell): Entry {
  const { nameplate, driver } = entry.facts;
  for (const field of IDENTITY) if (line[field] !== undefined && line[field] !== (nameplate?.[field] ?? "")) tell(field, `${line.name} says itself that its ${field} is "${nameplate?.[field] ?? ""}".`);
  if (line.driver !== undefined && line.driver !== (driver ?? "")) tell("driver", `${line.name} is read by ${driver ?? "no driver"}.`);
  const judged = placeOf(gate, entry, line, tell);
  return isEqual(judged, entry.judged) ? entry : { ...entry, judged, facts: { ...entry.facts, url: judged.url, segment: judged.segment } };
}

function placeOf({ configured }: Gate, { judged }: Entry, line: AssetLine, tell: Tell): Judged {
  const before: Judged = judged ?? { segment: null, endpoint: null, url: null, id: null, fingerprint: null };
  const url = line.url === undefined ? before.url : line.url === "" ? null : sameText(line.url);
  const host = url === null ? undefined : hostOf(url);
  const [own, ...more] = host === undefined ? [] : configured.segments.filter((name) => configured.subnetsOf(name)?.some((subnet) => lies(host, subnet)) === true);
  const isMoved = url !== before.url;
  if (isMoved && line.segment === undefined && more.length > 0) tell("segment", `${host ?? ""} lies in the segments ${[own, ...more].join(", ")}, which have it in different network namespaces; the list must say which.`);
  const segment = line.segment === undefined ? (isMoved ? (own ?? null) : before.segment) : line.segment === "" ? null : line.segment;
  const subnets = segment === null ? [] : configured.subnetsOf(segment);
  if (subnets === undefined) tell("segment", `there is no segment "${segment}" in the configuration.`);
  else if (segment !== null && host !== undefined && !subnets.some((subnet) => lies(host, subnet))) tell("url", `${host} lies outside segment ${segment} (${subnets.join(", ")}).`);
  // Where segments are described nobody leads the gateway elsewhere: to its own services, or to those of another side.
  else if (segment === null && url !== null && configured.segments.length > 0 && (isMoved || before.segment !== null)) tell("url", `${host ?? url} lies in no segment of the configuration.`);
  if (line.pin !== undefined && line.pin !== "" && !new RegExp(FINGERPRINT).test(line.pin)) tell("pin", "the pin is no SHA-256 fingerprint: 64 hexadecimal digits.");
  const fingerprint = line.pin === undefined ? before.fingerprint : line.pin === "" ? null : plainFingerprint(line.pin);
  // Whoever announces itself there is learned anew.
  return { ...before, url, segment, fingerprint, endpoint: isMoved || segment !== before.segment ? null : before.endpoint };
}

/** What must hold between this entry and all others. */
function checkAlone(gate: Gate, entry: Entry, tell: Tell): void {
  const { configured, entries } = gate;
  const { url = null, id = null, segment = null } = entry.judged ?? {};
  const same = configured.nameOf(url, id, segment);
  if (same !== undefined) tell(url === null ? null : "url", `the configuration has this machine as ${same}.`);
  const others = (kind: "url" | "id", value: string | null): readonly Entry[] => entries.withClaim(kind, value).filter((one) => one.number !== entry.number && one.name !== null && one.judged?.[kind] === value);
  const isHere = ({ judged }: Entry): boolean => url !== null && judged?.url === url && configured.placeOf(url, judged.segment) === configured.placeOf(url, segment);
  for (const { name } of others("url", url).filter(isHere).slice(0, 1)) tell("url", `${url} is that of ${name}.`);
  for (const { name } of others("id", id).slice(0, 1)) tell("serialNumber", `the asset ${id} is in the register as ${name}.`);
  if (url === null) return;
  for (const { field, message } of gate.machines.make(entry).problems) tell(field, message);
}

function nameplateOf(before: Nameplate | null, line: AssetLine): Nameplate | null {
  const fields = NAMEPLATE.map((field) => [field, line[field] ?? before?.[field] ?? ""] as const);
  if (fields.every(([, text]) => text === "")) return null;
  const { manufacturer = "", model = "", serialNumber = "", ...more } = Object.fromEntries(fields.filter(([, text]) => text !== ""));
  return { manufacturer, model, serialNumber, ...more };
}

/** As long as there is one alone, nobody has to name it. */
function onlyDriver(url: string | null): string | null {
  const [first, ...others] = Object.keys(driverSchemas);
  return url !== null && first !== undefined && others.length === 0 ? first : null;
}

function emptyEntry(name: string, number: number): Entry {
  return { number, state: "accepted", origin: "imported", name, facts: NO_FACTS, judged: null, changes: [], reason: null, claims: null, credentials: null, equipment: {}, note: null, firstSeen: null, lastSeen: null };
}
