// The outbox's bounds as the configuration states them, in the words of the outbox.

import type { Configuration } from "../../config/schema.ts";
import type { OutboxLimits } from "../outbox/outbox.ts";

export function outboxLimitsOf({ outbox }: Configuration): OutboxLimits {
  const { maxAge, maxBytes, watermark } = outbox;
  return { maxAgeMs: maxAge, maxFraction: watermark.maxFraction, reserveBytes: watermark.reserveBytes, ...(maxBytes === undefined ? {} : { maxBytes }) };
}
