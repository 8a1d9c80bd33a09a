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

/** Assets whose points are read from state.db in one turn: some 15 ms at 50 points each. */
const ASSETS_PER_TURN = 100;

/** The assets that a zone reads, in the order of their ids. Addresses in the plant's network stay in the plant. Lets others run in between (`pause`). */
export async function writeInventory(gateway: string, register: Register, pause: () => Promise<void>): Promise<InventoryDocument> {
  const found = [...register.all()].filter((asset) => asset.zone !== null).sort((a, b) => (a.id < b.id ? -1 : 1));
  const assets: InventoryDocument["assets"][number][] = [];
  for (const { id, name, state, nameplate, equipment } of found) {
    if (assets.length % ASSETS_PER_TURN === ASSETS_PER_TURN - 1) await pause();
    assets.push({ asset: id, name, state, nameplate, equipment, points: JSON.parse(register.pointsOf(id)) as PointSpec[] });
  }
  return { gateway, assets };
}
