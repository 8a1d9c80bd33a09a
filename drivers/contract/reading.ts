// A reading: what a source said at a time. An OPC UA DataValue (sample) or an alarm and condition (event) in Weir's words.

import Type from "typebox";
import type { Static } from "typebox";
import { AssetIdSchema, PointIdSchema } from "./identity.ts";

export const DATA_TYPES = ["boolean", "number", "int64", "uint64", "decimal", "string", "bytes", "time"] as const;
export type DataType = (typeof DATA_TYPES)[number];

/** 64-bit integers beyond 2^53 and decimals are strings with the data type named, bytes are base64; NaN and infinities are null with quality bad. */
export const ScalarSchema = Type.Union([Type.Boolean(), Type.Number(), Type.String({ maxLength: 65_536 }), Type.Null()]);
export type Scalar = Static<typeof ScalarSchema>;
export const ValueSchema = Type.Union([ScalarSchema, Type.Array(ScalarSchema, { maxItems: 4096 })]);
export type Value = Scalar | Scalar[];

export const QualitySchema = Type.Union([Type.Literal("good"), Type.Literal("uncertain"), Type.Literal("bad")]);
export type Quality = Static<typeof QualitySchema>;

export const TimeQualitySchema = Type.Union([Type.Literal("synchronised"), Type.Literal("free"), Type.Literal("unknown")]);

/** ISO 8601 in UTC with milliseconds, as `Date.prototype.toISOString` writes it; a source's finer fraction is kept as it came. */
const Time = Type.String({ minLength: 20, maxLength: 40, pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?Z$" });

export const SampleSchema = Type.Object(
  {
    asset: AssetIdSchema,
    point: PointIdSchema,
    value: ValueSchema,
    quality: QualitySchema,
    /** Why the quality is not good, in words for a person. */
    reason: Type.Optional(Type.String({ maxLength: 256 })),
    unit: Type.Optional(Type.String({ maxLength: 32 })),
    dataType: Type.Optional(Type.Enum(DATA_TYPES)),
    /** When the source says it was so; null where the source gives no time. */
    sourceTime: Type.Union([Time, Type.Null()]),
    /** When the gateway received it. */
    gatewayTime: Time,
    timeQuality: Type.Optional(TimeQualitySchema),
    /** True where the driver fetched it afterwards (a cursor catching up), so that it is never taken for the present. */
    historical: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type Sample = Static<typeof SampleSchema>;

export const EventBodySchema = Type.Object(
  {
    /** Unique and never reused within its asset. */
    id: Type.String({ minLength: 1, maxLength: 256 }),
    type: Type.String({ maxLength: 256 }),
    /** 1 (least) to 1000 (most), as in OPC UA. */
    severity: Type.Integer({ minimum: 1, maximum: 1000 }),
    message: Type.String({ maxLength: 4096 }),
    active: Type.Optional(Type.Boolean()),
    acknowledged: Type.Optional(Type.Boolean()),
    sourceTime: Type.Union([Time, Type.Null()]),
    gatewayTime: Time,
    timeQuality: Type.Optional(TimeQualitySchema),
  },
  { additionalProperties: false },
);
export type EventBody = Static<typeof EventBodySchema>;

export const EventSchema = Type.Object({ asset: AssetIdSchema, event: EventBodySchema, historical: Type.Optional(Type.Boolean()) }, { additionalProperties: false });
export type EventReading = Static<typeof EventSchema>;

export const ReadingSchema = Type.Union([SampleSchema, EventSchema]);
export type Reading = Sample | EventReading;

export function isEvent(reading: Reading): reading is EventReading {
  return "event" in reading;
}
