// Core's side of what a zone found behind an assignment: who it is, and which points it has.

import { assetIdOf } from "../../../drivers/contract/identity.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { sourceConduit } from "../../conduit/source.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { IdentityChange } from "../inventory/register.ts";
import type { CoreParts } from "../parts.ts";
import { storageFault } from "../storage/open-database.ts";

export function makeIdentityHandlers(core: CoreParts, zone: string): Pick<Handlers<typeof sourceConduit>, "identify" | "points"> {
  return {
    identify: async (input) => {
      await core.writeTurn();
      const reply = takeIdentity(core, zone, input);
      await core.acceptance.announce();
      const lists = new Map(input.assets.map(({ nameplate, points }) => [assetIdOf(nameplate), points]));
      for (const asset of reply.accepted) await prunePoints(core, asset, lists.get(asset) ?? "");
      return reply;
    },
    points: async ({ assignment, ...page }) => {
      await core.writeTurn();
      const isInForce = core.register.isPlaced(assignment, zone) && orStorageFault(() => core.register.takePoints(assignment, page));
      if (isInForce) await prunePoints(core, page.asset, page.list);
      return { isInForce };
    },
  };
}

function takeIdentity(core: CoreParts, zone: string, { assignment, address, assets }: InputOf<typeof sourceConduit.identify>): ReplyOf<typeof sourceConduit.identify> {
  const { acceptance, conditions, links, outbox, register } = core;
  if (!register.isPlaced(assignment, zone)) return { accepted: [], wanted: [], cursors: {} };
  if (!acceptance.identified(assignment, assets.map(({ nameplate }) => assetIdOf(nameplate)))) return { accepted: [], wanted: [], cursors: {} };
  const { accepted, wanted, changes } = orStorageFault(() => register.identify(assignment, address, assets, (name) => links.isConnected(name)));
  for (const change of changes) noteChange(core, change);
  if (!changes.some((change) => change.kind === "twice")) conditions.clear("ASSET_TWICE", assignment);
  return { accepted: [...accepted], wanted: [...wanted], cursors: outbox.cursors(accepted) };
}

/** What is left of former lists goes a few pages at a time. */
async function prunePoints({ register, writeTurn }: CoreParts, asset: AssetId, coming: string): Promise<void> {
  while (orStorageFault(() => register.prunePoints(asset, coming))) await writeTurn();
}

function orStorageFault<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageFault(error, "state.db");
  }
}

function noteChange(core: CoreParts, change: IdentityChange): void {
  const { conditions, trail } = core;
  const record = (target: string, detail: Readonly<Record<string, unknown>>): void => trail.record({ actor: "core", action: "asset.changed", target, result: "done", detail });
  switch (change.kind) {
    case "changed":
      conditions.raise("ASSET_CHANGED", change.assignment, `Before: ${change.before.join(", ")}. Now: ${change.now.join(", ")}.`);
      return record(change.assignment, { before: change.before, now: change.now });
    case "moved":
      return record(change.asset, { before: change.before, now: change.assignment });
    case "twice":
      conditions.raise("ASSET_TWICE", change.assignment, `${change.asset} is already read as ${change.holder}.`);
      return undefined;
  }
}
