// What the contract suite needs of a driver's wire.

import type { PointId } from "../../drivers/contract/identity.ts";

/** A device on the wire that a driver can open, and what a test may do to it. */
export interface WireFixture {
  readonly config: unknown;
  readonly goodPoint: PointId;
  readonly missingPoint: PointId;
  /** Makes the device say something new of its own accord. */
  emit(): void;
  lose(): Promise<void>;
  /** Connections that stand. */
  countOpen(): number;
}
