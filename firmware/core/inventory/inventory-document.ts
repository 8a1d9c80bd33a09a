// Writes the document of topic `inventory` (InventorySchema of firmware/protocol/cloud-payloads.ts).

import type { AssetId, Nameplate } from "../../../drivers/contract/identity.ts";
import type { AssetState, EquipmentPath, PointSpec } from "./asset.ts";
import type { Register } from "./register.ts";

export interface InventoryDocument {
  readonly gateway: string;
  readonly assets: readonly {
    readonly asset: AssetId;
    readonly name: string;
    readonly state: AssetState;
    readonly nameplate: Nameplate;
    readonly equipment: EquipmentPath;
    readonly points: readonly PointSpec[];
  }[];
}

/** The assets that a zone reads, in the order of their ids. Addresses in the plant's network stay in the plant. */
export function writeInventory(gateway: string, register: Register): InventoryDocument {
  const assets = [...register.all()].filter((asset) => asset.zone !== null).sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    gateway,
    assets: assets.map(({ id, name, state, nameplate, equipment }) => ({ asset: id, name, state, nameplate, equipment, points: JSON.parse(register.pointsOf(id)) as PointSpec[] })),
  };
}
