// What Weir publishes to the cloud: the payloads of its topics as schemas, for the uplink, for receivers and for the published documents.

import Type from "typebox";
import type { Static } from "typebox";
import { AssetIdSchema, NameplateSchema, PointIdSchema } from "../../drivers/contract/identity.ts";
import { DATA_TYPES, EventSchema, SampleSchema } from "../../drivers/contract/reading.ts";

const closed = { additionalProperties: false } as const;

const GatewayId = Type.String({ minLength: 1, maxLength: 64, description: "Id of the gateway, as in the topic." });
/** Dense within its stream and never given twice: a receiver that drops every (gateway, stream, seq) it has seen has each reading once. */
const Seq = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "Number of the reading in its stream; dense, and the same again when it is sent again." });

export const TelemetrySampleSchema = Type.Object({ seq: Seq, ...SampleSchema.properties }, { ...closed, description: "A value of a point." });
export const TelemetryEventSchema = Type.Object({ seq: Seq, ...EventSchema.properties }, { ...closed, description: "An event or alarm of an asset." });

export const GAP_REASONS = ["age", "storage", "damaged"] as const;

export const TelemetryGapSchema = Type.Object(
  {
    gap: Type.Object(
      {
        first: Seq,
        last: Seq,
        reason: Type.Enum(GAP_REASONS, { description: "age: older than the configuration keeps. storage: dropped to keep the disk from filling. damaged: unreadable after a fault of the storage." }),
      },
      closed,
    ),
  },
  { ...closed, description: "Readings that were accepted and had to be dropped: `first` to `last` of this stream never come." },
);

export const TelemetryRecordSchema = Type.Union([TelemetrySampleSchema, TelemetryEventSchema, TelemetryGapSchema]);
export type TelemetryRecord = Static<typeof TelemetryRecordSchema>;

/** In the order of their urgency. */
export const TELEMETRY_LANES = ["events", "live", "backlog"] as const;

export const TelemetrySchema = Type.Object(
  {
    gateway: GatewayId,
    stream: Type.String({ format: "uuid", minLength: 36, maxLength: 36, description: "UUID, made anew whenever the gateway's outbox is created, restored or set aside." }),
    lane: Type.Enum(TELEMETRY_LANES, { description: "Which queue of the gateway they come from. events: events and alarms. live: samples as they come. backlog: samples that waited. Within (stream, lane) the numbers rise, repeats aside; with `order: strict` all come in live." }),
    readings: Type.Array(TelemetryRecordSchema, { minItems: 1, description: "In the order of acceptance." }),
  },
  { ...closed, description: "Readings, each exactly once for a receiver that drops what it has already seen by (gateway, stream, seq)." },
);
export type Telemetry = Static<typeof TelemetrySchema>;

const Level = Type.Optional(Type.String());

export const EquipmentPathSchema = Type.Object(
  { enterprise: Level, site: Level, area: Level, workCenter: Level, workUnit: Level },
  { ...closed, description: "Where the asset stands, in the words of ISA-95." },
);
export type EquipmentPath = Static<typeof EquipmentPathSchema>;

