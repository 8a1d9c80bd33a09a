// Shows whose readings are taken, and what happens when machines change places, identities or configuration.

import Database from "better-sqlite3";
import type { Nameplate } from "../../../../drivers/contract/identity.ts";
import { assetIdOf } from "../../../../drivers/contract/identity.ts";
import type { Found, Placement, PointSpec } from "../../../../firmware/core/inventory/asset.ts";
import { AssetRows } from "../../../../firmware/core/inventory/asset-rows.ts";
import { writeInventory } from "../../../../firmware/core/inventory/inventory-document.ts";
import { PointLists } from "../../../../firmware/core/inventory/point-lists.ts";
import { Register } from "../../../../firmware/core/inventory/register.ts";
import { Revision } from "../../../../firmware/core/inventory/revision.ts";
import { prepareStateSchema } from "../../../../firmware/core/inventory/state-schema.ts";
import { Turns } from "../../../../firmware/core/turns.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import type { FakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";

const ZONE = "source-field";
const POINTS: readonly PointSpec[] = [{ id: "t", name: "Temperature", unit: "°C", dataType: "number", access: "read" }];
const LIST = "ab".repeat(32);

const nameplate = (serialNumber: string): Nameplate => ({ manufacturer: "M", model: "X", serialNumber });
const idOf = (serial: string): string => assetIdOf(nameplate(serial));
const found = (...serials: string[]): Found[] => serials.map((serial) => ({ nameplate: nameplate(serial), points: LIST }));
const placed = (...names: string[]): Map<string, Placement> => new Map(names.map((name) => [name, { zone: ZONE, equipment: { area: "hall" } }]));
const turns = new Turns(systemClock);
const atOnce = (): Promise<void> => Promise.resolve();
const nobody = (): boolean => false;

function openRegister(defer: Defer): { readonly register: Register; reopen(): Register; readonly revision: Revision; readonly clock: FakeClock } {
  const database = new Database(":memory:");
  defer(() => database.close());
  prepareStateSchema(database);
  const clock = makeFakeClock();
  const revision = new Revision(clock);
  const reopen = (): Register => new Register(new AssetRows(database), new PointLists(database), clock, revision);
  return { register: reopen(), reopen, revision, clock };
}

