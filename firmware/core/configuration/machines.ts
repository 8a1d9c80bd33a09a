// The machines that are read: those of the configuration, and those that were found or imported and accepted.

import type { AssetSettings } from "../../config/assets-section.ts";
import type { Configuration } from "../../config/schema.ts";
import type { Acceptance } from "../acceptance/acceptance.ts";
import { ASSET_CODES } from "../health/fault-conditions.ts";
import type { CoreParts } from "../parts.ts";
import { placementsOf } from "./placements.ts";

interface Sources {
  readonly configuration: { readonly current: Configuration };
  readonly acceptance: Acceptance;
}

export function machinesOf({ configuration, acceptance }: Sources): readonly AssetSettings[] {
  const found = acceptance.machines.list;
  return found.length === 0 ? configuration.current.assets : [...configuration.current.assets, ...found];
}

/** The configuration in force with all machines that are read: what the firewall is made from. */
export function withMachines(sources: Sources): Configuration {
  return { ...sources.configuration.current, assets: machinesOf(sources) };
}

/** Places the machines anew; what is known of links and conditions of those that are gone goes. In as many turns as it takes. */
export async function placeMachines(parts: CoreParts): Promise<void> {
  const { conditions, configuration, links, register, turns, writeTurn } = parts;
  const placements = placementsOf(configuration.current, machinesOf(parts));
  // No await before: the zones are never told of the new configuration with the former placements.
  await register.place(placements, turns, writeTurn);
  // By what is placed then: the next configuration may have come meanwhile.
  const isGone = (name: string): boolean => register.zoneOf(name) === undefined;
  await turns.each(links.entries(), ([name]) => void (isGone(name) && links.delete(name)));
  await turns.next();
  await turns.each(conditions.list(), ({ code, subject }) => void (isGone(subject) && isOfAsset(code) && conditions.become(ASSET_CODES, subject)));
}

function isOfAsset(code: string): boolean {
  return ASSET_CODES.some((known) => known === code);
}

/** Other found machines are read than before: the zones, the cloud and the firewall learn of it. */
export async function applyMachines(parts: CoreParts): Promise<void> {
  const { acceptance, configuration, revisions, system } = parts;
  try {
    await acceptance.prepare(configuration.current);
    await placeMachines(parts);
  } finally {
    // Who is read no more is told so, whether it can be written or not.
    revisions.assignments.advance();
    revisions.inventory.advance();
    system.changed();
  }
}
