// The cloud conduit, between core and the zone that holds the uplink.

import Type from "typebox";
import type { Static } from "typebox";
import { CloudSchema } from "../config/cloud-section.ts";
import { LogLevelSchema } from "../config/log-section.ts";
import { AuditMarkSchema } from "./audit.ts";
import { get, post, postForBytes } from "./route.ts";
import { AfterSchema, AliveSchema, FaultReportSchema, NothingSchema, OutboxFiguresSchema, SecretsSchema, SeqRangeSchema } from "./shared.ts";

/** Addresses that one name may stand for. */
export const MAX_ADDRESSES = 256;

/** Of each kind in one request: a lease holds 1,000 readings at most, whatever is asked for. */
export const MOST_VERDICTS = 2048;

export const LANES = ["events", "live", "backlog"] as const;
export type Lane = (typeof LANES)[number];
export const LaneSchema = Type.Enum(LANES);

/** What is published beside the readings; the progress of tasks is not retained. */
export const DOCUMENTS = ["inventory", "status", "task"] as const;
export type DocumentName = (typeof DOCUMENTS)[number];

const PortSchema = Type.Integer({ minimum: 1, maximum: 65_535 });
const AddressSchema = Type.String({ pattern: "^[0-9A-Fa-f:.]{2,45}$" });
const LifeSchema = Type.Integer({ minimum: 1, maximum: 604_800 });
/** Addresses, each with a port where it is not 53, as `setServers` of node:dns takes them. None: as the system resolves. */
const NameServersSchema = Type.Array(Type.String(), { maxItems: 8 });

/** Names what lies in a lease's body. An empty lease (nothing came within `waitMs`) has count 0 and no ranges. */
export const LeaseHeadSchema = Type.Object(
  {
    /** Unique within core's process; 0 for an empty lease. */
    lease: Type.Integer(),
    stream: Type.String({ description: "UUID of the stream that the sequence numbers belong to" }),
    lane: LaneSchema,
    count: Type.Integer(),
    /** Exactly the sequence numbers that the body holds, gap records included as the ranges they cover. Ascending. */
    ranges: Type.Array(SeqRangeSchema),
    /** Readings waiting in this lane after this lease; for drain control and the status. */
    waiting: Type.Integer(),
  },
  { additionalProperties: false },
);
export type LeaseHead = Static<typeof LeaseHeadSchema>;

