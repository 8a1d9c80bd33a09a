// How the payloads of a MIKO-style machine become nameplate, points, samples and events, as its profile says. Pure.

import { encodeId, type AssetId, type Nameplate, type PointId } from "../../drivers/contract/identity.ts";
import type { DataType, EventBody, EventReading, Quality, Sample } from "../../drivers/contract/reading.ts";
import { parseExact } from "./exact-number.ts";
import { compilePointer, type Lookup } from "./json-pointer.ts";
import type { MikoProfile } from "./miko-profile.ts";
import { fitValue } from "./miko-value.ts";
import { readTime } from "./wire-time.ts";

/** A payload that a profile cannot map: which pointer failed, and what it found there instead of what. Data, not an error. */
export interface Mismatch {
  readonly pointer: string;
  readonly mismatch: string;
}

export function isMismatch(outcome: object): outcome is Mismatch {
  return "mismatch" in outcome;
}

export interface MappedPoint {
  readonly id: PointId;
  readonly name: string;
  readonly unit?: string;
  /** Undefined where the machine does not say: it follows from the value. */
  readonly dataType?: DataType;
  readonly access: "read" | "write" | "readWrite";
  /** The list's item, where it carries the present value: map it with `listed`. */
  readonly item?: unknown;
}

/** What every reading of a payload shares. */
export interface Arrival {
  readonly asset: AssetId;
  readonly gatewayTime: string;
  readonly timeQuality: "synchronised" | "free" | "unknown";
}

/** Maps one payload of a point. `text` is its JSON where the digits of a number may matter. */
export type MapSample = (document: unknown, point: Pick<MappedPoint, "id" | "unit" | "dataType">, arrival: Arrival, text?: string) => Sample | Mismatch;
export type MapEvent = (document: unknown, arrival: Arrival) => EventReading | Mismatch;

/** A profile made ready: each member maps one kind of payload and never throws. */
export interface MikoMapping {
  nameplate(document: unknown): Nameplate | Mismatch;
  /** `text` is the document's JSON, from which numbers that JavaScript cannot hold are read again. */
  points(document: unknown, text: string): readonly (MappedPoint | Mismatch)[] | Mismatch;
  listed: MapSample | undefined;
  answered: MapSample;
  published: MapSample | undefined;
  /** Items of an answer to `events`, oldest first. */
  events(document: unknown): readonly unknown[] | Mismatch;
  listedEvent: MapEvent | undefined;
  publishedEvent: MapEvent | undefined;
  publishing(document: unknown): { readonly url: string; readonly root: string } | Mismatch;
  /** The machine's state, and whether it means that no values are supplied. */
  status(document: unknown): { readonly state: string; readonly isOffline: boolean } | Mismatch;
}

export function compileProfile(profile: MikoProfile): MikoMapping {
  const { request, publish, words } = profile;
  const listed = request.points.sample;
  return {
    nameplate: compileNameplate(profile),
    points: compilePoints(profile),
    listed: listed === undefined ? undefined : compileSample(listed, profile),
    answered: compileSample(request.point, profile),
    published: publish === undefined ? undefined : compileSample(publish.points, profile),
    events: request.events === undefined ? () => [] : compileList(request.events.items),
    listedEvent: request.events === undefined ? undefined : compileEvent(request.events, profile, words.severity),
    publishedEvent: publish?.events === undefined ? undefined : compileEvent(publish.events, profile, words.severity),
    publishing: compilePublishing(profile),
    status: compileStatus(profile),
  };
}

/** The path of a resource with its placeholder filled in, percent-encoded. */
export function fillPath(path: string, placeholder: "{id}" | "{after}", text: string): string {
  return path.replaceAll(placeholder, () => encodeId(text));
}

function compileNameplate(profile: MikoProfile): MikoMapping["nameplate"] {
  const { path: _path, ...pointers } = profile.request.identification;
  const fields = Object.entries(pointers).map(([name, pointer]) => ({ name, pointer, find: compilePointer(pointer) }));
  const demanded = ["manufacturer", "model", "serialNumber"];
  return (document) => {
    const found: Record<string, string> = {};
    for (const { name, pointer, find } of fields) {
      const value = find(document);
      const text = typeof value === "number" ? String(value) : value;
      if (typeof text === "string" && text !== "" && text.length <= 256) found[name] = text;
      else if (demanded.includes(name) || (text !== undefined && text !== null && text !== "")) return expected(pointer, `text of 1 to 256 characters (${name})`, value);
    }
    return { manufacturer: found["manufacturer"] ?? "", model: found["model"] ?? "", serialNumber: found["serialNumber"] ?? "", ...found };
  };
}

