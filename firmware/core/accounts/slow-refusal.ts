// The one answer to whoever does not prove themself: the same words at the same time, whatever was wrong [CR 1.10, U6.1c].

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";

/** An answer goes out only at whole multiples of it since the call came: how long the work took does not show. */
const STEP_MS = 1000;
/** Work that ends so shortly before a multiple waits for the next. */
const LEAST_MS = 100;

/** Throws CREDENTIALS_REFUSED after at least a second since `startedMs`, by uptime; CANCELLED where the caller goes away. */
export async function refuseSlowly(clock: Clock, startedMs: number, signal: AbortSignal): Promise<never> {
  const tookMs = clock.uptimeMs() - startedMs;
  await clock.sleep(Math.ceil((tookMs + LEAST_MS) / STEP_MS) * STEP_MS - tookMs, signal);
  throw new Fault("CREDENTIALS_REFUSED", "user, password or code is wrong, or the account cannot be used now", { remedy: "Check what you typed. After three failures wait 30 minutes, or ask an administrator." });
}
