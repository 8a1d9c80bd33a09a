// The contract between Weir and a southbound driver. A driver knows its protocol and nothing of the appliance.

import type { Clock } from "./clock.ts";
import type { Fault } from "./fault.ts";
import type { AssetId, Nameplate, PointId } from "./identity.ts";
import type { DataType, Reading, Scalar } from "./reading.ts";
import type { Schema } from "./schema.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Driver<Config> {
  /** Folder name, configuration key and log scope at once. */
  readonly id: string;
  readonly title: string;
  readonly config: Schema<Config>;
  /** Connects and identifies. Throws a Fault. Leaves nothing open when it throws or when the signal aborts. */
  open(config: Config, context: DriverContext, signal: AbortSignal): Promise<Session>;
  discover?(context: DriverContext, signal: AbortSignal): AsyncIterable<Discovered<Config>>;
  /** How WS-Discovery finds its machines; absent where they do not announce themselves. */
  readonly announcement?: Announcement;
}

/** What a driver's machines announce by WS-Discovery, and how one that was found is asked, without credentials, who it is. */
export interface Announcement {
  /** All of them stand among the types of a target that is such a machine. */
  readonly types: readonly { readonly namespace: string; readonly name: string }[];
  /** The resource of the nameplate (HTTP GET, JSON), relative to the address that it announces. */
  readonly identification: string;
  nameplate(document: unknown): Nameplate | { readonly pointer: string; readonly mismatch: string };
}

/** One transport; may carry many assets (a Modbus line, a traps socket). */
export interface Session {
  readonly assets: readonly Nameplate[];
  browse(asset: AssetId, signal: AbortSignal): Promise<readonly PointSpec[]>;
  /** One reading per point, in order. A point that fails is a bad sample; only a lost connection throws. */
  read(asset: AssetId, points: readonly PointId[], signal: AbortSignal): Promise<readonly Reading[]>;
  /**
   * Runs until aborted (resolves) or the connection is lost (throws a Fault). Starts with one reading of every point, so that
   * nothing is stale after an outage, and with what the source kept since the cursor. `accept` resolves when the
   * readings are durable: only then acknowledge to the source. It may be called again before it resolved.
   */
  subscribe?(accept: Accept, signal: AbortSignal): Promise<void>;
  /** All that the machine shows of itself now. A part that fails says why; only a lost connection throws. `progress` is told from 0 to 1. */
  snapshot?(asset: AssetId, progress: (fraction: number) => void, signal: AbortSignal): Promise<Snapshot>;
  write?(asset: AssetId, point: PointId, value: Scalar, signal: AbortSignal): Promise<void>;
  installFirmware?(asset: AssetId, file: FirmwareFile, progress: (fraction: number) => void, signal: AbortSignal): Promise<void>;
  /** May be called twice; nothing is emitted afterwards. */
  close(): Promise<void>;
}

/** Readings and, where they move it, the source's new cursor: committed together or not at all. */
export type Accept = (readings: readonly Reading[], moved?: CursorMove) => Promise<void>;

export interface CursorMove {
  readonly asset: AssetId;
  readonly cursor: string;
}

export interface PointSpec {
  readonly id: PointId;
  readonly name: string;
  readonly unit?: string;
  readonly dataType: DataType;
  readonly access: "read" | "write" | "readWrite";
}

export interface FirmwareFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface Discovered<Config> {
  readonly config: Config;
  readonly address: string;
  readonly nameplate?: Nameplate;
}

/** What a driver may use of the world around it, for one configured asset. */
export interface DriverContext {
  readonly clock: Clock;
  readonly log: DriverLog;
  /** Subnets (CIDR) in which the peer and everything it points to must lie; empty: only the host of the configured address. */
  readonly segment: readonly string[];
  /** The secret's text. Throws Fault SECRET_MISSING naming it and the command that sets it. */
  secret(name: string): string;
  /** The durable cursor last committed for the asset (an event id, a record number); undefined at first. */
  cursor(asset: AssetId): string | undefined;
  /** A payload that cannot be mapped: kept in a bounded quarantine with its reason, so that it can be acknowledged to the source. Resolves when durable. */
  quarantine(asset: AssetId, reason: string, payload: Uint8Array): Promise<void>;
  /** The gateway's own endpoint that machines may publish to; absent where there is none. */
  readonly ingest?: DriverIngest;
  /** How readings arrive, as far as the driver knows now: the URL of the machine's broker, `gateway` or `polled`. */
  arrivesBy(via: string): void;
  /** Something went wrong that is no reading and ends nothing (a refused publish URL, a profile that matches nothing). */
  report(fault: Fault): void;
}

/** What a machine published to the gateway. */
export interface Published {
  readonly topic: string;
  readonly payload: Buffer;
  readonly isRetained: boolean;
}

export interface PublishedHandlers {
  /** The machine is connected: what it publishes from now on comes to `take`. Called once, before the first messages. */
  ready(): void;
  /** Messages in the order they came; called again before it resolved. They are acknowledged when it resolves; a rejection ends the machine's connection with nothing of them acknowledged. */
  take(messages: readonly Published[]): Promise<unknown>;
}

/** The endpoint to which machines publish, as the driver of one machine sees it. */
export interface DriverIngest {
  /** Whether the machine was enrolled: without it nobody is let in as this machine, and `receive` would wait in vain. */
  readonly isEnrolled: boolean;
  /** Whether a publish URL means this gateway. */
  isHere(url: URL): boolean;
  /**
   * Receives what the asset publishes below `root`: until the signal aborts (resolves) or the machine's connection is gone (throws a Fault; PEER_TIMEOUT where it
   * does not connect in time). Throws INPUT_INVALID for a root that is no plain topic, or where the asset is received already.
   */
  receive(asset: AssetId, root: string, handlers: PublishedHandlers, signal: AbortSignal): Promise<void>;
}

export interface DriverLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
