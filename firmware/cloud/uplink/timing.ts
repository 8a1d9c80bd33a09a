// The times of the uplink that nobody configures, in one place with their reasons; tests shorten them.

import { NAME_TIMING } from "../names/name-timing.ts";
import type { NameTiming } from "../names/name-timing.ts";

export interface Timing {
  readonly names: NameTiming;
  /** For each of TCP, proxy, TLS and CONNACK. */
  readonly stageMs: number;
  /** So long nothing may come from a broker that owes an acknowledgement; a ping is sent at half of it. */
  readonly silenceMs: number;
  /** So long a broker that answers pings may confirm nothing of what it was sent. */
  readonly unconfirmedMs: number;
  /** First and longest wait before the next attempt after a passing trouble. */
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** A connection that lived so long starts with the first wait again. */
  readonly stableMs: number;
  /** Between attempts that were refused: a certificate or a right may be set at the other end at any time. */
  readonly refusedMs: number;
  /** A lease waits so long for a first reading. */
  readonly leaseWaitMs: number;
  /** How often the figures are looked at. */
  readonly figuresMs: number;
  /** For its own sake the mark of the audit log is sent so often at most: an entry a minute is no message a minute (U3.1-T2). */
  readonly auditMarkMs: number;
  /** At a stop: so long for what is in flight to be confirmed. */
  readonly farewellMs: number;
}

export const TIMING: Timing = {
  names: NAME_TIMING,
  stageMs: 20_000,
  silenceMs: 30_000,
  unconfirmedMs: 90_000,
  retryFirstMs: 1000,
  retryMaxMs: 60_000,
  stableMs: 60_000,
  refusedMs: 300_000,
  leaseWaitMs: 20_000,
  figuresMs: 60_000,
  auditMarkMs: 3_600_000,
  farewellMs: 1500,
};
