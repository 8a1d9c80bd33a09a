// Nobody comes by more rights than they were given: each way up that the operations could offer, tried on a real core.
// limit: 600s

import type { Role } from "../../../../firmware/config/roles.ts";
import { assert, suite } from "../../../support/suite.ts";
import { startPeople } from "./people-core.ts";

const LONG = { limitMs: 400_000 };

suite("rights", (test) => {
  test("U4.1.2c a manager gives and takes only what is below a manager", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    await people.enter("root", "systemadministrator");
    await people.enter("other", "manager");
    await people.enter("carl", "customer");
    const manager = await people.enter("anna", "manager");
    const refused = async (work: Promise<string | undefined>): Promise<void> => assert.is(await work, "ACCESS_DENIED");
    for (const role of ["manager", "systemadministrator"] as const) {
      await refused(people.refusal("createAccount", { name: "mallory", role }, manager));
      await refused(people.refusal("changeAccount", { name: "carl", role }, manager));
      await refused(people.refusal("changeAccount", { name: "anna", role }, manager));
      if (role === "systemadministrator") await refused(people.refusal("createToken", { name: "up", role, scope: [], days: 1 }, manager));
    }
    // A group gives a role as well, by itself or beside a smaller one.
    await refused(people.refusal("createAccount", { name: "mallory", group: "administration" }, manager));
    await refused(people.refusal("createAccount", { name: "mallory", group: "administration", role: "customer" }, manager));
    await refused(people.refusal("changeAccount", { name: "carl", group: "administration" }, manager));
    await refused(people.refusal("changeAccount", { name: "anna", group: "administration" }, manager));
    for (const name of ["root", "other"]) {
      await refused(people.refusal("changeAccount", { name, isDisabled: true }, manager));
      await refused(people.refusal("changeAccount", { name, email: "mallory@example.net" }, manager));
      for (const operation of ["resetPassword", "resetSecondFactor", "unlockAccount", "deleteAccount"] as const) await refused(people.refusal(operation, { name }, manager));
    }
    assert.is(await people.refusal("changeAccount", { name: "anna", phone: "+49 30 1" }, manager), undefined);
    assert.is(await people.refusal("changeAccount", { name: "carl", group: "quality-management" }, manager), undefined);
    const roles = (await people.core.local.call("accounts", {}, signal)).accounts.map(({ name, role, isDisabled }) => [name, role, isDisabled]);
    assert.equal(roles, [["anna", "manager", false], ["carl", "analyst", false], ["other", "manager", false], ["root", "systemadministrator", false]]);
  }, LONG);

  test("U4.1.2d service makes customers and nobody else, and sees no others", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    await people.enter("root", "systemadministrator");
    const service = await people.enter("sam", "service");
    await people.core.local.call("openServiceWindow", { account: "sam", purpose: "commissioning", scope: [], minutes: 5 }, signal);
    for (const role of ["analyst", "service", "manager", "systemadministrator"] as const) assert.is(await people.refusal("createAccount", { name: "mallory", role }, service), "ACCESS_DENIED", role);
    for (const group of ["maintenance", "administration", "engineering"] as const) assert.is(await people.refusal("createAccount", { name: "mallory", group }, service), "ACCESS_DENIED", group);
    assert.is(await people.refusal("createAccount", { name: "carl", role: "customer" }, service), undefined);
    assert.equal((await people.ask("accounts", {}, service)).accounts.map(({ name }) => name), ["carl"]);
    for (const operation of ["resetPassword", "deleteAccount", "unlockAccount"] as const) assert.is(await people.refusal(operation, { name: "carl" }, service), "ACCESS_DENIED");
  }, LONG);

  test("U4.7c nobody resets what they prove themself with, and the last systemadministrator stays", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const root = await people.enter("root", "systemadministrator");
    for (const operation of ["resetPassword", "resetSecondFactor"] as const) assert.is(await people.refusal(operation, { name: "root" }, root), "ACCESS_DENIED");
    const stays = async (): Promise<void> => {
      assert.is(await people.refusal("deleteAccount", { name: "root" }, root), "INPUT_INVALID");
      assert.is(await people.refusal("changeAccount", { name: "root", isDisabled: true }, root), "INPUT_INVALID");
      assert.is(await people.refusal("changeAccount", { name: "root", role: "manager" }, root), "INPUT_INVALID");
    };
    await stays();
    const { temporaryPassword } = await people.ask("createAccount", { name: "second", role: "systemadministrator" }, root);
    assert.ok(temporaryPassword.length > 12);
    await people.core.local.call("changeAccount", { name: "second", isDisabled: true }, signal);
    await stays();
    for (const name of ["root", "second"]) assert.is(await people.core.local.call("deleteAccount", { name }, signal).then(() => "done", (error: unknown) => String(error)), name === "second" ? "done" : "name: root is the last systemadministrator who can log in. Make another one first.");
  }, LONG);

  test("CR 2.1 a token gives no more than its owner has, and makes no rights of its own", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const root = await people.enter("root", "systemadministrator");
    await people.enter("second", "systemadministrator");
    const { text } = await people.ask("createToken", { name: "full", role: "systemadministrator", scope: [], days: 1 }, root);
    assert.is(await people.refusal("createToken", { name: "child", role: "customer", scope: [], days: 1 }, text), "ACCESS_DENIED");
    assert.is(await people.refusal("createAccount", { name: "mallory", role: "customer" }, text), "ACCESS_DENIED");
    assert.is(await people.refusal("resetPassword", { name: "second" }, text), "ACCESS_DENIED");
    assert.is(await people.refusal("setConfiguration", { text: "", basedOn: "" }, text), "ACCESS_DENIED");
    assert.is(await people.refusal("openServiceWindow", { account: null, purpose: "x", scope: [], minutes: 1 }, text), "ACCESS_DENIED");
    for (const name of ["logout", "beginSecondFactor", "removeSecondFactor", "renewRecoveryCodes"] as const) assert.is(await people.refusal(name, {}, text), "ACCESS_DENIED", name);
    assert.is(await people.refusal("secretNames", {}, text), undefined);
    await people.core.local.call("changeAccount", { name: "root", role: "manager" }, signal);
    assert.is(await people.refusal("secretNames", {}, text), "ACCESS_DENIED");
    assert.is((await people.ask("me", {}, text)).role, "manager");
    await people.core.local.call("changeAccount", { name: "root", role: "analyst" }, signal);
    assert.is(await people.refusal("me", {}, text), "SESSION_REQUIRED");
    await people.core.local.call("changeAccount", { name: "root", role: "systemadministrator" }, signal);
    assert.is(await people.refusal("me", {}, text), "SESSION_REQUIRED");
  }, LONG);

  test("CR 2.6 a manager sees and ends sessions and tokens of those below, not of those above or beside", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const root = await people.enter("root", "systemadministrator");
    const other = await people.enter("other", "manager");
    const customer = await people.enter("carl", "customer");
    const manager = await people.enter("anna", "manager");
    await people.ask("createToken", { name: "of-root", role: "customer", scope: [], days: 1 }, root);
    await people.ask("createToken", { name: "of-other", role: "customer", scope: [], days: 1 }, other);
    await people.ask("createToken", { name: "own", role: "customer", scope: [], days: 1 }, manager);
    assert.equal((await people.ask("sessions", {}, manager)).sessions.map(({ account, isOwn }) => [account, isOwn]), [["anna", true], ["carl", false]]);
    assert.equal((await people.ask("tokens", {}, manager)).tokens.map(({ name }) => name), ["own"]);
    for (const { id, account } of (await people.core.local.call("sessions", {}, signal)).sessions) {
      if (account === "anna") continue;
      assert.is(await people.refusal("endSession", { id }, manager), account === "carl" ? undefined : "ACCESS_DENIED", account);
    }
    for (const [name, code] of [["of-root", "ACCESS_DENIED"], ["of-other", "ACCESS_DENIED"], ["own", undefined]] as const) assert.is(await people.refusal("deleteToken", { name }, manager), code);
    assert.equal([await people.refusal("me", {}, customer), await people.refusal("me", {}, root), await people.refusal("me", {}, other)], ["SESSION_REQUIRED", undefined, undefined]);
  }, LONG);

  test("U4.1.3f conditions of detection, and who did what to a machine, are shown from the role service on", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    await people.core.local.call("importAssets", { lines: [{ name: "press", note: "by hand" }], dryRun: false }, signal);
    const history = async (role: Role): Promise<number> => (await people.ask("asset", { key: "press", limit: 10 }, await people.enter(`one-${role}`, role))).history.length;
    assert.equal([await history("customer"), await history("analyst"), await history("manager")], [0, 0, 1]);
  }, LONG);

  test("CR 1.4 nobody is called as a part of the gateway is", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const { oneTimePassword } = await people.core.local.call("firstPassword", {}, signal);
    for (const name of ["local", "core", "host", "source-field"]) {
      assert.is(await people.refusal("claim", { oneTimePassword: oneTimePassword ?? "", name, password: "violet harvest canyon" }), "INPUT_INVALID", name);
      await assert.rejects(people.core.local.call("createAccount", { name, role: "customer" }, signal), "INPUT_INVALID");
    }
    assert.equal((await people.core.local.call("accounts", {}, signal)).accounts, []);
  }, LONG);

  test("CR 2.8 refusals, tokens and windows stand in the audit log with who and where from", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const root = await people.enter("root", "systemadministrator");
    const customer = await people.enter("carl", "customer");
    const before = (await people.audit()).length;
    for (let times = 0; times < 20; times += 1) assert.is(await people.refusal("audit", { limit: 1 }, customer), "ACCESS_DENIED");
    assert.is(await people.refusal("resetPassword", { name: "root" }, root), "ACCESS_DENIED");
    await people.ask("createToken", { name: "reader", role: "analyst", scope: ["values"], days: 7 }, root);
    await people.ask("deleteToken", { name: "reader" }, root);
    const { window } = await people.ask("openServiceWindow", { account: null, purpose: "pump", scope: [], minutes: 5 }, root);
    await people.ask("closeServiceWindow", { id: window.id }, root);
    const told = (await people.audit()).slice(before).map(({ actor, zone, source, action, target, result }) => [actor, zone, source, action, target, result].join(" "));
    assert.equal(told, [
      "carl admin 192.0.2.77 access.denied audit refused",
      "root admin 192.0.2.77 access.denied resetPassword root refused",
      "root admin 192.0.2.77 token.created reader done",
      "root admin 192.0.2.77 token.deleted reader done",
      "root admin 192.0.2.77 service-window.opened all service accounts done",
      "root admin 192.0.2.77 service-window.ended all service accounts done",
    ]);
    assert.ok(!JSON.stringify(await people.audit()).includes("wt_"), "the log has a token's text");
    // What was counted of the refusals is told when core ends, at the latest.
    const again = await people.restart();
    assert.ok((await again.audit()).some(({ actor, action, detail }) => actor === "carl" && action === "access.denied" && detail["times"] === 19));
  }, LONG);
});
