// The register of assets: who they are, which assignment leads to them, and whose readings are taken.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { assetIdOf } from "../../../drivers/contract/identity.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { Asset, AssetState, EquipmentPath, Found, Placement } from "./asset.ts";
import type { AssetRows } from "./asset-rows.ts";
import type { PointLists, PointPage } from "./point-lists.ts";
import type { Turns } from "../turns.ts";
import type { Revision } from "./revision.ts";

/** Something about identities that a person should know. */
export type IdentityChange =
  /** Another asset answers behind the assignment than before. */
  | { readonly kind: "changed"; readonly assignment: string; readonly before: readonly AssetId[]; readonly now: readonly AssetId[] }
  /** The asset was found behind another assignment than before and goes over to it. */
  | { readonly kind: "moved"; readonly asset: AssetId; readonly assignment: string; readonly before: string }
  /** The asset is read through `holder`, which is connected: this assignment leads to it a second time. */
  | { readonly kind: "twice"; readonly asset: AssetId; readonly assignment: string; readonly holder: string };

export interface Identified {
  readonly accepted: readonly AssetId[];
  /** Of the accepted ones, those whose list of points is another than the one in force. */
  readonly wanted: readonly AssetId[];
  readonly changes: readonly IdentityChange[];
}

/** How long what a zone had already taken from a machine may be on its way after the machine left the configuration: the zone's long poll, the end of its session and one repeated request. */
const LEAVING_MS = 30_000;
/** Some 3 ms of one commit. */
const ASSETS_PER_COMMIT = 100;

interface Leaving {
  readonly zone: string;
  readonly untilMs: number;
}

export class Register {
  readonly #rows: AssetRows;
  readonly #points: PointLists;
  readonly #clock: Clock;
  readonly #revision: Revision;
  readonly #assets = new Map<AssetId, Asset>();
  readonly #byName = new Map<string, Set<AssetId>>();
  readonly #leaving = new Map<AssetId, Leaving>();
  #placements: ReadonlyMap<string, Placement> = new Map();

  /** Loads what state.db holds. `revision` grows with every change of the register. */
  constructor(rows: AssetRows, points: PointLists, clock: Clock, revision: Revision) {
    this.#rows = rows;
    this.#points = points;
    this.#clock = clock;
    this.#revision = revision;
    for (const asset of rows.load()) this.#keep(asset);
  }

  get(id: AssetId): Asset | undefined {
    return this.#assets.get(id);
  }

  all(): Iterable<Asset> {
    return this.#assets.values();
  }

