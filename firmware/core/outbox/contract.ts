// What the outbox promises to the rest of core: types only.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { DriverLog } from "../../../drivers/contract/driver.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { Reading } from "../../../drivers/contract/reading.ts";
import type { Lane, LeaseHead } from "../../conduit/cloud.ts";
import type { RequestIdentity } from "../../conduit/route.ts";
import type { OutboxFigures, SeqRange } from "../../conduit/shared.ts";
import type { Turns } from "../turns.ts";

/** The health conditions that the outbox raises and clears, all declared in core/health. The subject is `outbox.db`, of OUTBOX_DROPPING the destination. */
export const OUTBOX_CONDITIONS = ["OUTBOX_SET_ASIDE", "OUTBOX_RECOVERING", "OUTBOX_DROPPING", "STORAGE_FULL", "WAL_HELD"] as const;
export type OutboxCondition = (typeof OUTBOX_CONDITIONS)[number];

/** Where conditions go. Raising one that stands only renews its detail; clearing one that does not stand does nothing. */
export interface OutboxReport {
  raise(code: OutboxCondition, subject: string, detail: string): void;
  clear(code: OutboxCondition, subject: string): void;
}

/** Why a range of sequence numbers will never come. */
export type GapReason = "age" | "storage" | "damaged";

/** One committed drop: exactly the readings `first` to `last` of the stream, `count` of them. */
export interface DropEvent {
  readonly destination: string;
  readonly stream: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly reason: GapReason;
}

/** Bounds. Everything but the first three has a default (limits.ts). */
export interface OutboxLimits {
  /** A reading older than this in running time of the gateway is dropped, whatever the wall clock says. */
  readonly maxAgeMs: number;
  /** The share of the file system that may be in use before readings are dropped, 0 to 1. */
  readonly maxFraction: number;
  /** Bytes of the file system that stay free. Below half of it nothing is accepted (STORAGE_FULL). */
  readonly reserveBytes: number;
  /** Bytes that the database and its log may use; unbounded unless said. */
  readonly maxBytes?: number;
  /** Bytes of requests that may wait for their commit; beyond it PEER_OVERLOADED. */
  readonly maxWaitingBytes?: number;
  readonly maxQuarantineCount?: number;
  readonly maxQuarantineBytes?: number;
  readonly maxRejectedCount?: number;
  /** How many of the newest rows serve to recognise what a source sends again. */
  readonly recentRows?: number;
  /**
   * So long after a commit began the next one gathers, unless much waits: each costs a sync, whatever it holds. What comes alone is committed at
   * once. 2 unless said.
   */
  readonly gatherMs?: number;
}

export interface OutboxOptions {
  /** Shared with the rest of core; of its own unless said. */
  readonly turns?: Turns;
  /** Path of outbox.db; its folder exists. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: DriverLog;
  /** What state.db holds about this outbox: the value that `Outbox.generation` had at the last start; undefined when it holds none. */
  readonly generation: string | undefined;
  readonly limits: OutboxLimits;
  readonly report: OutboxReport;
  /** Called once for each drop after it is durable. Must not throw. */
  readonly dropped: (event: DropEvent) => void;
}

/** A payload that is acknowledged but set apart; oldest are dropped and counted when the quarantine is full. */
export interface SetApart {
  readonly asset: AssetId;
  readonly reason: string;
  /** Base64 or JSON text, as it came. */
  readonly payload: string;
}

export interface AppendRequest {
  /** The conduit's name; with `identity` it makes the request idempotent. */
  readonly zone: string;
  readonly identity?: RequestIdentity | undefined;
  /** What every open destination shall get. */
  readonly readings: readonly Reading[];
  /** What is acknowledged but goes into the quarantine in the same commit (assets unknown or not accepted). */
  readonly apart?: readonly SetApart[] | undefined;
  readonly cursors?: readonly { readonly asset: AssetId; readonly cursor: string }[] | undefined;
}

