// The section `equipment` of the configuration: where in the factory the gateway and its machines stand (ISA-95).

import Type from "typebox";
import type { Static } from "typebox";

function level(description: string) {
  return Type.Optional(Type.String({ minLength: 1, maxLength: 128, pattern: "^[^/]+$", expects: "a name without `/`", description }));
}

/** The levels that all machines of a gateway have in common. */
export const EquipmentSchema = Type.Object(
  {
    enterprise: level("ISA-95 enterprise: the company."),
    site: level("ISA-95 site: the plant."),
    area: level("ISA-95 area: the hall or department, where an asset names no other."),
  },
  { additionalProperties: false, default: {}, description: "Where the machines stand, in the words of ISA-95: the part that all of them have in common." },
);
export type EquipmentSettings = Static<typeof EquipmentSchema>;

/** The levels that an asset adds or replaces. */
export const AssetEquipmentSchema = Type.Object(
  {
    area: level("ISA-95 area of this asset, instead of the one under `equipment`."),
    workCenter: level("ISA-95 work center: the line or cell."),
    workUnit: level("ISA-95 work unit: the place of this machine in the line."),
  },
  { additionalProperties: false, description: "Where this asset stands (ISA-95)." },
);
export type AssetEquipment = Static<typeof AssetEquipmentSchema>;
