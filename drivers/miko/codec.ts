// From a machine's messages to readings: which topic is which point, what is an event, what cannot be mapped. Pure.

import type { Arrival, MappedPoint, MikoMapping } from "../../firmware/protocol/miko-mapping.ts";
import { isMismatch } from "../../firmware/protocol/miko-mapping.ts";
import type { MikoProfile } from "../../firmware/protocol/miko-profile.ts";
import { decodeId, type PointId } from "../contract/identity.ts";
import { isEvent, type EventReading, type Reading } from "../contract/reading.ts";

export interface Unmappable {
  readonly reason: string;
  readonly payload: Uint8Array;
}

export interface Decoded {
  readonly readings: readonly Reading[];
  readonly events: readonly EventReading[];
  readonly unmappable: readonly Unmappable[];
  /** Set where a status message came: whether it says that no values are supplied, and its word. */
  readonly status: { readonly state: string; readonly isOffline: boolean } | undefined;
}

export interface Decoder {
  /** The topic filters to subscribe to. */
  readonly filters: readonly string[];
  decode(messages: readonly Message[], arrival: Arrival): Decoded;
  /** Samples older than these times (milliseconds, by point) are history from now on; an empty map ends that. */
  markPresent(times: ReadonlyMap<PointId, number>): void;
}

/** A message, of a broker or of the machine itself. */
export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  /** True where the payload was longer than allowed: it holds the beginning only. */
  readonly isCut?: boolean;
}

/** What a topic means, found once and remembered. */
type Route = { readonly kind: "point"; readonly point: Pick<MappedPoint, "id" | "unit" | "dataType"> } | { readonly kind: "event" } | { readonly kind: "status" } | { readonly kind: "unknown"; readonly reason: string };

/** A machine that invents topics without end does not fill the memory: what is beyond is found anew each time. */
const MAX_ROUTES = 50_000;
const KEPT_BYTES = 65_536;

export function makeDecoder(profile: MikoProfile, mapping: MikoMapping, root: string, points: ReadonlyMap<PointId, MappedPoint>): Decoder {
  const topics = profile.publish;
  const findRoute = remembering(compileRoutes(profile, root, points));
  let present = new Map<PointId, number>();
  return {
    filters: [topics?.points.topic.replaceAll("{id}", "+"), topics?.events?.topic, topics?.status?.topic].filter((topic) => topic !== undefined).map((topic) => `${root}/${topic}`),
    markPresent: (times) => void (present = new Map(times)),
    decode: (messages, arrival) => {
      const into: Into = { readings: [], events: [], status: undefined };
      const unmappable: Unmappable[] = [];
      for (const message of messages) {
        const reason = decodeMessage(message, findRoute(message.topic), mapping, arrival, into);
        if (reason !== undefined) unmappable.push({ reason: `${message.topic.slice(0, 512)}: ${reason}`, payload: Buffer.from(message.payload.subarray(0, KEPT_BYTES)) });
      }
      const readings = present.size === 0 ? into.readings : into.readings.map((reading) => markHistory(reading, present));
      return { readings, events: into.events, unmappable, status: into.status };
    },
  };
}

interface Into {
  readonly readings: Reading[];
  readonly events: EventReading[];
  status: Decoded["status"];
}

/** Adds what the message says to `into`; returns why it cannot be mapped. */
function decodeMessage(message: Message, route: Route, mapping: MikoMapping, arrival: Arrival, into: Into): string | undefined {
  if (route.kind === "unknown") return route.reason;
  if (message.isCut === true) return "the message is longer than 1 MiB";
  const text = message.payload.toString("utf8");
  const document = parse(text);
  if (document === undefined) return "the payload is no JSON";
  if (route.kind === "status") {
    const status = mapping.status(document);
    if (isMismatch(status)) return status.mismatch;
    into.status = status;
    return undefined;
  }
  const reading = route.kind === "event" ? mapping.publishedEvent?.(document, arrival) : mapping.published?.(document, route.point, arrival, text);
  if (reading === undefined) return "the profile maps no such message";
  if (isMismatch(reading)) return reading.mismatch;
  into.readings.push(reading);
  if (isEvent(reading)) into.events.push(reading);
  return undefined;
}

/** A sample that is older than what was read since is history; the first that is not ends that for its point. */
function markHistory(reading: Reading, present: Map<PointId, number>): Reading {
  if (isEvent(reading) || reading.sourceTime === null) return reading;
  const presentMs = present.get(reading.point);
  if (presentMs === undefined) return reading;
  if (Date.parse(reading.sourceTime) < presentMs) return { ...reading, historical: true };
  present.delete(reading.point);
  return reading;
}

function remembering(find: (topic: string) => Route): (topic: string) => Route {
  const routes = new Map<string, Route>();
  return (topic) => {
    const known = routes.get(topic);
    if (known !== undefined) return known;
    const found = find(topic);
    if (routes.size < MAX_ROUTES) routes.set(topic, found);
    return found;
  };
}

function compileRoutes(profile: MikoProfile, root: string, points: ReadonlyMap<PointId, MappedPoint>): (topic: string) => Route {
  const pattern = (profile.publish?.points.topic ?? "").split("/");
  const idLevel = pattern.indexOf("{id}");
  const prefix = `${root}/`;
  const event = profile.publish?.events?.topic;
  const status = profile.publish?.status?.topic;
  return (topic) => {
    if (!topic.startsWith(prefix)) return { kind: "unknown", reason: "a topic that was not subscribed to" };
    const rest = topic.slice(prefix.length);
    if (rest === event) return { kind: "event" };
    if (rest === status) return { kind: "status" };
    const levels = rest.split("/");
    if (levels.length !== pattern.length || !levels.every((level, index) => index === idLevel || level === pattern[index])) return { kind: "unknown", reason: "a topic that was not subscribed to" };
    const id = readId(levels[idLevel] ?? "");
    if (id === undefined) return { kind: "unknown", reason: "the topic carries no point id" };
    return { kind: "point", point: points.get(id) ?? { id } };
  };
}

function readId(level: string): PointId | undefined {
  try {
    const id = decodeId(level);
    return id === "" || id.length > 256 ? undefined : id;
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