export const InventoryAssetSchema = Type.Object(
  {
    asset: AssetIdSchema,
    name: Type.String({ description: "Name in the gateway's configuration." }),
    state: Type.Enum(["pending", "accepted", "refused", "suspended"], { description: "Only readings of accepted assets are sent." }),
    nameplate: NameplateSchema,
    equipment: EquipmentPathSchema,
    points: Type.Array(
      Type.Object(
        {
          id: PointIdSchema,
          name: Type.String(),
          unit: Type.Optional(Type.String()),
          dataType: Type.Enum(DATA_TYPES),
          access: Type.Union([Type.Literal("read"), Type.Literal("write"), Type.Literal("readWrite")]),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const InventorySchema = Type.Object({ gateway: GatewayId, assets: Type.Array(InventoryAssetSchema) }, { ...closed, description: "The assets that the gateway reads. Retained; replaces the one before. One message: some 5 KB per machine of 50 points, so that the broker must take 10 MB for 2,000 machines; one that does not take it is told by the gateway's condition CLOUD_DOCUMENT_REFUSED." });
export type Inventory = Static<typeof InventorySchema>;

export const LinkStatusSchema = Type.Object(
  {
    gateway: GatewayId,
    state: Type.Union([Type.Literal("online"), Type.Literal("offline")], { description: "offline is the will: the broker says it when the gateway is gone." }),
    version: Type.String({ description: "Version of Weir." }),
    mode: Type.Union([Type.Literal("observe"), Type.Literal("manage")], { description: "observe: nothing comes down from the cloud. manage: task orders are taken." }),
    time: Type.Optional(Type.String({ description: "When this was written (ISO 8601, UTC); absent in the will, which was written long before." })),
    outbox: Type.Optional(
      Type.Object(
        {
          queued: Type.Integer({ description: "Readings accepted and not yet confirmed." }),
          dropped: Type.Integer({ description: "Readings dropped since the outbox was created; each is covered by a gap." }),
          rejected: Type.Integer({ description: "Readings that the destination refused for good." }),
          oldestSeconds: Type.Union([Type.Number(), Type.Null()], { description: "Age of the oldest reading that waits, in running time of the gateway: a lower bound, which no jump of a clock changes; null when none waits." }),
        },
        closed,
      ),
    ),
    audit: Type.Optional(
      Type.Object(
        {
          number: Type.Integer({ description: "Number of the newest entry of the gateway's audit log." }),
          chain: Type.String({ description: "Its mark (HMAC-SHA-256, hexadecimal), which covers all entries before it. Whoever keeps it can have the gateway show that its log still goes through it: `weir audit verify --known NUMBER:MARK`." }),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: "Whether the gateway is connected, and what it still holds. Retained." },
);
export type LinkStatus = Static<typeof LinkStatusSchema>;

/** How tasks go; a leaf names them itself, and a test compares. */
const TASK_STATES = ["ordered", "approved", "waiting", "running", "done", "failed", "cancelled", "expired"] as const;

export const TaskProgressSchema = Type.Object(
  {
    gateway: GatewayId,
    id: Type.String({ format: "uuid", minLength: 36, maxLength: 36, description: "As in the topic. Ordered again with the same id it is the same task." }),
    kind: Type.String({ description: "What is done, e.g. asset-snapshot or gateway-snapshot." }),
    target: Type.Union([Type.String(), Type.Null()], { description: "The machine, as the gateway's register names it; null where it is about the gateway." }),
    state: Type.Enum(TASK_STATES, { description: "ordered: waits for somebody's consent. approved, waiting: waits for its turn or for the machine. Then running, and at the end done, failed, cancelled or expired." }),
    needsApproval: Type.Boolean({ description: "Somebody at the plant has to consent before it runs." }),
    words: Type.String({ description: "What it does now, or why it ended." }),
    ordered: Type.String({ description: "When it was ordered (ISO 8601, UTC)." }),
    changed: Type.String({ description: "When it came into this state (ISO 8601, UTC)." }),
    result: Type.Union([Type.Object({ name: Type.String(), type: Type.String(), bytes: Type.Integer() }, closed), Type.Null()], { description: "What it brought, kept at the gateway." }),
  },
  { ...closed, description: "How a task stands. Sent with each new state until the broker confirms it: after an outage the present state alone, and the same one perhaps twice. Not retained: a task's id is used once, and a retained message of each would stay for ever." },
);
export type TaskProgress = Static<typeof TaskProgressSchema>;

/** The topics, with `{gateway}` and `{task}` to be filled in. */
export const TOPICS = {
  telemetry: "weir/v1/{gateway}/telemetry",
  telemetryDeflate: "weir/v1/{gateway}/telemetry/deflate",
  telemetryZstd: "weir/v1/{gateway}/telemetry/zstd",
  inventory: "weir/v1/{gateway}/inventory",
  status: "weir/v1/{gateway}/status",
  task: "weir/v1/{gateway}/tasks/{task}",
} as const;
