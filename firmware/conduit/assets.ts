// The part of the local conduit that is about the register: what people see of assets and what they do with them.

import Type from "typebox";
import type { Static, TSchema } from "typebox";
import { AssetIdSchema, NameplateSchema } from "../../drivers/contract/identity.ts";
import { get, post } from "./route.ts";
import { NothingSchema } from "./shared.ts";

export const ASSET_STATES = ["pending", "accepted", "refused", "suspended"] as const;

/** `configuration`: under `assets:` there. `found`: on a segment. `imported`: by hand, from a list. */
export const ASSET_ORIGINS = ["configuration", "found", "imported"] as const;

const text = (maxLength: number) => Type.String({ maxLength });
const orNull = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);

/** One asset, or one thing found that may become one, as the register knows it. */
export const AssetEntrySchema = Type.Object(
  {
    /** What it is called by in commands: the name of an assignment, else the asset's id, else the endpoint it was found as. Unique. */
    key: text(512),
    id: orNull(AssetIdSchema),
    name: orNull(text(64)),
    state: Type.Enum(ASSET_STATES),
    origin: Type.Enum(ASSET_ORIGINS),
    driver: orNull(text(64)),
    /** What the driver is given; null where it can not be read. */
    url: orNull(text(2048)),
    /** Where it was seen last. */
    address: orNull(text(512)),
    segment: orNull(text(64)),
    /** The endpoint reference of WS-Discovery. */
    endpoint: orNull(text(512)),
    presence: Type.Enum(["present", "left", "silent", "unknown"]),
    nameplate: orNull(NameplateSchema),
    /** What it showed in a TLS handshake. */
    certificate: orNull(Type.Object({ fingerprint: text(64), subject: text(512), issuer: text(512), notAfter: text(40) }, { additionalProperties: false })),
    /** SHA-256 of the certificate that it must show, where one is demanded: what was accepted, or what people said. */
    pin: orNull(text(64)),
    /** What is different from what was accepted, in words. */
    changes: Type.Array(text(1024), { maxItems: 16 }),
    /** Why it could not be asked, or why it is suspended or refused. */
    reason: orNull(text(2048)),
    link: text(32),
    /** How readings arrive: the URL of the machine's broker, `gateway`, `polled`. */
    via: orNull(text(512)),
    points: Type.Integer(),
    equipment: Type.Record(Type.String(), Type.String()),
    /** It may publish to the gateway, and by what it proves itself. */
    enrolled: Type.Array(Type.Enum(["password", "certificate"])),
    note: orNull(text(1024)),
    firstSeen: orNull(text(40)),
    lastSeen: orNull(text(40)),
    /** A digest of what a person judges by; to be given back when it is accepted, so that nobody accepts what changed meanwhile. */
    seen: text(64),
  },
  { additionalProperties: false },
);
export type AssetEntry = Static<typeof AssetEntrySchema>;

/** One line of a list that people keep. What is absent stays as it is; an empty text removes it. */
export const AssetLineSchema = Type.Object(
  {
    name: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" }),
    manufacturer: Type.Optional(text(256)),
    model: Type.Optional(text(256)),
    serialNumber: Type.Optional(text(256)),
    productInstanceUri: Type.Optional(text(512)),
    softwareRevision: Type.Optional(text(256)),
    deviceClass: Type.Optional(text(256)),
    driver: Type.Optional(text(64)),
    /** With a URL it is read; without one it is an entry alone. */
    url: Type.Optional(text(2048)),
    segment: Type.Optional(text(64)),
    /** SHA-256 of its certificate. */
    pin: Type.Optional(text(95)),
    site: Type.Optional(text(64)),
    area: Type.Optional(text(64)),
    workCenter: Type.Optional(text(64)),
    workUnit: Type.Optional(text(64)),
    note: Type.Optional(text(1024)),
  },
  { additionalProperties: false },
);
export type AssetLine = Static<typeof AssetLineSchema>;

/** Lines of one request, and parts of one list. */
export const LINES_PER_PART = 100;
const MOST_PARTS = 64;

/** Which part of a list the lines of a request are. */
const ImportPartSchema = Type.Object({ list: Type.String({ minLength: 1, maxLength: 36 }), number: Type.Integer({ minimum: 0, maximum: MOST_PARTS - 1 }), isLast: Type.Boolean() }, { additionalProperties: false });
export type ImportPart = Static<typeof ImportPartSchema>;

const AssetHistorySchema = Type.Object({ at: text(40), kind: text(64), actor: text(256), detail: text(2048) }, { additionalProperties: false });

