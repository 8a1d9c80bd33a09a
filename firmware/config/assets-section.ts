// The section `assets` of the configuration: the machines and devices to read, each with the settings of exactly one driver.

import Type from "typebox";
import type { TSchema } from "typebox";
import { driverSchemas } from "../../drivers/schemas.ts";
import { AssetEquipmentSchema, type AssetEquipment } from "./equipment-section.ts";
import { SEGMENT_NAME, SEGMENT_NAME_WORDS } from "./segments-section.ts";

/** One asset as it is loaded: the driver's key has become `driver` and `config`. */
export interface AssetSettings {
  readonly name: string;
  readonly segment?: string;
  readonly equipment?: AssetEquipment;
  /** Id of the driver, a key of `driverSchemas`. */
  readonly driver: string;
  /** Checked against the driver's schema, defaults filled in. */
  readonly config: unknown;
}

const ownSettings = {
  name: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", expects: "letters, digits, `.`, `_` and `-`, at most 64", description: "Name of the asset in log and status, unique." }),
  segment: Type.Optional(Type.String({ pattern: SEGMENT_NAME, expects: SEGMENT_NAME_WORDS, description: "Segment that the asset stands in, one of `segments`. Without it the asset may point to no address but its own." })),
  equipment: Type.Optional(AssetEquipmentSchema),
};

/** Keys of an asset that are no driver. */
export const ASSET_KEYS: readonly string[] = Object.keys(ownSettings);

/** The schema of an asset, given the drivers there are. */
export function assetSchema(drivers: Readonly<Record<string, TSchema>>) {
  const optional = Object.fromEntries(Object.entries(drivers).map(([id, schema]) => [id, Type.Optional(schema)]));
  return Type.Object({ ...ownSettings, ...optional }, { additionalProperties: false });
}

export const AssetsSchema = Type.Array(assetSchema(driverSchemas), {
  default: [],
  maxItems: 2000,
  description: "The machines and devices that the gateway reads. Each has a name and the settings of one driver under the driver's id.",
});