export const cloudConduit = {
  /** Long poll: the link that the configuration asks for, null where it asks for none, with the secrets it names; and how much the zone shall log. */
  link: get("/v1/link", {
    input: AfterSchema,
    reply: Type.Object(
      { revision: Type.Integer(), logLevel: LogLevelSchema, gateway: Type.String(), version: Type.String(), link: Type.Union([CloudSchema, Type.Null()]), secrets: SecretsSchema, nameServers: NameServersSchema },
      { additionalProperties: false },
    ),
  }),
  /**
   * What a name of the configuration stands for: core judges the addresses, and host opens the firewall for those that may stand for it, for as long as
   * their life. Harmless when repeated. With `fault` the name could not be resolved; the addresses are then those known before. ADDRESS_REFUSED for
   * another name or port than the configuration has; PEER_TIMEOUT and other passing faults when host does not answer: nothing is known then.
   */
  admitName: post("/v1/name", {
    input: Type.Object(
      {
        name: Type.String({ minLength: 1, maxLength: 253 }),
        port: PortSchema,
        addresses: Type.Array(Type.Object({ address: AddressSchema, lifeSeconds: LifeSchema }, { additionalProperties: false }), { maxItems: MAX_ADDRESSES }),
        fault: Type.Optional(FaultReportSchema),
      },
      { additionalProperties: false },
    ),
    reply: Type.Object(
      {
        refused: Type.Array(
          Type.Object(
            {
              address: Type.String(),
              /** `inwards`: private, or of the machines, of the plant or of management. `walls`: host's firewall knows no such destination. */
              why: Type.Union([Type.Literal("inwards"), Type.Literal("walls")]),
            },
            { additionalProperties: false },
          ),
        ),
      },
      { additionalProperties: false },
    ),
  }),
  /**
   * Takes up to `maxCount` readings of one lane, at most `maxBytes` of body (one reading at least), and never more than 1,000 or 1 MiB. The body is the JSON text of
   * the array of readings exactly as it goes into the payload's `readings`. Waits up to `waitMs` for a first reading, and
   * for company until `lingerMs` after the lane's last lease: a reading that comes alone goes at once. A lease ends by settle, or when its epoch is succeeded by another or silent for 120 s.
   */
  lease: postForBytes("/v1/lease", {
    input: Type.Object(
      {
        lane: LaneSchema,
        maxCount: Type.Integer({ minimum: 1, maximum: 10_000 }),
        maxBytes: Type.Integer({ minimum: 1024, maximum: 8_388_608 }),
        lingerMs: Type.Integer({ minimum: 0, maximum: 60_000 }),
        waitMs: Type.Integer({ minimum: 0, maximum: 60_000 }),
      },
      { additionalProperties: false },
    ),
    head: LeaseHeadSchema,
  }),
  /** The destination's verdict on leased readings; durable before the answer. Ranges not named stay leased. */
  settle: post("/v1/settle", {
    input: Type.Object(
      {
        lease: Type.Integer(),
        stream: Type.String(),
        /** Confirmed by the broker. */
        accepted: Type.Array(SeqRangeSchema, { maxItems: MOST_VERDICTS }),
        /** Refused for good: kept apart with the reason and shown to the operator. */
        rejected: Type.Array(Type.Object({ range: SeqRangeSchema, reason: Type.String({ maxLength: 512 }) }, { additionalProperties: false }), { maxItems: MOST_VERDICTS }),
        /** Not delivered; free to be leased again at once. */
        kept: Type.Array(SeqRangeSchema, { maxItems: MOST_VERDICTS }),
      },
      { additionalProperties: false },
    ),
    reply: NothingSchema,
    bodyLimit: 1_048_576,
  }),
  /**
   * Long poll: the document of topic `inventory`: assets with nameplate, equipment path, points. The body is its JSON text as it is
   * published, some 5 KB per machine of 50 points; empty where nothing is newer than `after`.
   */
  inventory: postForBytes("/v1/inventory", {
    input: AfterSchema,
    head: Type.Object({ revision: Type.Integer(), digest: Type.String({ description: "The same for the same body, also in another process." }) }, { additionalProperties: false }),
  }),
  /** What became of a retained document: whether the broker took it, or why not. */
  document: post("/v1/document", {
    input: Type.Object({ document: Type.Enum(DOCUMENTS), fault: Type.Optional(FaultReportSchema) }, { additionalProperties: false }),
    reply: NothingSchema,
  }),
  /** Long poll: tasks whose present state the broker has not confirmed, the oldest change first; `text` is the payload of topic `tasks/{id}` as it is published. */
  tasks: get("/v1/tasks", {
    input: AfterSchema,
    reply: Type.Object({ revision: Type.Integer(), tasks: Type.Array(Type.Object({ id: Type.String(), change: Type.Integer(), text: Type.String() }, { additionalProperties: false })) }, { additionalProperties: false }),
  }),
  /** The broker has confirmed this change of the task. */
  taskTold: post("/v1/tasks/told", { input: Type.Object({ id: Type.String({ maxLength: 36 }), change: Type.Integer() }, { additionalProperties: false }), reply: NothingSchema }),
  /** The zone is there: every few seconds. */
  alive: post("/v1/alive", { input: AliveSchema, reply: NothingSchema }),
  /** For topic `status`: the outbox figures, and where the audit log ends. */
  figures: get("/v1/figures", { input: NothingSchema, reply: Type.Object({ ...OutboxFiguresSchema.properties, audit: Type.Optional(AuditMarkSchema) }, { additionalProperties: false }) }),
  /** How the link stands. `connected` opens the live lane at the present head: what is older is backlog. */
  state: post("/v1/state", {
    input: Type.Object(
      {
        state: Type.Union([Type.Literal("connecting"), Type.Literal("connected"), Type.Literal("lost"), Type.Literal("stopped")]),
        fault: Type.Optional(FaultReportSchema),
        peer: Type.Optional(Type.String({ maxLength: 512 })),
      },
      { additionalProperties: false },
    ),
    reply: NothingSchema,
  }),
} as const;
