// From a machine's messages to readings: which topic is which point, what is an event, what cannot be mapped. Pure.

import type { Arrival, MappedPoint, MapSample, MikoMapping } from "../../firmware/protocol/miko-mapping.ts";
import { isMismatch } from "../../firmware/protocol/miko-mapping.ts";
import type { MikoProfile } from "../../firmware/protocol/miko-profile.ts";
import type { Message } from "../../firmware/protocol/mqtt-subscriber.ts";
import { decodeId, type PointId } from "../contract/identity.ts";
import type { EventReading, Reading } from "../contract/reading.ts";

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

/** What a topic means, found once and remembered. */
type Route = { readonly kind: "point"; readonly point: Pick<MappedPoint, "id" | "unit" | "dataType"> } | { readonly kind: "event" } | { readonly kind: "status" } | { readonly kind: "unknown"; readonly reason: string };

/** A machine that invents topics without end does not fill the memory: what is beyond is found anew each time. */
const MAX_ROUTES = 50_000;
const KEPT_BYTES = 65_536;

export function makeDecoder(profile: MikoProfile, mapping: MikoMapping, root: string, points: ReadonlyMap<PointId, MappedPoint>): Decoder {
  const topics = profile.publish;
  const routes = new Map<string, Route>();
  const findRoute = compileRoutes(profile, root, points);
  let present: Map<PointId, number> = new Map();

  const routeOf = (topic: string): Route => {
    const known = routes.get(topic);
    if (known !== undefined) return known;
    const found = findRoute(topic);
    if (routes.size < MAX_ROUTES) routes.set(topic, found);
    return found;
  };
  const isHistory = (point: PointId, sourceTime: string | null): boolean => {
    const presentMs = present.get(point);
    if (presentMs === undefined || sourceTime === null) return false;
    if (Date.parse(sourceTime) < presentMs) return true;
    present.delete(point);
    return false;
  };
  const decodeOne = (message: Message, arrival: Arrival, into: { readings: Reading[]; events: EventReading[] }): string | Decoded["status"] => {
    const route = routeOf(message.topic);
    if (route.kind === "unknown") return route.reason;
    if (message.isCut) return "the message is longer than 1 MiB";
    const text = message.payload.toString("utf8");
    const document = parse(text);
    if (document === undefined) return "the payload is no JSON";
    if (route.kind === "status") {
      const status = mapping.status(document);
      return isMismatch(status) ? status.mismatch : status;
    }
    if (route.kind === "event") {
      const event = mapping.publishedEvent?.(document, arrival);
      if (event === undefined || isMismatch(event)) return event?.mismatch ?? "the profile maps no events";
      into.events.push(event);
      into.readings.push(event);
      return undefined;
    }
    const sample = (mapping.published as MapSample)(document, route.point, arrival, text);
    if (isMismatch(sample)) return sample.mismatch;
    into.readings.push(present.size > 0 && isHistory(sample.point, sample.sourceTime) ? { ...sample, historical: true } : sample);
    return undefined;
  };
  return {
    filters: [topics?.points.topic.replaceAll("{id}", "+"), topics?.events?.topic, topics?.status?.topic].filter((topic) => topic !== undefined).map((topic) => `${root}/${topic}`),
    markPresent: (times) => void (present = new Map(times)),
    decode: (messages, arrival) => {
      const into = { readings: [] as Reading[], events: [] as EventReading[] };
      const unmappable: Unmappable[] = [];
      let status: Decoded["status"];
      for (const message of messages) {
        const outcome = decodeOne(message, arrival, into);
        if (typeof outcome === "string") unmappable.push({ reason: `${message.topic.slice(0, 512)}: ${outcome}`, payload: Buffer.from(message.payload.subarray(0, KEPT_BYTES)) });
        else if (outcome !== undefined) status = outcome;
      }
      return { ...into, unmappable, status };
    },
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
