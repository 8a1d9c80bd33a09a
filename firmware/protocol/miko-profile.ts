// The profile of a MIKO-style machine: the data that says which resources and topics it has and how its payloads map to readings.

import Type from "typebox";
import type { Static, TProperties } from "typebox";
import { Compile } from "typebox/compile";
import { Fault } from "../../drivers/contract/fault.ts";
import { DATA_TYPES } from "../../drivers/contract/reading.ts";
import { POINTER_PATTERN } from "./json-pointer.ts";

const closed = <Properties extends TProperties>(properties: Properties, description: string) => Type.Object(properties, { additionalProperties: false, description });
const pointer = (description: string) => Type.String({ pattern: POINTER_PATTERN, maxLength: 256, description: `JSON pointer: ${description}` });
const maybePointer = (description: string) => Type.Optional(pointer(description));
const path = (pattern: string, description: string) => Type.String({ pattern, maxLength: 512, description });
// No scheme, no leading slash, no dot segments: a path never leaves the base URL.
const PLAIN_PATH = "^(?!/)(?!.*(^|/)\\.\\.?(/|$))[A-Za-z0-9._~/?&=%{},-]+$";
const TOPIC = "^(?!/)[^+#\\u0000]+$";

const sampleFields = {
  value: pointer("the value"),
  quality: maybePointer("the quality word; good where it is absent"),
  time: maybePointer("the time the value has at the machine"),
};
const eventFields = {
  id: pointer("the event's id, unique and never reused on its machine"),
  type: pointer("the event's type"),
  severity: maybePointer("severity 1 to 1000, or a word of words.severity; 500 where it is absent"),
  message: maybePointer("text for a person"),
  active: maybePointer("true while the condition holds"),
  acknowledged: maybePointer("true once a person acknowledged it"),
  time: maybePointer("the time it happened at the machine"),
};

const RequestSchema = closed(
  {
    identification: closed(
      {
        path: path(PLAIN_PATH, "Resource below the base URL"),
        manufacturer: pointer("the manufacturer"),
        model: pointer("the model"),
        serialNumber: pointer("the serial number"),
        productInstanceUri: maybePointer("the machine's own URI (OPC 40001-1)"),
        softwareRevision: maybePointer("the software revision"),
        deviceClass: maybePointer("the device class"),
      },
      "Who the machine is",
    ),
    points: closed(
      {
        path: path(PLAIN_PATH, "Resource below the base URL"),
        items: pointer("the array of points in the answer"),
        id: pointer("the point's id, in an item"),
        name: maybePointer("its name; the id where it is absent"),
        unit: maybePointer("its unit"),
        dataType: maybePointer("its data type, a word of words.dataType"),
        access: maybePointer("its access, a word of words.access; read where it is absent"),
        sample: Type.Optional(closed(sampleFields, "The present value in the same item, where the machine gives it")),
      },
      "Which points the machine has",
    ),
    point: closed({ path: path(PLAIN_PATH, "Resource of one point; {id} is its id, percent-encoded"), ...sampleFields }, "One point's present value"),
    events: Type.Optional(
      closed(
        {
          path: path(PLAIN_PATH, "Resource of the events after {after}, oldest first; {after} is an event id, percent-encoded"),
          firstPath: path(PLAIN_PATH, "The same from the oldest event that the machine keeps"),
          items: pointer("the array of events in the answer"),
          ...eventFields,
        },
        "Events the machine keeps",
      ),
    ),
    publish: Type.Optional(
      closed({ path: path(PLAIN_PATH, "Resource below the base URL"), url: pointer("the broker, mqtt://host:port or mqtts://host:port"), root: pointer("the topic root") }, "Where the machine publishes"),
    ),
  },
  "Resources below the base URL of the machine",
);

const PublishSchema = closed(
  {
    points: closed({ topic: path(TOPIC, "Topic below the root; {id} is the point's id, percent-encoded, one whole level"), ...sampleFields }, "A point's new value"),
    events: Type.Optional(closed({ topic: path(TOPIC, "Topic below the root"), ...eventFields }, "A new event")),
    status: Type.Optional(
      closed(
        { topic: path(TOPIC, "Topic below the root, retained"), state: pointer("the state word"), time: maybePointer("its time"), offline: Type.Array(Type.String(), { description: "State words that mean the machine does not supply values" }) },
        "The machine's state",
      ),
    ),
  },
  "Topics below the root that GET publish names",
);

export const MikoProfileSchema = closed(
  {
    format: Type.Literal("weir-miko-profile/1"),
    title: Type.String({ maxLength: 256 }),
    discovery: Type.Optional(
      closed(
        { types: Type.Array(closed({ namespace: Type.String(), name: Type.String() }, "A WS-Discovery type")), serialScope: Type.Optional(Type.String()) },
        "What the machine answers in WS-Discovery",
      ),
    ),
    request: RequestSchema,
    publish: Type.Optional(PublishSchema),
    words: closed(
      {
        quality: Type.Record(Type.String(), Type.Union([Type.Literal("good"), Type.Literal("uncertain"), Type.Literal("bad")])),
        dataType: Type.Record(Type.String(), Type.Enum(DATA_TYPES)),
        access: Type.Record(Type.String(), Type.Union([Type.Literal("read"), Type.Literal("write"), Type.Literal("readWrite")])),
        severity: Type.Record(Type.String(), Type.Integer({ minimum: 1, maximum: 1000 })),
      },
      "The machine's words and what they mean",
    ),
    time: Type.Union([Type.Literal("iso8601"), Type.Literal("unixMilliseconds"), Type.Literal("unixSeconds")]),
  },
  "Profile of a MIKO-style machine",
);
export type MikoProfile = Static<typeof MikoProfileSchema>;

const compiled = Compile(MikoProfileSchema);

/** Checks a parsed profile. Throws PROFILE_INVALID that names `where` and the JSON pointer of the first fault. */
export function checkProfile(parsed: unknown, where: string): MikoProfile {
  if (!compiled.Check(parsed)) {
    const [first] = compiled.Errors(parsed);
    const place = first === undefined || first.instancePath === "" ? "the profile" : first.instancePath;
    throw new Fault("PROFILE_INVALID", `${place} ${first?.message ?? "is not as the schema asks"}${namesOf(first)}.`, { where, remedy: REMEDY });
  }
  demandPlaceholder(parsed.request.point.path, "{id}", "/request/point/path", where);
  if (parsed.request.events !== undefined) demandPlaceholder(parsed.request.events.path, "{after}", "/request/events/path", where);
  if (parsed.publish !== undefined && !parsed.publish.points.topic.split("/").includes("{id}")) {
    throw new Fault("PROFILE_INVALID", "/publish/points/topic has no level {id}, so that no point could be told from another.", { where, remedy: REMEDY });
  }
  return parsed;
}

const REMEDY = "Correct the profile; docs/miko-profile.md describes its format and drivers/miko/profiles/reference.json is an example.";

function demandPlaceholder(text: string, placeholder: string, place: string, where: string): void {
  if (!text.includes(placeholder)) throw new Fault("PROFILE_INVALID", `${place} has no ${placeholder}.`, { where, remedy: REMEDY });
}

/** The names a fault is about (unknown or missing members), which the message alone does not say. */
function namesOf(error: { readonly params: object } | undefined): string {
  const params: { readonly additionalProperties?: readonly string[]; readonly requiredProperties?: readonly string[] } | undefined = error?.params;
  const names = params?.additionalProperties ?? params?.requiredProperties;
  return names === undefined ? "" : ` (${names.join(", ")})`;
}
