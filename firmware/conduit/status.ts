// The part of the people's conduits that says how the gateway stands: state, values, conditions, detections.

import Type from "typebox";
import type { Static } from "typebox";
import { AssetIdSchema, NameplateSchema } from "../../drivers/contract/identity.ts";
import { ReadingSchema } from "../../drivers/contract/reading.ts";
import { ASSET_STATES } from "./assets.ts";
import { get, post } from "./route.ts";
import { AfterSchema, NothingSchema, OutboxFiguresSchema } from "./shared.ts";

export const ConditionSchema = Type.Object(
  {
    code: Type.String(),
    /** What it is about: an asset's name, a database, the cloud link. */
    subject: Type.String(),
    severity: Type.Union([Type.Literal("info"), Type.Literal("warning"), Type.Literal("error")]),
    title: Type.String(),
    cause: Type.String(),
    effect: Type.String(),
    remedy: Type.String(),
    /** What is particular to this case (a fault's words), as it stands inside `cause`; for rendering in another language. */
    detail: Type.Optional(Type.String()),
    since: Type.String(),
  },
  { additionalProperties: false },
);
export type Condition = Static<typeof ConditionSchema>;

export const StatusSchema = Type.Object(
  {
    state: Type.Union([Type.Literal("starting"), Type.Literal("running"), Type.Literal("degraded"), Type.Literal("stopping")]),
    gateway: Type.String(),
    version: Type.String(),
    uptimeSeconds: Type.Number(),
    zones: Type.Record(
      Type.String(),
      Type.Object({
        state: Type.String(),
        restarts: Type.Optional(Type.Integer()),
        pid: Type.Optional(Type.Integer()),
        /** Why it cannot be started. */
        words: Type.Optional(Type.String()),
        /** Of this process, as the zone said it a few seconds ago. */
        uptimeSeconds: Type.Optional(Type.Number()),
        memoryBytes: Type.Optional(Type.Integer()),
      }),
    ),
    outbox: OutboxFiguresSchema,
    cloud: Type.Object({ state: Type.String(), peer: Type.Union([Type.String(), Type.Null()]) }),
    assets: Type.Record(
      Type.String(),
      Type.Object({
        name: Type.String(),
        state: Type.Enum(ASSET_STATES),
        link: Type.String(),
        nameplate: NameplateSchema,
        points: Type.Integer(),
      }),
    ),
    conditions: Type.Array(ConditionSchema),
  },
  { additionalProperties: false },
);
export type Status = Static<typeof StatusSchema>;

/** The status without its assets. */
export const StandingSchema = Type.Object({ revision: Type.Integer(), ...Type.Omit(StatusSchema, ["assets"]).properties }, { additionalProperties: false });
export type Standing = Static<typeof StandingSchema>;

export const DetectionSchema = Type.Object(
  {
    kind: Type.String(),
    /** The side or segment, or `gateway` for its own zones. */
    side: Type.String(),
    /** An address, a MAC or a zone; `others` for what was too much to be told one by one. */
    source: Type.String(),
    /** 1 to 1000. */
    severity: Type.Integer(),
    first: Type.String(),
    last: Type.String(),
    /** Packets, or how often it was found. */
    count: Type.Integer(),
    detail: Type.String(),
    /** Somebody has seen it. */
    accepted: Type.Boolean(),
  },
  { additionalProperties: false },
);
export type DetectionReport = Static<typeof DetectionSchema>;

export const statusRoutes = {
  status: get("/v1/status", { input: NothingSchema, reply: StatusSchema }),
  /** Long poll: waits for a change of the conditions; how it stands without its assets. */
  standing: get("/v1/standing", { input: AfterSchema, reply: StandingSchema }),
  /** What detection found, newest first. */
  detections: get("/v1/detections", { input: Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 10_000 }) }, { additionalProperties: false }), reply: Type.Object({ detections: Type.Array(DetectionSchema) }, { additionalProperties: false }) }),
  /** Somebody has seen them; what speaks on the segments now is known and right. */
  acceptDetections: post("/v1/detections/accept", { input: NothingSchema, reply: Type.Object({ accepted: Type.Integer() }, { additionalProperties: false }) }),
  /** Long poll over the last values: what changed since revision `after`, at most one reading per point. */
  values: get("/v1/values", {
    input: AfterSchema,
    reply: Type.Object(
      { revision: Type.Integer(), values: Type.Array(Type.Object({ asset: AssetIdSchema, name: Type.String(), reading: ReadingSchema })) },
      { additionalProperties: false },
    ),
  }),
} as const;
