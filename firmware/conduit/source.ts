// The source conduit, between core and the two zones that read machines and hardware (field, devices).

import Type from "typebox";
import type { Static } from "typebox";
import { AssetIdSchema, NameplateSchema, PointIdSchema } from "../../drivers/contract/identity.ts";
import { DATA_TYPES, ReadingSchema } from "../../drivers/contract/reading.ts";
import { LogLevelSchema } from "../config/log-section.ts";
import { get, post } from "./route.ts";
import { AfterSchema, AliveSchema, FaultReportSchema, NothingSchema, SecretsSchema } from "./shared.ts";

export const CursorMoveSchema = Type.Object({ asset: AssetIdSchema, cursor: Type.String({ maxLength: 1024 }) }, { additionalProperties: false });

const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256, lower-case hexadecimal" });

/** How a machine that publishes to the gateway proves itself: its user name and the common name of its certificate are the assignment's name. */
export const IngestAccessSchema = Type.Object(
  {
    /** Of the password's UTF-8 bytes; random and long, so that no slow hash is needed. */
    passwordSha256: Type.Optional(Sha256),
    /** Fingerprints of the certificates that were issued to it and still count. */
    certificates: Type.Array(Sha256, { maxItems: 8 }),
  },
  { additionalProperties: false },
);
export type IngestAccess = Static<typeof IngestAccessSchema>;

const Port = Type.Integer({ minimum: 1, maximum: 65_535 });

/** What the zone does in a machine segment besides reading: it searches, can be found, and listens. */
export const SegmentDutySchema = Type.Object(
  {
    name: Type.String(),
    interface: Type.String(),
    subnets: Type.Array(Type.String()),
    /** The port that probes leave from; no discovery without it. */
    probePort: Type.Optional(Port),
    /** Asked each by itself: an IP address (UDP), or the http:// URL of a target's own endpoint. */
    hosts: Type.Array(Type.String()),
    ingestTls: Type.Optional(Port),
    ingestPlain: Type.Optional(Port),
  },
  { additionalProperties: false },
);
export type SegmentDuty = Static<typeof SegmentDutySchema>;

/** What the TLS ports of the ingest endpoint show and demand; PEM texts. */
export const IngestTlsSchema = Type.Object({ certificate: Type.String(), key: Type.String(), clientCa: Type.String() }, { additionalProperties: false });
export type IngestTls = Static<typeof IngestTlsSchema>;

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
    /** Present for a machine that was enrolled: it may publish to the gateway. */
    ingest: Type.Optional(IngestAccessSchema),
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

/** Points of an asset at most, and in one request: a page is checked and written in one turn of core's event loop. */
export const POINTS_PER_PAGE = 400;
export const POINT_PAGES = 50;

/** A target as it was found, and as it showed itself when it was asked without credentials. Claims, all of it, but for the certificate of a TLS handshake. */
const PresentSchema = Type.Object(
  {
    kind: Type.Literal("present"),
    /** The endpoint reference of WS-Discovery. */
    endpoint: Type.String({ minLength: 1, maxLength: 512 }),
    /** Where its messages come from. */
    address: Type.String({ maxLength: 128 }),
    /** `{namespace}name` */
    types: Type.Array(Type.String({ maxLength: 512 }), { maxItems: 64 }),
    scopes: Type.Array(Type.String({ maxLength: 512 }), { maxItems: 64 }),
    metadataVersion: Type.Integer({ minimum: 0 }),
    /** The driver whose discovery types it announces, absent where none does: it is listed and cannot be read. */
    driver: Type.Optional(Type.String({ maxLength: 64 })),
    /** The address within its segment that the driver would be given; absent where it announces none there. */
    url: Type.Optional(Type.String({ maxLength: 2048 })),
    /** What it answers to the driver's identification. */
    nameplate: Type.Optional(NameplateSchema),
    /** DPWS ThisModel and ThisDevice. */
    device: Type.Optional(NameplateSchema),
    /** DER in base64, its own first: shown in a TLS handshake, so it holds the key of the first. */
    certificates: Type.Optional(Type.Array(Type.String({ maxLength: 8192 }), { minItems: 1, maxItems: 4 })),
    /** Why it could not be asked: an address outside the segment, no answer, refused without credentials. */
    fault: Type.Optional(FaultReportSchema),
  },
  { additionalProperties: false },
);
/** `left`: it said goodbye from its own address. `silent`: it answered several rounds of probes no more. */
const AbsentSchema = Type.Object(
  { kind: Type.Union([Type.Literal("left"), Type.Literal("silent")]), endpoint: Type.String({ minLength: 1, maxLength: 512 }), address: Type.String({ maxLength: 128 }) },
  { additionalProperties: false },
);
export const FoundReportSchema = Type.Union([PresentSchema, AbsentSchema]);
export type FoundReport = Static<typeof FoundReportSchema>;
export type PresentReport = Static<typeof PresentSchema>;

/** Readings in one request: it is one piece of a commit, so it bounds how long core's event loop is held. */
export const READINGS_PER_REQUEST = 512;

/** What core wants done with a machine. */
export const OrderSchema = Type.Object({ id: Type.String(), kind: Type.Enum(["asset-snapshot"]), assignment: Type.String() }, { additionalProperties: false });
export type Order = Static<typeof OrderSchema>;

/** Bytes of a request of readings, or of what was found: so much is parsed in some ms, whatever it holds. A reading that is larger is set apart by its zone. */
const MOST_BYTES = 524_288;

