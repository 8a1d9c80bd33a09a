// The source conduit, between core and the two zones that read machines and hardware (field, devices).

import Type from "typebox";
import type { Static } from "typebox";
import { AssetIdSchema, NameplateSchema, PointIdSchema } from "../../drivers/contract/identity.ts";
import { DATA_TYPES, ReadingSchema } from "../../drivers/contract/reading.ts";
import { LogLevelSchema } from "../config/log-section.ts";
import { get, post } from "./route.ts";
import { AfterSchema, AliveSchema, FaultReportSchema, NothingSchema, SecretsSchema } from "./shared.ts";

export const CursorMoveSchema = Type.Object({ asset: AssetIdSchema, cursor: Type.String({ maxLength: 1024 }) }, { additionalProperties: false });

/** One configured and accepted machine: which driver with which configuration, in which segment, with which secrets. */
export const AssignmentSchema = Type.Object(
  {
    /** The name under `assets:` in the configuration; unique, and the scope of the log. */
    name: Type.String(),
    driver: Type.String(),
    /** Checked against the driver's schema by core when the configuration was loaded. */
    config: Type.Unknown(),
    /** CIDR blocks of the machine's segment; empty where none is configured. */
    segment: Type.Array(Type.String()),
    secrets: SecretsSchema,
    /** Durable cursors by asset id, for the assets that this assignment was ever bound to. */
    cursors: Type.Record(Type.String(), Type.String()),
  },
  { additionalProperties: false },
);
export type Assignment = Static<typeof AssignmentSchema>;

export const PointSpecSchema = Type.Object(
  {
    id: PointIdSchema,
    name: Type.String({ maxLength: 256 }),
    unit: Type.Optional(Type.String({ maxLength: 32 })),
    dataType: Type.Enum(DATA_TYPES),
    access: Type.Union([Type.Literal("read"), Type.Literal("write"), Type.Literal("readWrite")]),
  },
  { additionalProperties: false },
);

/** Readings in one request: it is one piece of a commit, so it bounds how long core's event loop is held. */
export const READINGS_PER_REQUEST = 512;

export const sourceConduit = {
  /** Long poll: what the zone shall read, and how much it shall log. A change of configuration is a new revision. */
  assignments: get("/v1/assignments", {
    input: AfterSchema,
    reply: Type.Object({ revision: Type.Integer(), logLevel: LogLevelSchema, assignments: Type.Array(AssignmentSchema) }, { additionalProperties: false }),
  }),
  /** What a session found behind an assignment. Core answers which of the assets are accepted: only their readings are taken. */
  identify: post("/v1/identify", {
    input: Type.Object(
      {
        assignment: Type.String(),
        address: Type.String({ maxLength: 512 }),
        assets: Type.Array(Type.Object({ nameplate: NameplateSchema, points: Type.Array(PointSpecSchema, { maxItems: 20_000 }) }, { additionalProperties: false }), { maxItems: 1000 }),
      },
      { additionalProperties: false },
    ),
    reply: Type.Object({ accepted: Type.Array(AssetIdSchema), cursors: Type.Record(Type.String(), Type.String()) }, { additionalProperties: false }),
    bodyLimit: 8 * 1_048_576,
  }),
  /** Readings and cursors, committed together with `synchronous=FULL` before the answer. */
  readings: post("/v1/readings", {
    input: Type.Object({ readings: Type.Array(ReadingSchema, { maxItems: READINGS_PER_REQUEST }), cursors: Type.Optional(Type.Array(CursorMoveSchema, { maxItems: 1000 })) }, { additionalProperties: false }),
    reply: Type.Object(
      {
        accepted: Type.Integer(),
        /** Recognised as resent by their source and already accepted before. */
        repeated: Type.Integer(),
        /** Acknowledged but set apart: their asset is unknown or not accepted. */
        quarantined: Type.Integer(),
      },
      { additionalProperties: false },
    ),
    bodyLimit: 4 * 1_048_576,
  }),
  /** A payload that could not be mapped, kept with its reason in a bounded quarantine. */
  quarantine: post("/v1/quarantine", {
    input: Type.Object({ asset: AssetIdSchema, reason: Type.String({ maxLength: 1024 }), payload: Type.String({ maxLength: 1_400_000, description: "base64" }) }, { additionalProperties: false }),
    reply: NothingSchema,
    bodyLimit: 2 * 1_048_576,
  }),
  /** The zone is there: every few seconds. */
  alive: post("/v1/alive", { input: AliveSchema, reply: NothingSchema }),
  /** How the connection behind an assignment stands; the newest report replaces the one before. */
  link: post("/v1/link", {
    input: Type.Object(
      {
        assignment: Type.String(),
        state: Type.Union([Type.Literal("connecting"), Type.Literal("connected"), Type.Literal("lost"), Type.Literal("stopped")]),
        fault: Type.Optional(FaultReportSchema),
        /** True for a fault that ended nothing and only needs to be known. */
        advisory: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
    reply: NothingSchema,
  }),
} as const;
