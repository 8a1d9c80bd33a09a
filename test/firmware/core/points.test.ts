// Shows that the points of a machine are its former ones or its new ones, all of them, whenever core ends; and that only who reads it says them.

import { join } from "node:path";
import Database from "better-sqlite3";
import type { PointSpec } from "../../../drivers/contract/driver.ts";
import { POINTS_PER_PAGE } from "../../../firmware/conduit/source.ts";
import { listPoints } from "../../../firmware/field/acquisition/point-list.ts";
import { assert, suite } from "../../support/suite.ts";
import { assetOf, configure, identify, nameplateOf, readStatus, startCore, type RunningCore } from "./running-core.ts";

const CONFIGURATION = configure({ "press-1": undefined, "press-2": undefined });
const asset = assetOf("1");

const pointsOf = (count: number, prefix: string): PointSpec[] => Array.from({ length: count }, (_, index) => ({ id: `${prefix}${index}`, name: "P", dataType: "number", access: "read" }));

/** The ids in the inventory document, and how many the status counts. */
async function shown(core: RunningCore, signal: AbortSignal): Promise<{ readonly ids: readonly string[]; readonly count: number | undefined }> {
  const { body } = await core.cloud.call("inventory", { after: 0, waitMs: 0 }, signal);
  const { assets } = JSON.parse(Buffer.from(body).toString()) as { assets: { asset: string; points: PointSpec[] }[] };
  const ids = (assets.find((one) => one.asset === asset)?.points ?? []).map(({ id }) => id);
  return { ids, count: (await readStatus(core, signal)).assets[asset]?.points };
}

suite("points", (test) => {
  test("are the former ones until the last page is there, also when core ends in between, and the new ones when they are told anew", async ({ defer, signal }) => {
    let core = await startCore(defer, CONFIGURATION);
    const former = pointsOf(3, "a");
    const next = pointsOf(POINTS_PER_PAGE + 1, "b");
    await identify(core, "press-1", "1", signal, former);
    const { digest, pages: [first] } = listPoints(asset, next);
    const found = { assignment: "press-1", address: "https://192.0.2.7", assets: [{ nameplate: nameplateOf("1"), points: digest }] };
    assert.equal((await core.source.call("identify", found, signal)).wanted, [asset]);
    assert.ok(first !== undefined);
    assert.equal(await core.source.call("points", { assignment: "press-1", asset, list: digest, ...first }, signal), { isInForce: false });
    assert.equal(await shown(core, signal), { ids: former.map(({ id }) => id), count: 3 });
    await core.stop();
    core = await startCore(defer, undefined, { dataDir: core.dataDir });
    assert.equal(await shown(core, signal), { ids: former.map(({ id }) => id), count: 3 });
    await identify(core, "press-1", "1", signal, next);
    assert.equal(await shown(core, signal), { ids: next.map(({ id }) => id), count: next.length });
    assert.equal((await core.source.call("identify", found, signal)).wanted, []);
    await core.stop();
    const database = new Database(join(core.dataDir, "state.db"), { readonly: true });
    assert.is(database.prepare("SELECT count(*) FROM point_pages").pluck().get(), 2, "what is not in force any more is gone");
    database.close();
  });
  test("are not taken for an assignment that does not lead to the asset, or for one that nobody configured", async ({ defer, signal }) => {
    const core = await startCore(defer, CONFIGURATION);
    await identify(core, "press-1", "1", signal);
    const { digest, pages: [page] } = listPoints(asset, pointsOf(2, "c"));
    assert.ok(page !== undefined);
    for (const assignment of ["press-2", "nobody"]) assert.equal(await core.source.call("points", { assignment, asset, list: digest, ...page }, signal), { isInForce: false });
    assert.equal((await shown(core, signal)).ids, ["count"]);
  });
});