export const sourceConduit = {
  /** Long poll: what the zone shall read, and how much it shall log. A change of configuration is a new revision. */
  assignments: get("/v1/assignments", {
    input: AfterSchema,
    reply: Type.Object(
      {
        revision: Type.Integer(),
        logLevel: LogLevelSchema,
        assignments: Type.Array(AssignmentSchema),
        segments: Type.Array(SegmentDutySchema),
        /** Absent where no TLS port of the ingest endpoint is configured. */
        ingestTls: Type.Optional(IngestTlsSchema),
      },
      { additionalProperties: false },
    ),
  }),
  /**
   * What a session found behind an assignment. Core answers which of the assets are accepted: only their readings are taken. It names those whose points
   * (a digest of their list) are others than it knows: they are sent page by page (`points`), and come into force with the last one.
   */
  identify: post("/v1/identify", {
    input: Type.Object(
      {
        assignment: Type.String(),
        address: Type.String({ maxLength: 512 }),
        assets: Type.Array(Type.Object({ nameplate: NameplateSchema, points: Sha256 }, { additionalProperties: false }), { maxItems: 100 }),
      },
      { additionalProperties: false },
    ),
    reply: Type.Object({ accepted: Type.Array(AssetIdSchema), wanted: Type.Array(AssetIdSchema), cursors: Type.Record(Type.String(), Type.String()) }, { additionalProperties: false }),
    bodyLimit: 1_048_576,
  }),
  /** One page of an asset's list of points, in their order. `isInForce` is false before the last one, and where core needs all of them again: then identify again. */
  points: post("/v1/points", {
    input: Type.Object(
      {
        assignment: Type.String(),
        asset: AssetIdSchema,
        list: Sha256,
        page: Type.Integer({ minimum: 0, maximum: POINT_PAGES - 1 }),
        points: Type.Array(PointSpecSchema, { maxItems: POINTS_PER_PAGE }),
        isLast: Type.Boolean(),
      },
      { additionalProperties: false },
    ),
    reply: Type.Object({ isInForce: Type.Boolean() }, { additionalProperties: false }),
    bodyLimit: 1_572_864,
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
    bodyLimit: MOST_BYTES,
  }),
  /** A payload that could not be mapped, kept with its reason in a bounded quarantine. */
  quarantine: post("/v1/quarantine", {
    input: Type.Object({ asset: AssetIdSchema, reason: Type.String({ maxLength: 1024 }), payload: Type.String({ maxLength: 262_144, description: "base64" }) }, { additionalProperties: false }),
    reply: NothingSchema,
    bodyLimit: 327_680,
  }),
  /** What was found in a segment: when it changes, and each that is present again every two minutes, so that a core that was away knows it. */
  found: post("/v1/found", {
    input: Type.Object({ segment: Type.String({ maxLength: 64 }), reports: Type.Array(FoundReportSchema, { maxItems: 32 }) }, { additionalProperties: false }),
    reply: NothingSchema,
    bodyLimit: MOST_BYTES,
  }),
  /** How the ports of the ingest endpoint stand: when it changes, and every minute. */
  ingest: post("/v1/ingest", {
    input: Type.Object(
      {
        listeners: Type.Array(Type.Object({ segment: Type.String(), address: Type.String(), port: Port, isTls: Type.Boolean(), fault: Type.Optional(FaultReportSchema) }, { additionalProperties: false }), { maxItems: 512 }),
        connections: Type.Integer(),
        /** So much is received and not durable yet that nothing is read. */
        isFull: Type.Boolean(),
      },
      { additionalProperties: false },
    ),
    reply: NothingSchema,
  }),
  /** Something is wrong with a peer that belongs to no assignment: a client that is not let in, a datagram flood. `where` names its address. */
  peer: post("/v1/peer", { input: Type.Object({ fault: FaultReportSchema }, { additionalProperties: false }), reply: NothingSchema }),
  /** The zone is there: every few seconds. */
  alive: post("/v1/alive", { input: AliveSchema, reply: NothingSchema }),
  /**
   * Long poll: all that the zone is to do with its machines now, until it has told the end of it. What it worked on and does not find here any more is to be ended.
   * A zone that comes back finds again what it did not end.
   */
  orders: get("/v1/orders", {
    input: AfterSchema,
    reply: Type.Object({ revision: Type.Integer(), orders: Type.Array(OrderSchema) }, { additionalProperties: false }),
  }),
  /** How an order goes on; `isCancelled` in the answer: to be ended. The first of a zone says `running`. Part of the result comes with it, in order, base64; `done` comes after the last part. */
  orderProgress: post("/v1/orders/progress", {
    input: Type.Object(
      {
        id: Type.String({ maxLength: 36 }),
        state: Type.Enum(["running", "done", "failed"]),
        progress: Type.Number({ minimum: 0, maximum: 1 }),
        words: Type.String({ maxLength: 2048 }),
        result: Type.Optional(Type.Object({ name: Type.String({ maxLength: 128 }), type: Type.String({ maxLength: 128 }), offset: Type.Integer({ minimum: 0 }), base64: Type.String({ maxLength: 262_144 }) }, { additionalProperties: false })),
      },
      { additionalProperties: false },
    ),
    reply: Type.Object({ isCancelled: Type.Boolean() }, { additionalProperties: false }),
    bodyLimit: 327_680,
  }),
  /** How the connection behind an assignment stands; the newest report replaces the one before. */
  link: post("/v1/link", {
    input: Type.Object(
      {
        assignment: Type.String(),
        state: Type.Union([Type.Literal("connecting"), Type.Literal("connected"), Type.Literal("lost"), Type.Literal("stopped")]),
        fault: Type.Optional(FaultReportSchema),
        /** How readings arrive: the URL of the machine's broker, `gateway` (the machine publishes to us) or `polled`. */
        via: Type.Optional(Type.String({ maxLength: 512 })),
        /** True for a fault that ended nothing and only needs to be known. */
        advisory: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
    reply: NothingSchema,
  }),
} as const;
