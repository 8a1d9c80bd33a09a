// The local conduit, between core and the `weir` command of the same user on the same host.

import Type from "typebox";
import type { Static } from "typebox";
import { AssetIdSchema, NameplateSchema } from "../../drivers/contract/identity.ts";
import { ReadingSchema } from "../../drivers/contract/reading.ts";
import { ASSET_STATES, assetRoutes } from "./assets.ts";
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

const NetworkStandingSchema = Type.Object(
  {
    /** `unknown` where there is no zone host, or core has not looked yet. */
    state: Type.Enum(["unknown", "in force", "on trial", "returned", "refused"]),
    /** Names the change on trial. */
    change: Type.Union([Type.String(), Type.Null()]),
    secondsLeft: Type.Union([Type.Integer(), Type.Null()]),
    /** What comes (`+`) and goes (`-`) against what was confirmed. */
    lines: Type.Array(Type.String()),
    /** Why it was refused. */
    words: Type.Union([Type.String(), Type.Null()]),
  },
  { additionalProperties: false },
);
export type NetworkStanding = Static<typeof NetworkStandingSchema>;

export const NetworkReportSchema = Type.Object({ hasHost: Type.Boolean(), network: NetworkStandingSchema, firewall: NetworkStandingSchema }, { additionalProperties: false });
export type NetworkReport = Static<typeof NetworkReportSchema>;

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

export const localConduit = {
  status: get("/v1/status", { input: NothingSchema, reply: StatusSchema }),
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
  ...assetRoutes,
  secretNames: get("/v1/secrets", { input: NothingSchema, reply: Type.Object({ names: Type.Array(Type.String()) }) }),
  setSecret: post("/v1/secrets/set", {
    input: Type.Object({ name: Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{0,62}$" }), text: Type.String({ minLength: 1, maxLength: 32_768 }) }, { additionalProperties: false }),
    reply: NothingSchema,
  }),
  deleteSecret: post("/v1/secrets/delete", { input: Type.Object({ name: Type.String() }, { additionalProperties: false }), reply: NothingSchema }),
  /** The supervisor tells how the zones' processes stand. */
  zones: post("/v1/zones", {
    input: Type.Object({ zones: Type.Record(Type.String(), Type.Object({ state: Type.String(), restarts: Type.Integer(), pid: Type.Optional(Type.Integer()), words: Type.Optional(Type.String({ maxLength: 2048 })) })) }, { additionalProperties: false }),
    reply: NothingSchema,
  }),
  /** The network namespaces besides the gateway's own that core serves a conduit for, each to a field process in it. */
  namespaces: get("/v1/namespaces", { input: NothingSchema, reply: Type.Object({ namespaces: Type.Array(Type.String()) }, { additionalProperties: false }) }),
  /** How firewall and network stand against the configuration. */
  network: get("/v1/network", { input: NothingSchema, reply: NetworkReportSchema }),
  /** Keeps what is on trial; of `changes`, where these are named. NOT_FOUND when nothing is. */
  confirmNetwork: post("/v1/network/confirm", { input: Type.Object({ changes: Type.Optional(Type.Array(Type.String(), { maxItems: 2 })) }, { additionalProperties: false }), reply: NetworkReportSchema }),
  /** Puts on trial again what returned or was refused. */
  tryNetwork: post("/v1/network/try", { input: NothingSchema, reply: NetworkReportSchema }),
  /** Reads the configuration again; the answer says what was applied and what needs a restart. Faults are INPUT_INVALID with the lines. */
  reload: post("/v1/reload", { input: NothingSchema, reply: Type.Object({ applied: Type.Array(Type.String()), needsRestart: Type.Array(Type.String()) }) }),
} as const;
