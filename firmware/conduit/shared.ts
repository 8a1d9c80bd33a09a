// Schemas that more than one conduit speaks.

import Type from "typebox";
import type { Static } from "typebox";
import { FAULT_CODES } from "../../drivers/contract/fault.ts";

/** An inclusive range of sequence numbers, `[first, last]`. */
export const SeqRangeSchema = Type.Tuple([Type.Integer({ minimum: 1 }), Type.Integer({ minimum: 1 })]);
export type SeqRange = Static<typeof SeqRangeSchema>;

export const FaultReportSchema = Type.Object(
  {
    code: Type.Enum(FAULT_CODES),
    kind: Type.Union([Type.Literal("config"), Type.Literal("transient"), Type.Literal("permanent"), Type.Literal("denied"), Type.Literal("defect")]),
    message: Type.String({ maxLength: 2048 }),
    where: Type.Optional(Type.String({ maxLength: 1024 })),
    remedy: Type.Optional(Type.String({ maxLength: 1024 })),
  },
  { additionalProperties: false },
);

/** Asks for what is newer than revision `after`; the answer waits up to `waitMs` for it and else repeats the present revision. */
export const AfterSchema = Type.Object({ after: Type.Integer({ minimum: 0 }), waitMs: Type.Integer({ minimum: 0, maximum: 60_000 }) }, { additionalProperties: false });

export const NothingSchema = Type.Object({}, { additionalProperties: false });

/** What a zone says of itself every few seconds. */
export const AliveSchema = Type.Object(
  { pid: Type.Integer(), uptimeSeconds: Type.Number(), memoryBytes: Type.Integer({ description: "Resident memory of the process" }), lines: Type.Optional(Type.Array(Type.String({ maxLength: 2048 }), { maxItems: 100, description: "New lines of its journal, as they were written there" })) },
  { additionalProperties: false },
);
export type Alive = Static<typeof AliveSchema>;

/** Secret texts by name, only those that the receiver's own accepted assets or links refer to. */
export const SecretsSchema = Type.Record(Type.String(), Type.String());

/** What the outbox holds for one destination. */
export const OutboxFiguresSchema = Type.Object(
  {
    /** Readings accepted and not yet confirmed by the destination. */
    queued: Type.Integer(),
    /** Readings dropped by age or watermark since the outbox was created; each is covered by a gap record. */
    dropped: Type.Integer(),
    rejected: Type.Integer(),
    /** Age of the oldest queued reading in running time of the gateway, a lower bound that no jump of the clock changes; null when none is queued. */
    oldestSeconds: Type.Union([Type.Number(), Type.Null()]),
  },
  { additionalProperties: false },
);
export type OutboxFigures = Static<typeof OutboxFiguresSchema>;