suite("register", (test) => {
  test("accepts what is found behind a configured machine, and keeps it over a restart", async ({ defer }) => {
    const { register, reopen, revision } = openRegister(defer);
    assert.match(register.refusal(idOf("1"), ZONE) ?? "", /unknown/);
    await register.place(placed("press-1"), turns, atOnce);
    const before = revision.value;
    assert.equal(register.identify("press-1", "192.0.2.1", found("1"), nobody), { accepted: [idOf("1")], wanted: [idOf("1")], changes: [] });
    assert.ok(revision.value > before);
    const again = reopen();
    assert.is(again.refusal(idOf("1"), ZONE), undefined);
    assert.match(again.refusal(idOf("1"), "source-devices") ?? "", /assigned to zone source-field/);
    assert.equal(again.get(idOf("1")), register.get(idOf("1")));
    assert.equal(again.behind("press-1"), [idOf("1")]);
  });
  test("takes nothing from behind a machine that is not configured", ({ defer }) => {
    const { register } = openRegister(defer);
    assert.equal(register.identify("press-1", "192.0.2.1", found("1"), nobody), { accepted: [], wanted: [], changes: [] });
    assert.is(register.get(idOf("1")), undefined);
  });
  test("an exchanged machine is read as itself, the former one stays as no longer assigned", async ({ defer }) => {
    const { register, reopen } = openRegister(defer);
    await register.place(placed("press-1"), turns, atOnce);
    register.identify("press-1", "192.0.2.1", found("1"), nobody);
    const { accepted, changes } = register.identify("press-1", "192.0.2.1", found("2"), nobody);
    assert.equal(accepted, [idOf("2")]);
    assert.equal(changes, [{ kind: "changed", assignment: "press-1", before: [idOf("1")], now: [idOf("2")] }]);
    assert.match(reopen().refusal(idOf("1"), ZONE) ?? "", /no configured machine/);
    assert.is(reopen().get(idOf("1"))?.state, "accepted");
  });
  test("a machine that moved to another name goes over when nobody reads it under the old one", async ({ defer }) => {
    const { register } = openRegister(defer);
    await register.place(placed("press-1", "press-2"), turns, atOnce);
    register.identify("press-1", "192.0.2.1", found("1"), nobody);
    const { accepted, changes } = register.identify("press-2", "192.0.2.2", found("1"), nobody);
    assert.equal(accepted, [idOf("1")]);
    assert.equal(changes, [{ kind: "moved", asset: idOf("1"), assignment: "press-2", before: "press-1" }]);
    assert.equal(register.behind("press-1"), []);
  });
  test("a machine that is configured twice is read once, by who reads it already", async ({ defer }) => {
    const { register } = openRegister(defer);
    await register.place(placed("press-1", "press-2"), turns, atOnce);
    register.identify("press-1", "192.0.2.1", found("1"), nobody);
    const { accepted, changes } = register.identify("press-2", "192.0.2.2", found("1"), (name) => name === "press-1");
    assert.equal(accepted, []);
    assert.equal(changes, [{ kind: "twice", asset: idOf("1"), assignment: "press-2", holder: "press-1" }]);
    assert.is(register.get(idOf("1"))?.name, "press-1");
  });
  test("a machine that is taken out of the configuration stays in the register; what was on its way is taken, what comes later is refused", async ({ defer }) => {
    const { register, clock } = openRegister(defer);
    await register.place(placed("press-1", "press-2"), turns, atOnce);
    register.identify("press-1", "192.0.2.1", found("1"), nobody);
    await register.place(placed("press-2"), turns, atOnce);
    assert.is(register.get(idOf("1"))?.zone, null);
    assert.is(register.refusal(idOf("1"), ZONE), undefined);
    assert.match(register.refusal(idOf("1"), "source-devices") ?? "", /no configured machine/);
    await clock.advance(30_000);
    assert.match(register.refusal(idOf("1"), ZONE) ?? "", /no configured machine/);
    await register.place(placed("press-1"), turns, atOnce);
    register.identify("press-1", "192.0.2.1", found("1"), nobody);
    assert.is(register.refusal(idOf("1"), ZONE), undefined);
  });
  test("a gateway behind one address may carry several assets", async ({ defer }) => {
    const { register } = openRegister(defer);
    await register.place(placed("line"), turns, atOnce);
    assert.equal(register.identify("line", "192.0.2.1", found("1", "2", "3"), nobody).accepted, ["1", "2", "3"].map(idOf));
    assert.equal(register.identify("line", "192.0.2.1", found("1", "3"), nobody).changes, [{ kind: "changed", assignment: "line", before: [idOf("2")], now: [idOf("1"), idOf("3")] }]);
  });
  test("the inventory document names what is read, without addresses", async ({ defer }) => {
    const { register } = openRegister(defer);
    await register.place(placed("press-1", "press-2"), turns, atOnce);
    register.identify("press-1", "192.0.2.1", found("1"), nobody);
    register.identify("press-2", "192.0.2.2", found("2"), nobody);
    assert.ok(register.takePoints("press-1", { asset: idOf("1"), list: LIST, page: 0, points: POINTS, isLast: true }));
    await register.place(placed("press-1"), turns, atOnce);
    const { pieces, digest } = await writeInventory("gw", register, turns);
    assert.equal(JSON.parse(Buffer.concat(pieces).toString()), {
      gateway: "gw",
      assets: [{ asset: idOf("1"), name: "press-1", state: "accepted", nameplate: nameplate("1"), equipment: { area: "hall" }, points: POINTS }],
    });
    assert.is((await writeInventory("gw", register, turns)).digest, digest);
    assert.is.not((await writeInventory("other", register, turns)).digest, digest);
  });
});
