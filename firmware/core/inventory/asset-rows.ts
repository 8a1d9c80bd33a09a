// Assets in state.db: rows to objects and back, each statement prepared once.

import type { Database, Statement } from "better-sqlite3";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { Asset } from "./asset.ts";

interface Row extends Omit<Asset, "nameplate" | "equipment"> {
  readonly nameplate: string;
  readonly equipment: string;
}

export class AssetRows {
  readonly #database: Database;
  readonly #store: Statement;

  constructor(database: Database) {
    this.#database = database;
    const columns = "id, name, state, zone, nameplate, address, equipment, points, firstSeen, lastSeen";
    const values = "@id, @name, @state, @zone, @nameplate, @address, @equipment, @points, @firstSeen, @lastSeen";
    const update = "name = @name, state = @state, zone = @zone, nameplate = @nameplate, address = @address, equipment = @equipment, points = @points, lastSeen = @lastSeen";
    this.#store = database.prepare(`INSERT INTO assets (${columns}) VALUES (${values}) ON CONFLICT (id) DO UPDATE SET ${update}`);
  }

  /** Throws SyntaxError where a row is damaged. */
  load(): readonly Asset[] {
    const rows = this.#database.prepare<[], Row>("SELECT id, name, state, zone, nameplate, address, equipment, points, firstSeen, lastSeen FROM assets").all();
    return rows.map((row) => ({ ...row, nameplate: JSON.parse(row.nameplate) as Asset["nameplate"], equipment: JSON.parse(row.equipment) as Asset["equipment"] }));
  }

  /** The asset and its points, in one commit. */
  remove(id: AssetId): void {
    this.#database.transaction(() => {
      for (const [table, column] of [["assets", "id"], ["point_lists", "asset"], ["point_pages", "asset"]] as const) this.#database.prepare(`DELETE FROM ${table} WHERE ${column} = ?`).run(id);
    })();
  }

  /** All in one commit, durable when it returns. */
  write(assets: readonly Asset[]): void {
    if (assets.length === 0) return;
    this.#database.transaction(() => {
      for (const asset of assets) {
        this.#store.run({ ...asset, nameplate: JSON.stringify(asset.nameplate), equipment: JSON.stringify(asset.equipment) });
      }
    })();
  }
}