export const assetRoutes = {
  /** The register, in the order of its keys, from the one after `after` on. */
  assets: get("/v1/assets", {
    input: Type.Object({ after: Type.Optional(text(512)), limit: Type.Integer({ minimum: 1, maximum: 100 }) }, { additionalProperties: false }),
    reply: Type.Object({ assets: Type.Array(AssetEntrySchema), hasMore: Type.Boolean() }, { additionalProperties: false }),
  }),
  /** One entry with its newest history. NOT_FOUND. */
  asset: get("/v1/asset", {
    input: Type.Object({ key: text(512), limit: Type.Integer({ minimum: 0, maximum: 1000 }) }, { additionalProperties: false }),
    reply: Type.Object({ asset: AssetEntrySchema, history: Type.Array(AssetHistorySchema) }, { additionalProperties: false }),
  }),
  /**
   * A person accepts what they have seen: it is read from now on. IDENTITY_CHANGED where it is not what they saw (`seen`), INPUT_INVALID where it can not be
   * read. What is suspended or refused is taken up again.
   */
  acceptAsset: post("/v1/assets/accept", {
    input: Type.Object(
      {
        key: text(512),
        seen: text(64),
        /** Its name from now on; made from its serial number where none is given. */
        name: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" })),
        /** For a machine that wants them; only over https. The password is the name of a secret. */
        credentials: Type.Optional(Type.Object({ user: Type.String({ minLength: 1, maxLength: 256 }), secret: text(63) }, { additionalProperties: false })),
      },
      { additionalProperties: false },
    ),
    reply: Type.Object({ asset: AssetEntrySchema }, { additionalProperties: false }),
  }),
  /** It is read no more, or never, and not offered again as long as it is what it is. */
  refuseAsset: post("/v1/assets/refuse", { input: Type.Object({ key: text(512), reason: Type.Optional(text(1024)) }, { additionalProperties: false }), reply: Type.Object({ asset: AssetEntrySchema }, { additionalProperties: false }) }),
  /** Forgets an entry that no configuration names and nothing reads. */
  forgetAsset: post("/v1/assets/forget", { input: Type.Object({ key: text(512) }, { additionalProperties: false }), reply: NothingSchema }),
  /**
   * Lines of a list that people keep, all or none; `problems` name the line (0 is the first of the list) and the field, and nothing is taken then. A longer
   * list (up to 2,000 lines) comes in parts in their order, and is taken with its last one; the answers before say nothing.
   */
  importAssets: post("/v1/assets/import", {
    input: Type.Object({ lines: Type.Array(AssetLineSchema, { maxItems: LINES_PER_PART }), dryRun: Type.Boolean(), part: Type.Optional(ImportPartSchema) }, { additionalProperties: false }),
    reply: Type.Object(
      {
        added: Type.Integer(),
        changed: Type.Integer(),
        same: Type.Integer(),
        problems: Type.Array(Type.Object({ line: Type.Integer(), field: orNull(text(64)), message: text(1024) }, { additionalProperties: false }), { maxItems: 2000 }),
      },
      { additionalProperties: false },
    ),
    bodyLimit: 524_288,
  }),
  /** An accepted machine may publish to the gateway. What is given out is shown once and not kept; it replaces a former password. */
  enrolAsset: post("/v1/assets/enrol", {
    input: Type.Object(
      { key: text(512), by: Type.Enum(["password", "certificate"]), /** PEM of a PKCS#10 request; without it the key is made here. */ request: Type.Optional(text(16_384)) },
      { additionalProperties: false },
    ),
    reply: Type.Object(
      {
        user: Type.String(),
        password: Type.Optional(Type.String()),
        /** PEM; the key only where it was made here. */
        certificate: Type.Optional(Type.String()),
        key: Type.Optional(Type.String()),
        /** PEM of the machine CA, which the gateway's own certificate is checked against. */
        ca: Type.String(),
        /** Where to publish to: the endpoint's URLs in the machine's segment. */
        urls: Type.Array(Type.String()),
      },
      { additionalProperties: false },
    ),
  }),
  /** Takes all that a machine was enrolled with: it is let in no more. */
  disenrolAsset: post("/v1/assets/disenrol", { input: Type.Object({ key: text(512) }, { additionalProperties: false }), reply: NothingSchema }),
  /** The CA of the machines: PEM, and its SHA-256. */
  machineCa: get("/v1/ca/machines", { input: NothingSchema, reply: Type.Object({ certificate: Type.String(), fingerprint: Type.String() }, { additionalProperties: false }) }),
  /** A new CA with a new key in its place: all machines must be given it and be enrolled anew. */
  renewMachineCa: post("/v1/ca/machines/renew", { input: NothingSchema, reply: Type.Object({ certificate: Type.String(), fingerprint: Type.String() }, { additionalProperties: false }) }),
} as const;
