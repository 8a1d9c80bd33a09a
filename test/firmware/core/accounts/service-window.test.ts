// Service accounts act only while the plant lets them [K2.1.9b]; shown on a real core, and by a clock that the test moves.
// limit: 600s

import { ServiceWindows } from "../../../../firmware/core/accounts/service-windows.ts";
import type { AuditEvent } from "../../../../firmware/core/audit/audit.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { startPeople } from "./people-core.ts";
import { PROBES } from "./probes.ts";

const BY = { name: "anna", zone: "admin", source: "192.0.2.1" };
const LONG = { limitMs: 400_000 };

suite("service windows", (test) => {
  test("K2.1.9b a service account does nothing without one, and only what it was opened for", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const root = await people.enter("root", "systemadministrator");
    const sam = await people.enter("sam", "service");
    const tina = await people.enter("tina", "service");
    const all = Object.entries(PROBES) as unknown as readonly (readonly ["status", object])[];
    for (const [name, input] of all) assert.is(await people.refusal(name, input, sam), "ACCESS_DENIED", name);
    assert.equal((await people.ask("me", {}, sam)).window, null);
    const { window } = await people.ask("openServiceWindow", { account: "sam", purpose: "pump", scope: ["values", "assets"], minutes: 5 }, root);
    const passed: string[] = [];
    for (const [name, input] of all) if ((await people.refusal(name, input, sam)) !== "ACCESS_DENIED") passed.push(name);
    assert.equal(passed, ["values", "assets"]);
    const me = await people.ask("me", {}, sam);
    assert.equal([me.window?.purpose, me.operations.filter((name) => name in PROBES)], ["pump", ["values", "assets"]]);
    assert.is(await people.refusal("values", { after: 0, waitMs: 0 }, tina), "ACCESS_DENIED");
    await people.ask("closeServiceWindow", { id: window.id }, root);
    assert.is(await people.refusal("values", { after: 0, waitMs: 0 }, sam), "ACCESS_DENIED");
  }, LONG);

  test("K2.1.9b a token of the role service needs one as well", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const manager = await people.enter("anna", "manager");
    const { text } = await people.ask("createToken", { name: "probe", role: "service", scope: [], days: 1 }, manager);
    assert.is(await people.refusal("audit", { limit: 1 }, text), "ACCESS_DENIED");
    await people.ask("openServiceWindow", { account: null, purpose: "pump", scope: [], minutes: 5 }, manager);
    assert.is(await people.refusal("audit", { limit: 1 }, text), undefined);
  }, LONG);

  test("K2.1.9b a restart of core ends them, though the session goes on", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const sam = await people.enter("sam", "service");
    await people.core.local.call("openServiceWindow", { account: null, purpose: "pump", scope: [], minutes: 60 }, signal);
    assert.is(await people.refusal("assets", { limit: 1 }, sam), undefined);
    const again = await people.restart();
    assert.is(await again.refusal("assets", { limit: 1 }, sam), "ACCESS_DENIED");
    assert.is((await again.ask("me", {}, sam)).name, "sam");
    assert.equal((await again.core.local.call("serviceWindows", {}, signal)).windows, []);
  }, LONG);

  test("nobody opens one for who needs none, or without a purpose", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const root = await people.enter("root", "systemadministrator");
    const order = { account: null, purpose: "pump", scope: [], minutes: 5 };
    assert.is(await people.refusal("openServiceWindow", { ...order, account: "root" }, root), "INPUT_INVALID");
    assert.is(await people.refusal("openServiceWindow", { ...order, account: "nobody" }, root), "NOT_FOUND");
    assert.is(await people.refusal("openServiceWindow", { ...order, purpose: "  " }, root), "INPUT_INVALID");
    assert.is(await people.refusal("openServiceWindow", { ...order, scope: ["sessions"] }, root), "INPUT_INVALID");
    assert.is(await people.refusal("openServiceWindow", { ...order, scope: ["__proto__"] }, root), "INPUT_INVALID");
  }, LONG);

  test("it is over when its time is, not earlier, whatever is done to the wall clock", async () => {
    const clock = makeFakeClock();
    const told: AuditEvent[] = [];
    const windows = new ServiceWindows(clock, { record: (event) => void told.push(event) });
    windows.open({ account: null, purpose: "pump", scope: [], minutes: 10 }, BY);
    clock.jumpWall(365 * 86_400_000);
    await clock.advance(10 * 60_000 - 1);
    assert.equal([windows.openFor("sam")?.secondsLeft, told.length], [1, 1]);
    clock.jumpWall(-730 * 86_400_000);
    await clock.advance(1);
    assert.is(windows.openFor("sam"), null);
    assert.equal(told.map(({ action, actor, detail }) => [action, actor, detail?.["why"]])[1], ["service-window.ended", "core", "over"]);
  });

  test("the account's own one counts before the one for all, and another for the same account takes its place", () => {
    const windows = new ServiceWindows(makeFakeClock(), { record: () => undefined });
    windows.open({ account: null, purpose: "all", scope: [], minutes: 10 }, BY);
    windows.open({ account: "sam", purpose: "narrow", scope: ["values"], minutes: 10 }, BY);
    assert.equal([windows.openFor("sam")?.purpose, windows.openFor("tina")?.purpose], ["narrow", "all"]);
    windows.open({ account: "sam", purpose: "wider", scope: [], minutes: 10 }, BY);
    assert.equal([windows.openFor("sam")?.purpose, windows.list().length], ["wider", 2]);
  });

  test("so many are open and no more", () => {
    const windows = new ServiceWindows(makeFakeClock(), { record: () => undefined });
    for (let count = 0; count < 32; count += 1) windows.open({ account: `s${count}`, purpose: "p", scope: [], minutes: 1 }, BY);
    assert.throws(() => windows.open({ account: "more", purpose: "p", scope: [], minutes: 1 }, BY), /32 service windows are open/);
    assert.is(windows.open({ account: "s1", purpose: "again", scope: [], minutes: 1 }, BY).purpose, "again");
  });
});
