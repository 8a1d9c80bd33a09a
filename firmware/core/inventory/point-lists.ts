// The points of assets in state.db: lists in pages, so that a long one is taken and given out page by page; one list of an asset is in force.

import type { Database, Statement } from "better-sqlite3";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import { POINT_PAGES } from "../../conduit/source.ts";
import type { PointSpec } from "./asset.ts";

/** A part of a list, which is named by its digest. */
export interface PointPage {
  readonly asset: AssetId;
  readonly list: string;
  /** From 0. */
  readonly page: number;
  readonly points: readonly PointSpec[];
  readonly isLast: boolean;
}

/** Deleted in one commit: about as long as one page takes to be written. */
const PAGES_PER_DELETION = 4;

/** Makes what is missing; only ever adds. */
export function preparePointSchema(database: Database): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS point_pages (
      asset TEXT NOT NULL, list TEXT NOT NULL, page INTEGER NOT NULL, points INTEGER NOT NULL, specs TEXT NOT NULL, PRIMARY KEY (asset, list, page)) STRICT;
    CREATE TABLE IF NOT EXISTS point_lists (asset TEXT PRIMARY KEY, list TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `);
  for (const columns of ["asset, list, page, points, specs FROM point_pages", "asset, list FROM point_lists"]) database.prepare(`SELECT ${columns} LIMIT 1`).get();
}

export class PointLists {
  readonly #store: (page: PointPage) => number | undefined;
  readonly #inForce: Statement<[AssetId], string>;
  readonly #page: Statement<[AssetId, string, number], string>;
  readonly #prune: Statement<[AssetId, string, string, number]>;

  constructor(database: Database) {
    this.#inForce = database.prepare<[AssetId], string>("SELECT list FROM point_lists WHERE asset = ?").pluck();
    this.#page = database.prepare<[AssetId, string, number], string>("SELECT specs FROM point_pages WHERE asset = ? AND list = ? AND page = ?").pluck();
    this.#prune = database.prepare("DELETE FROM point_pages WHERE rowid IN (SELECT rowid FROM point_pages WHERE asset = ? AND list NOT IN (?, ?) LIMIT ?)");
    const write = database.prepare("INSERT OR REPLACE INTO point_pages (asset, list, page, points, specs) VALUES (?, ?, ?, ?, ?)");
    const sum = database.prepare<[AssetId, string, number], { pages: number; points: number | null }>("SELECT count(*) AS pages, sum(points) AS points FROM point_pages WHERE asset = ? AND list = ? AND page <= ?");
    const putInForce = database.prepare("INSERT OR REPLACE INTO point_lists (asset, list) VALUES (?, ?)");
    // Another version may have had shorter pages.
    const cut = database.prepare("DELETE FROM point_pages WHERE asset = ? AND list = ? AND page > ?");
    const count = database.prepare("UPDATE assets SET points = ? WHERE id = ?");
    this.#store = database.transaction(({ asset, list, page, points, isLast }: PointPage) => {
      write.run(asset, list, page, points.length, JSON.stringify(points).slice(1, -1));
      const whole = isLast ? sum.get(asset, list, page) : undefined;
      if (whole?.pages !== page + 1) return undefined;
      cut.run(asset, list, page);
      putInForce.run(asset, list);
      count.run(whole.points, asset);
      return whole.points ?? 0;
    });
  }

  isInForce(asset: AssetId, list: string): boolean {
    return this.#inForce.get(asset) === list;
  }

  /**
   * One commit, durable when it returns. With the last page the list comes into force: the number of its points is returned then. Undefined before, and
   * where an earlier page is missing: then the former list stays.
   */
  store(page: PointPage): number | undefined {
    return this.#store(page);
  }

  /** JSON texts, page by page: what goes between the brackets of an array. Others may run between two; a list that is replaced meanwhile ends early. */
  *pages(asset: AssetId): Iterable<string> {
    const list = this.#inForce.get(asset);
    if (list === undefined) return;
    for (let page = 0; page < POINT_PAGES; page += 1) {
      const specs = this.#page.get(asset, list, page);
      if (specs === undefined) return;
      if (specs !== "") yield specs;
    }
  }

  /** Deletes some pages of lists that are neither in force nor `coming`; true when more may be left. */
  prune(asset: AssetId, coming: string): boolean {
    return this.#prune.run(asset, this.#inForce.get(asset) ?? "", coming, PAGES_PER_DELETION).changes === PAGES_PER_DELETION;
  }
}