function compilePoints(profile: MikoProfile): MikoMapping["points"] {
  const { items, id, name, unit, dataType, access, sample } = profile.request.points;
  const list = compileList(items);
  const itemAt = (document: unknown, index: number): unknown => {
    const exactItems = list(document);
    return isMismatch(exactItems) ? undefined : exactItems[index];
  };
  const find = { id: compilePointer(id), name: compilePointer(name), unit: compilePointer(unit), dataType: compilePointer(dataType), access: compilePointer(access), value: compilePointer(sample?.value) };
  const mapOne = (item: unknown, exactItem: () => unknown): MappedPoint | Mismatch => {
    const key = find.id(item);
    if (typeof key !== "string" || key === "" || key.length > 256) return expected(id, "text of 1 to 256 characters", key);
    const announced = find.dataType(item);
    const type = announced === undefined || announced === null ? undefined : wordOf(profile.words.dataType, announced);
    if (type === undefined && announced !== undefined && announced !== null) return expected(dataType ?? "", "a word of words.dataType", announced);
    const right = find.access(item);
    const unitText = find.unit(item);
    const nameText = find.name(item);
    return {
      id: key,
      name: typeof nameText === "string" && nameText !== "" ? nameText.slice(0, 256) : key,
      ...(typeof unitText === "string" && unitText !== "" ? { unit: unitText.slice(0, 32) } : {}),
      ...(type === undefined ? {} : { dataType: type }),
      access: wordOf(profile.words.access, right) ?? "read",
      ...(find.value(item) === undefined ? {} : { item: mayLoseDigits(type, find.value(item)) ? exactItem() : item }),
    };
  };
  return (document, text) => {
    const found = list(document);
    if (isMismatch(found)) return found;
    let exact: unknown;
    return found.map((item, index) => mapOne(item, () => itemAt((exact ??= readExact(text)), index) ?? item));
  };
}

function compileList(pointer: string): (document: unknown) => readonly unknown[] | Mismatch {
  const find = compilePointer(pointer);
  return (document) => {
    const items = find(document);
    return Array.isArray(items) ? (items as readonly unknown[]) : expected(pointer, "an array", items);
  };
}

interface SamplePointers {
  readonly value: string;
  readonly quality?: string;
  readonly time?: string;
}

function compileSample(pointers: SamplePointers, profile: MikoProfile): MapSample {
  const findValue = compilePointer(pointers.value);
  const findQuality = compilePointer(pointers.quality);
  const findTime = compilePointer(pointers.time);
  return (document, point, arrival, text) => {
    const raw = findValue(document);
    const { dataType } = point;
    const fitted = fitValue(mayLoseDigits(dataType, raw) && text !== undefined ? (findValue(readExact(text)) ?? raw) : raw, dataType);
    if (fitted === undefined) return expected(pointers.value, "a boolean, number, text, null or an array of these", raw);
    const sourceTime = findTime(document);
    const time = readTime(sourceTime, profile.time);
    const verdict = judge(fitted, findQuality(document), profile.words.quality, time === null && sourceTime !== undefined && sourceTime !== null);
    const sample: { -readonly [Name in keyof Sample]: Sample[Name] } = { asset: arrival.asset, point: point.id, value: fitted.value, quality: verdict.quality, sourceTime: time, gatewayTime: arrival.gatewayTime };
    if (verdict.reason !== undefined) sample.reason = verdict.reason;
    if (point.unit !== undefined) sample.unit = point.unit;
    if (dataType !== undefined) sample.dataType = dataType;
    if (arrival.timeQuality !== "synchronised") sample.timeQuality = arrival.timeQuality;
    return sample;
  };
}

interface Verdict {
  readonly quality: Quality;
  readonly reason?: string;
}

/** The worst of what form, machine and time say, with the reason of the worst. */
function judge(fitted: Verdict, word: unknown, words: Readonly<Record<string, Quality>>, isTimeUnreadable: boolean): Verdict {
  if (fitted.quality === "bad") return fitted;
  const said = word === undefined || word === null ? "good" : wordOf(words, word);
  if (said === "bad") return { quality: "bad", reason: "the machine says so" };
  if (fitted.quality === "uncertain") return fitted;
  if (said === undefined) return { quality: "uncertain", reason: `unknown quality word ${excerpt(word)}` };
  if (said === "uncertain") return { quality: "uncertain", reason: "the machine says so" };
  return isTimeUnreadable ? { quality: "uncertain", reason: "the machine's time cannot be read" } : { quality: "good" };
}