  /** The assets that were last found behind the assignment, those included that it leads to no more. */
  behind(assignment: string): readonly AssetId[] {
    return [...(this.#byName.get(assignment) ?? [])];
  }

  isPlaced(assignment: string, zone: string): boolean {
    return this.zoneOf(assignment) === zone;
  }

  /** The zone that reads what is behind the assignment; undefined where there is no such assignment. */
  zoneOf(assignment: string): string | undefined {
    return this.#placements.get(assignment)?.zone;
  }

  /**
   * Why a reading of this asset is not taken from this zone; undefined when it is. What a zone read before its machine left the configuration is
   * taken for a while yet: it was acknowledged to the machine or will be. On the hot path: one look-up.
   */
  refusal(id: AssetId, zone: string): string | undefined {
    const asset = this.#assets.get(id);
    if (asset !== undefined && asset.state === "accepted" && (asset.zone === zone || this.#isLeaving(id, zone))) return undefined;
    if (asset === undefined) return "the asset is unknown: it was never identified behind a configured machine";
    if (asset.state !== "accepted") return `the asset is ${asset.state}, not accepted`;
    return asset.zone === null ? "no configured machine leads to the asset any more" : `the asset is assigned to zone ${asset.zone}, not to ${zone}`;
  }

  /**
   * The configuration names these machines now. Assets whose machine is gone from it stay, assigned to no zone. What is identified meanwhile goes by
   * the new placements already; the known assets are looked through in `turns`, and follow in portions of one commit each, with `writeTurn` before each.
   * Resolves when all have.
   */
  async place(placements: ReadonlyMap<string, Placement>, turns: Pick<Turns, "each">, writeTurn: () => Promise<void>): Promise<void> {
    this.#placements = placements;
    const moving: AssetId[] = [];
    await turns.each(this.#assets.keys(), (id) => void (this.#placedAnew(id) !== undefined && moving.push(id)));
    for (let from = 0; from < moving.length; from += ASSETS_PER_COMMIT) {
      await writeTurn();
      this.#commit(moving.slice(from, from + ASSETS_PER_COMMIT).flatMap((id) => this.#placedAnew(id) ?? []));
    }
  }

  /** The asset as its placement wants it; undefined where it is so. */
  #placedAnew(id: AssetId): Asset | undefined {
    const asset = this.#assets.get(id);
    if (asset === undefined || asset.zone === null) return undefined;
    const placement = this.#placements.get(asset.name);
    if (placement === undefined) return { ...asset, zone: null };
    return placement.zone === asset.zone && isSamePath(placement.equipment, asset.equipment) ? undefined : { ...asset, zone: placement.zone, equipment: placement.equipment };
  }

  /**
   * What is found behind a configured assignment becomes accepted and assigned to it, unless a person refused or suspended it, or
   * another assignment reads it at this moment (`isConnected`). What was behind it before and is not now stays, assigned to no zone.
   */
  identify(assignment: string, address: string, found: readonly Found[], isConnected: (assignment: string) => boolean): Identified {
    const placement = this.#placements.get(assignment);
    if (placement === undefined) return { accepted: [], wanted: [], changes: [] };
    const changes: IdentityChange[] = [];
    const lists = new Map<AssetId, string>();
    const next = new Map<AssetId, Asset>();
    const before = this.behind(assignment).filter((id) => this.#assets.get(id)?.zone !== null);
    for (const { nameplate, points: list } of found) {
      const id = assetIdOf(nameplate);
      const known = this.#assets.get(id);
      const holder = known === undefined || known.zone === null || known.name === assignment ? undefined : known.name;
      if (holder !== undefined && isConnected(holder)) {
        changes.push({ kind: "twice", asset: id, assignment, holder });
        continue;
      }
      if (holder !== undefined) changes.push({ kind: "moved", asset: id, assignment, before: holder });
      const now = new Date(this.#clock.now()).toISOString();
      const common = { id, name: assignment, zone: placement.zone, equipment: placement.equipment, nameplate, address, points: known?.points ?? 0, lastSeen: now };
      next.set(id, { ...common, state: known === undefined || known.state === "pending" ? "accepted" : known.state, firstSeen: known?.firstSeen ?? now });
      lists.set(id, list);
    }
    const gone = before.filter((id) => !next.has(id));
    if (gone.length > 0 && next.size > 0) changes.push({ kind: "changed", assignment, before: gone, now: [...next.keys()] });
    for (const id of next.size > 0 ? gone : []) {
      const asset = this.#assets.get(id);
      if (asset !== undefined) next.set(id, { ...asset, zone: null });
    }
    this.#commit([...next.values()]);
    const accepted = [...lists.keys()].filter((id) => this.#assets.get(id)?.state === "accepted");
    return { accepted, wanted: accepted.filter((id) => !this.#points.isInForce(id, lists.get(id) ?? "")), changes };
  }

  /**
   * One page of the points of an asset that is accepted behind the assignment; one commit. The list comes into force with its last page: true then, false
   * where a page is missing or the asset is another's by now.
   */
  takePoints(assignment: string, page: PointPage): boolean {
    const asset = this.#assets.get(page.asset);
    if (asset === undefined || asset.name !== assignment || asset.zone === null || asset.state !== "accepted") return false;
    const count = this.#points.store(page);
    if (count === undefined) return false;
    this.#keep({ ...asset, points: count });
    this.#revision.advance();
    return true;
  }

  /** In force when it returns; durable, unless it throws what SQLite throws. */
  setState(ids: readonly AssetId[], state: AssetState): void {
    const changed = ids.flatMap((id) => this.#assets.get(id) ?? []).filter((asset) => asset.state !== state).map((asset) => ({ ...asset, state }));
    for (const asset of changed) this.#keep(asset);
    this.#commit(changed);
  }

  /** Forgets an asset that no assignment leads to, with its points. Durable when it returns; throws what SQLite throws. */
  forget(id: AssetId): void {
    const asset = this.#assets.get(id);
    if (asset === undefined || asset.zone !== null) return;
    this.#rows.remove(id);
    this.#assets.delete(id);
    this.#byName.get(asset.name)?.delete(id);
    this.#leaving.delete(id);
    this.#revision.advance();
  }

  /** JSON texts of the asset's points, page by page: see `PointLists`. */
  pointsOf(id: AssetId): Iterable<string> {
    return this.#points.pages(id);
  }

  /** Deletes some of what is left of its former lists; true when more may be. */
  prunePoints(id: AssetId, coming: string): boolean {
    return this.#points.prune(id, coming);
  }

  #commit(assets: readonly Asset[]): void {
    if (assets.length === 0) return;
    this.#rows.write(assets);
    for (const asset of assets) this.#keep(asset);
    this.#revision.advance();
  }

  #isLeaving(id: AssetId, zone: string): boolean {
    const leaving = this.#leaving.get(id);
    if (leaving === undefined) return false;
    if (this.#clock.uptimeMs() < leaving.untilMs) return leaving.zone === zone;
    this.#leaving.delete(id);
    return false;
  }

  #keep(asset: Asset): void {
    const before = this.#assets.get(asset.id);
    if (before !== undefined && before.zone !== null && before.zone !== asset.zone) this.#leaving.set(asset.id, { zone: before.zone, untilMs: this.#clock.uptimeMs() + LEAVING_MS });
    if (before !== undefined && before.name !== asset.name) this.#byName.get(before.name)?.delete(asset.id);
    this.#assets.set(asset.id, asset);
    const named = this.#byName.get(asset.name);
    if (named === undefined) this.#byName.set(asset.name, new Set([asset.id]));
    else named.add(asset.id);
  }
}

function isSamePath(one: EquipmentPath, other: EquipmentPath): boolean {
  const levels = Object.entries(one);
  return levels.length === Object.keys(other).length && levels.every(([level, name]) => other[level] === name);
}
