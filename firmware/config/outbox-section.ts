// The section `outbox` of the configuration: how long and how much is kept for a destination that cannot be reached.

import Type from "typebox";
import type { Static } from "typebox";
import { Duration } from "../../drivers/contract/settings.ts";

export const OutboxSchema = Type.Object(
  {
    maxAge: Duration({ default: "30d", minimum: "1min", maximum: "3650d", description: "Age, in running time of the gateway, at which a reading that no destination confirmed is dropped, counted and reported as a gap. No jump of the clock makes a reading older." }),
    maxBytes: Type.Optional(Type.Integer({ minimum: 1_048_576, maximum: 2 ** 50, unit: "bytes", description: "Size that the outbox may reach. Where it is not given, only the watermark bounds it." })),
    watermark: Type.Object(
      {
        maxFraction: Type.Number({ minimum: 0.1, maximum: 0.98, default: 0.85, unit: "fraction", description: "Part of the file system that may be in use, by anybody, before the oldest readings of the lowest class are dropped." }),
        reserveBytes: Type.Integer({
          minimum: 1_048_576,
          maximum: 2 ** 50,
          default: 67_108_864,
          unit: "bytes",
          description: "Free bytes that are always left on the file system; at most a quarter of it, so that a small one is not all reserve.",
        }),
      },
      { additionalProperties: false, default: {}, description: "The bound that keeps the disk from filling." },
    ),
  },
  { additionalProperties: false, default: {}, description: "How long and how much is kept until a destination confirms it." },
);
export type OutboxSettings = Static<typeof OutboxSchema>;
