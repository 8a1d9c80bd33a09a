// How near the end of a certificate is, as far as the gateway knows the time.

import { X509Certificate } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";

/** So long before its end people are told. */
const NEAR_MS = 30 * 86_400_000;

export interface Ending {
  readonly isOver: boolean;
  readonly isNear: boolean;
  readonly words: string;
}

/** Of the first certificate of a chain. A clock of which nothing is known ends nothing. */
export function endingOf(chain: string, { now, timeQuality }: Pick<Clock, "now" | "timeQuality">): Ending {
  const { validToDate: end } = new X509Certificate(chain);
  const leftMs = timeQuality() === "unknown" ? Number.POSITIVE_INFINITY : end.getTime() - now();
  return { isOver: leftMs <= 0, isNear: leftMs <= NEAR_MS, words: `Its last moment is ${end.toISOString()}.` };
}