function mayLoseDigits(dataType: DataType | undefined, raw: unknown): boolean {
  if (dataType !== "int64" && dataType !== "uint64" && dataType !== "decimal") return false;
  return typeof raw === "number" || Array.isArray(raw);
}

function readExact(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}

interface EventPointers {
  readonly id: string;
  readonly type: string;
  readonly severity?: string;
  readonly message?: string;
  readonly active?: string;
  readonly acknowledged?: string;
  readonly time?: string;
}

function compileEvent(pointers: EventPointers, profile: MikoProfile, severities: Readonly<Record<string, number>>): MapEvent {
  const find = Object.fromEntries(Object.entries(pointers).map(([name, pointer]) => [name, compilePointer(pointer)])) as Partial<Record<keyof EventPointers, Lookup>>;
  return (document, arrival) => {
    const id = find.id?.(document);
    const key = typeof id === "number" && Number.isSafeInteger(id) ? String(id) : id;
    if (typeof key !== "string" || key === "" || key.length > 256) return expected(pointers.id, "text of 1 to 256 characters or a whole number", id);
    const type = find.type?.(document);
    if (typeof type !== "string" || type.length > 256) return expected(pointers.type, "text of at most 256 characters", type);
    const severity = find.severity?.(document) ?? 500;
    const grade = typeof severity === "number" ? severity : wordOf(severities, severity);
    if (grade === undefined || !Number.isInteger(grade) || grade < 1 || grade > 1000) return expected(pointers.severity ?? "", "1 to 1000 or a word of words.severity", severity);
    const message = find.message?.(document);
    const active = find.active?.(document);
    const acknowledged = find.acknowledged?.(document);
    const event: EventBody = {
      id: key,
      type,
      severity: grade,
      message: typeof message === "string" ? message.slice(0, 4096) : "",
      ...(typeof active === "boolean" ? { active } : {}),
      ...(typeof acknowledged === "boolean" ? { acknowledged } : {}),
      sourceTime: readTime(find.time?.(document), profile.time),
      gatewayTime: arrival.gatewayTime,
      ...(arrival.timeQuality === "synchronised" ? {} : { timeQuality: arrival.timeQuality }),
    };
    return { asset: arrival.asset, event };
  };
}

function compilePublishing(profile: MikoProfile): MikoMapping["publishing"] {
  const { url = "", root = "" } = profile.request.publish ?? {};
  const findUrl = compilePointer(url);
  const findRoot = compilePointer(root);
  return (document) => {
    const [broker, top] = [findUrl(document), findRoot(document)];
    if (typeof broker !== "string" || !/^mqtts?:\/\//.test(broker) || !URL.canParse(broker)) return expected(url, "mqtt://host:port or mqtts://host:port", broker);
    // MQTT 3.1.1 §4.7: wildcards would subscribe to more than the machine's own topics.
    if (typeof top !== "string" || !/^[^+#\u0000]{1,1024}$/.test(top)) return expected(root, "a topic without wildcards", top);
    return { url: broker, root: top.replace(/\/+$/, "") };
  };
}

function compileStatus(profile: MikoProfile): MikoMapping["status"] {
  const { state: pointer = "", offline = [] } = profile.publish?.status ?? {};
  const find = compilePointer(pointer);
  return (document) => {
    const state = find(document);
    return typeof state === "string" ? { state: state.slice(0, 128), isOffline: offline.includes(state) } : expected(pointer, "text", state);
  };
}

function wordOf<Meaning>(words: Readonly<Record<string, Meaning>>, word: unknown): Meaning | undefined {
  // A number or boolean may be a word; an object is none, and what it calls `toString` may be anything.
  if (typeof word !== "string" && typeof word !== "number" && typeof word !== "boolean") return undefined;
  const text = String(word);
  return Object.hasOwn(words, text) ? words[text] : undefined;
}

function expected(pointer: string, what: string, found: unknown): Mismatch {
  return { pointer, mismatch: `${pointer === "" ? "the whole document" : pointer}: expected ${what}, found ${excerpt(found)}` };
}

function excerpt(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "object" && value !== null ? (Array.isArray(value) ? "an array" : "an object") : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
