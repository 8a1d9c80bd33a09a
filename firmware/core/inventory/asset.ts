// An asset as the register keeps it.

import type { Static } from "typebox";
import type { AssetId, Nameplate } from "../../../drivers/contract/identity.ts";
import type { ASSET_STATES } from "../../conduit/assets.ts";
import type { PointSpecSchema } from "../../conduit/source.ts";

export type AssetState = (typeof ASSET_STATES)[number];
export type PointSpec = Static<typeof PointSpecSchema>;

/** Where the asset stands, ISA-95; only the levels that are known. */
export type EquipmentPath = Readonly<Record<string, string>>;

export interface Asset {
  readonly id: AssetId;
  /** The name of its assignment in the configuration; of its last one where it is assigned no longer. */
  readonly name: string;
  readonly state: AssetState;
  /** The zone that reads it; null for an asset that no assignment leads to any more. */
  readonly zone: string | null;
  readonly nameplate: Nameplate;
  readonly address: string;
  readonly equipment: EquipmentPath;
  readonly points: number;
  /** ISO 8601 UTC. */
  readonly firstSeen: string;
  /** When it was last identified. */
  readonly lastSeen: string;
}

/** What a session found behind an assignment. */
export interface Found {
  readonly nameplate: Nameplate;
  /** Names its list of points: the same for the same list. */
  readonly points: string;
}

/** One machine as it is configured: who reads it and where it stands. */
export interface Placement {
  readonly zone: string;
  readonly equipment: EquipmentPath;
}
