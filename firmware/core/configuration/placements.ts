// What the configuration says about its machines, in the words of the register and of the source conduit.

import type { AssetSettings } from "../../config/assets-section.ts";
import type { Configuration } from "../../config/schema.ts";
import type { SegmentDuty } from "../../conduit/source.ts";
import type { EquipmentPath, Placement } from "../inventory/asset.ts";
import type { Turns } from "../turns.ts";
import { findSecretNames } from "../vault/secret-names.ts";

/** The zone that reads machines on the network. The zone for attached hardware comes with its drivers. */
export const FIELD_ZONE = "source-field";

/** `machines`: those of the configuration, and those that were found or imported. */
export function placementsOf(configuration: Configuration, machines: readonly AssetSettings[]): ReadonlyMap<string, Placement> {
  return new Map(machines.map((asset) => [asset.name, { zone: FIELD_ZONE, equipment: equipmentOf(configuration, asset.equipment) }]));
}

export function segmentOf(configuration: Configuration, name: string | undefined): string[] {
  return [...(configuration.segments.find((segment) => segment.name === name)?.subnets ?? [])];
}

/** What field does in the segments that a port leads to. */
export function dutiesOf({ network, segments }: Configuration): readonly SegmentDuty[] {
  return (network?.field ?? []).flatMap(({ segment, interface: name, probePort, ingestTls, ingestPlain }) => {
    const { subnets = [], hosts = [] } = segments.find((one) => one.name === segment) ?? {};
    return [{ name: segment, interface: name, subnets: [...subnets], hosts: [...hosts], ...(probePort === undefined ? {} : { probePort }), ...(ingestTls === undefined ? {} : { ingestTls }), ...(ingestPlain === undefined ? {} : { ingestPlain }) }];
  });
}

/** How a user of a secret begins that is a machine; machines come first. */
export const ASSET_USER = "assets: ";

/** For each secret that the configuration refers to: where it does. Found in as many turns as it takes. */
export async function secretUsers(configuration: Configuration, machines: readonly AssetSettings[], turns: Turns): Promise<ReadonlyMap<string, string>> {
  const users = new Map<string, string>();
  const note = (user: string, value: unknown): void => {
    for (const name of findSecretNames(value)) users.set(name, users.has(name) ? `${users.get(name)}, ${user}` : user);
  };
  await turns.each(machines, ({ name, config }) => note(`${ASSET_USER}${name}`, config));
  note("cloud", configuration.cloud);
  note("acceptance", configuration.acceptance);
  return users;
}

/** The asset's own levels win over those that all machines have in common. */
function equipmentOf(configuration: Configuration, own: object | undefined): EquipmentPath {
  return { ...configuration.equipment, ...own };
}
