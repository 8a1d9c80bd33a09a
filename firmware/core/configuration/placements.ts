// What the configuration says about its machines, in the words of the register and of the source conduit.

import type { AssetSettings } from "../../config/assets-section.ts";
import { namespaceOf } from "../../config/namespaces.ts";
import type { Configuration } from "../../config/schema.ts";
import type { SegmentDuty } from "../../conduit/source.ts";
import type { EquipmentPath, Placement } from "../inventory/asset.ts";
import type { Turns } from "../turns.ts";
import { findSecretNames } from "../vault/secret-names.ts";

/** The zone that reads machines on the network, in the gateway's own network namespace. The zone for attached hardware comes with its drivers. */
export const FIELD_ZONE = "source-field";

/** The zone whose process reads this segment's machines; the default one for a machine without a segment. */
export function zoneOf(configuration: Configuration, segment: string | undefined): string {
  return zoneIn(namespaceOf(configuration, segment));
}

/** The zone that reads machines in this network namespace; in the gateway's own where none is named. */
export function zoneIn(namespace: string | undefined): string {
  return namespace === undefined ? FIELD_ZONE : `${FIELD_ZONE}-${namespace}`;
}

/** Whether machines there are on the network, in whatever namespace. */
export function isFieldZone(zone: string | undefined): boolean {
  return zone === FIELD_ZONE || zone?.startsWith(`${FIELD_ZONE}-`) === true;
}

/** `machines`: those of the configuration, and those that were found or imported. */
export function placementsOf(configuration: Configuration, machines: readonly AssetSettings[]): ReadonlyMap<string, Placement> {
  return new Map(machines.map((asset) => [asset.name, { zone: zoneOf(configuration, asset.segment), equipment: equipmentOf(configuration, asset.equipment) }]));
}

export function segmentOf(configuration: Configuration, name: string | undefined): string[] {
  return [...(configuration.segments.find((segment) => segment.name === name)?.subnets ?? [])];
}

/** What the zone does in those of its segments that a port leads to. */
export function dutiesOf(configuration: Configuration, zone: string): readonly SegmentDuty[] {
  const { network, segments } = configuration;
  const ports = (network?.field ?? []).filter(({ segment }) => zoneOf(configuration, segment) === zone);
  return ports.flatMap(({ segment, interface: name, probePort, ingestTls, ingestPlain }) => {
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
  note("plant", configuration.plant);
  return users;
}

/** The asset's own levels win over those that all machines have in common. */
function equipmentOf(configuration: Configuration, own: object | undefined): EquipmentPath {
  return { ...configuration.equipment, ...own };
}
