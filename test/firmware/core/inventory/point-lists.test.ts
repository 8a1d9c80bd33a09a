// Shows that a list of points comes into force as a whole: until its last page is there, and after a crash between two, the former one stands.

import Database from "better-sqlite3";
import type { PointSpec } from "../../../../firmware/core/inventory/asset.ts";
import type { PointPage } from "../../../../firmware/core/inventory/point-lists.ts";
import { PointLists } from "../../../../firmware/core/inventory/point-lists.ts";
import { prepareStateSchema } from "../../../../firmware/core/inventory/state-schema.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";

const ASSET = "urn:weir:M:X:1";

const point = (id: string): PointSpec => ({ id, name: id.toUpperCase(), dataType: "number", access: "read" });
const pageOf = (list: string, page: number, isLast: boolean, ...ids: string[]): PointPage => ({ asset: ASSET, list, page, isLast, points: ids.map(point) });

function open(defer: Defer): { readonly database: Database.Database; readonly lists: PointLists; ids(): string[]; stored(): number } {
  const database = new Database(":memory:");
  defer(() => database.close());
  prepareStateSchema(database);
  const lists = new PointLists(database);
  const ids = (): string[] => (JSON.parse(`[${[...new PointLists(database).pages(ASSET)].join(",")}]`) as PointSpec[]).map(({ id }) => id);
  const stored = (): number => database.prepare<[], number>("SELECT count(*) FROM point_pages").pluck().get() ?? 0;
  return { database, lists, ids, stored };
}

suite("lists of points", (test) => {
  test("the former list stands until the last page of the new one is there", ({ defer }) => {
    const { lists, ids } = open(defer);
    assert.equal(ids(), []);
    assert.is(lists.store(pageOf("one", 0, true, "a", "b")), 2);
    assert.equal(ids(), ["a", "b"]);
    assert.is(lists.store(pageOf("two", 0, false, "c", "d")), undefined);
    assert.is(lists.store(pageOf("two", 1, false, "e")), undefined);
    assert.equal(ids(), ["a", "b"]);
    assert.ok(lists.isInForce(ASSET, "one") && !lists.isInForce(ASSET, "two"));
    assert.is(lists.store(pageOf("two", 2, true, "f")), 4);
    assert.equal(ids(), ["c", "d", "e", "f"]);
    assert.ok(lists.isInForce(ASSET, "two"));
  });
  test("a page that comes twice counts once, and pages of another cut do not stay", ({ defer }) => {
    const { lists, ids } = open(defer);
    for (const [page, id] of ["a", "b", "c"].entries()) lists.store(pageOf("one", page, false, id));
    assert.is(lists.store(pageOf("one", 0, false, "a", "b")), undefined);
    assert.is(lists.store(pageOf("one", 0, false, "a", "b")), undefined);
    assert.is(lists.store(pageOf("one", 1, true, "c")), 3);
    assert.equal(ids(), ["a", "b", "c"]);
  });
  test("with a page missing nothing comes into force", ({ defer }) => {
    const { lists, ids } = open(defer);
    lists.store(pageOf("one", 0, true, "a"));
    lists.store(pageOf("two", 0, false, "b"));
    assert.is(lists.store(pageOf("two", 2, true, "d")), undefined);
    assert.equal(ids(), ["a"]);
  });
  test("a machine without points has an empty list", ({ defer }) => {
    const { lists, ids } = open(defer);
    assert.is(lists.store(pageOf("none", 0, true)), 0);
    assert.ok(lists.isInForce(ASSET, "none"));
    assert.equal(ids(), []);
  });
  test("what is left of former lists goes in portions; what is in force or coming stays", ({ defer }) => {
    const { lists, ids, stored } = open(defer);
    for (let page = 0; page < 10; page += 1) lists.store(pageOf("one", page, page === 9, `a${page}`));
    lists.store(pageOf("lost", 0, false, "x"));
    lists.store(pageOf("two", 0, true, "b"));
    lists.store(pageOf("three", 0, false, "c"));
    let portions = 1;
    for (; lists.prune(ASSET, "three"); portions += 1) assert.ok(stored() > 2);
    assert.is(stored(), 2);
    assert.ok(portions > 2);
    assert.equal(ids(), ["b"]);
  });
  test("a table from before there were lists is taken over", ({ defer }) => {
    const database = new Database(":memory:");
    defer(() => database.close());
    prepareStateSchema(database);
    database.exec("ALTER TABLE assets ADD COLUMN pointSpecs TEXT NOT NULL DEFAULT '[]'");
    prepareStateSchema(database);
    assert.is(database.prepare("SELECT count(*) FROM pragma_table_info('assets') WHERE name = 'pointSpecs'").pluck().get(), 0);
  });
});
