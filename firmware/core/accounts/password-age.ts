// How long a password is still good: a temporary one a day, one's own a year [U4.1.2h, U4.7.3f].

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { AccountRow } from "./account-rows.ts";
import type { RunningTime } from "./running-time.ts";

const TEMPORARY_MS = 24 * 3_600_000;
const OWN_MS = 365 * 24 * 3_600_000;
/** From here on a person is told. */
export const WARN_MS = 14 * 24 * 3_600_000;

/** When a password is set, as it is kept with it: wall time only where it can be trusted. */
export function stampPassword(time: RunningTime, clock: Clock): Pick<AccountRow, "passwordSetMs" | "passwordSetWallMs"> {
  return { passwordSetMs: time.nowMs(), passwordSetWallMs: clock.timeQuality() === "synchronised" ? clock.now() : null };
}

/**
 * Milliseconds, 0 when it is over; null for an account of the directory. Running time counts always; wall time, which goes on while the gateway is off,
 * where it was synchronised then and is now: a clock that nobody set ends nothing.
 */
export function passwordLeftMs(row: AccountRow, time: RunningTime, clock: Clock): number | null {
  if (row.password === null) return null;
  const goodMs = row.isTemporary === 1 ? TEMPORARY_MS : OWN_MS;
  const wallMs = row.passwordSetWallMs === null || clock.timeQuality() !== "synchronised" ? 0 : clock.now() - row.passwordSetWallMs;
  return Math.max(0, goodMs - Math.max(time.nowMs() - row.passwordSetMs, wallMs));
}