export interface AppendAnswer {
  readonly accepted: number;
  /** Recognised as resent by their source. */
  readonly repeated: number;
  readonly quarantined: number;
}

export interface QuarantineRequest extends SetApart {
  readonly zone: string;
  readonly identity?: RequestIdentity | undefined;
}

export interface LeaseRequest {
  readonly lane: Lane;
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly lingerMs: number;
  readonly waitMs: number;
}

export interface Verdicts {
  readonly stream: string;
  readonly accepted: readonly SeqRange[];
  readonly rejected: readonly { readonly range: SeqRange; readonly reason: string }[];
  readonly kept: readonly SeqRange[];
}

export interface Destination {
  readonly name: string;
  /** The stream that new readings go to. It changes when the database is set aside. */
  readonly stream: string;
  /**
   * The next readings of one lane; the body is a JSON array as it goes on the wire. Empty (lease 0) when nothing came within `waitMs`.
   * `holder` is the epoch of the asking process: a new one frees all that the old one held, and the old one is refused with ACCESS_DENIED.
   * Rejects with CANCELLED when the signal aborts while it waits.
   */
  lease(request: LeaseRequest, holder: string, signal: AbortSignal): Promise<{ readonly head: LeaseHead; readonly body: Buffer }>;
  /**
   * Durable when it resolves, may be repeated, and needs no lease: after a restart the ranges are settled all the same.
   * INPUT_INVALID for sequence numbers that were never given; an unknown stream is long settled and answered as done.
   */
  settle(verdicts: Verdicts, holder?: string): Promise<void>;
  /** The link is up: what is there is backlog, what comes from now on is live. */
  openLive(): void;
}

export interface DestinationOptions {
  /** `lanes` (unless said) or `strict`: everything in the order of `seq`, in lane live; the other lanes are empty. */
  readonly order?: "lanes" | "strict";
}

export interface RejectedReading {
  readonly destination: string;
  readonly stream: string;
  readonly seq: number;
  readonly reason: string;
  readonly rejectedAt: string;
  /** The JSON of the reading without its sequence number. */
  readonly reading: string;
}

export interface QuarantinedPayload extends SetApart {
  readonly zone: string;
  readonly receivedAt: string;
}

export interface Outbox {
  /** Fresh at each start: core keeps it in state.db and hands it over at the next start. */
  readonly generation: string;
  /**
   * Resolves when everything of the request is durable (`synchronous=FULL`). A repeat of the same (zone, epoch, number) gets the first answer.
   * Rejects with INPUT_INVALID (this request only), PEER_OVERLOADED (too much waits), STORAGE_FULL, STORAGE_BUSY: then nothing of it was kept.
   */
  append(request: AppendRequest): Promise<AppendAnswer>;
  /** Resolves when the payload is durable. Rejects as `append` does. */
  quarantine(request: QuarantineRequest): Promise<void>;
  /** The durable cursors of these assets; an asset without one is left out. */
  cursors(assets: readonly AssetId[]): Record<AssetId, string>;
  /** Makes the destination's stream when it is opened for the first time; readings go to it from then on. Opened again, it takes the options over. */
  openDestination(name: string, options?: DestinationOptions): Promise<Destination>;
  /** Other bounds from now on; what they demand is done within a second. `recentRows` stays as it was at the opening. */
  setLimits(limits: OutboxLimits): void;
  /** For good: its streams with all they hold are deleted. */
  closeDestination(name: string): Promise<void>;
  /** Cheap. All zero for a destination that was never opened. */
  figures(destination: string): OutboxFigures;
  /** The newest, newest first. */
  rejected(limit: number): readonly RejectedReading[];
  /** The newest, newest first; `dropped` counts what fell out of the bounded quarantine. */
  quarantined(limit: number): { readonly dropped: number; readonly payloads: readonly QuarantinedPayload[] };
  /** Commits what waits, checkpoints, closes. May be called twice; afterwards everything is refused with STORAGE_BUSY. */
  close(): Promise<void>;
}
