// Assets in state.db: rows to objects and back, each statement prepared once.

import type { Database, Statement } from "better-sqlite3";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { Asset, PointSpec } from "./asset.ts";

interface Row extends Omit<Asset, "nameplate" | "equipment"> {
  readonly nameplate: string;
  readonly equipment: string;
}

export class AssetRows {
  readonly #database: Database;
  readonly #store: Statement;
  readonly #storeWithPoints: Statement;
  readonly #points: Statement<[string], string>;

  constructor(database: Database) {
    this.#database = database;
    const columns = "id, name, state, zone, nameplate, address, equipment, points, firstSeen, lastSeen";
    const values = "@id, @name, @state, @zone, @nameplate, @address, @equipment, @points, @firstSeen, @lastSeen";
    const update = "name = @name, state = @state, zone = @zone, nameplate = @nameplate, address = @address, equipment = @equipment, points = @points, lastSeen = @lastSeen";
    this.#store = database.prepare(`INSERT INTO assets (${columns}, pointSpecs) VALUES (${values}, '[]') ON CONFLICT (id) DO UPDATE SET ${update}`);
    this.#storeWithPoints = database.prepare(`INSERT INTO assets (${columns}, pointSpecs) VALUES (${values}, @pointSpecs) ON CONFLICT (id) DO UPDATE SET ${update}, pointSpecs = @pointSpecs`);
    this.#points = database.prepare<[string], string>("SELECT pointSpecs FROM assets WHERE id = ?").pluck();
  }

  /** Throws SyntaxError where a row is damaged. */
  load(): readonly Asset[] {
    const rows = this.#database.prepare<[], Row>("SELECT id, name, state, zone, nameplate, address, equipment, points, firstSeen, lastSeen FROM assets").all();
    return rows.map((row) => ({ ...row, nameplate: JSON.parse(row.nameplate) as Asset["nameplate"], equipment: JSON.parse(row.equipment) as Asset["equipment"] }));
  }

  /** JSON text of the asset's point specifications. */
  pointsOf(id: AssetId): string {
    return this.#points.get(id) ?? "[]";
  }

  /** All in one commit, durable when it returns. */
  write(assets: readonly Asset[], points: ReadonlyMap<AssetId, readonly PointSpec[]> = new Map()): void {
    if (assets.length === 0) return;
    this.#database.transaction(() => {
      for (const asset of assets) {
        const row = { ...asset, nameplate: JSON.stringify(asset.nameplate), equipment: JSON.stringify(asset.equipment) };
        const specs = points.get(asset.id);
        if (specs === undefined) this.#store.run(row);
        else this.#storeWithPoints.run({ ...row, pointSpecs: JSON.stringify(specs) });
      }
    })();
  }
}
