// Shows what those who keep the accounts can do, and what nobody can.

import { assert, suite } from "../../../support/suite.ts";
import { BY, GOOD, openBench, outcomeOf } from "./people-bench.ts";

suite("roster", (test) => {
  test("CR 1.3 an account is made, changed, disabled and deleted; each is one entry with who did it", async ({ defer }) => {
    const bench = openBench(defer);
    const { roster } = bench.accounts;
    const { account } = await roster.create({ name: "anna", role: "analyst", group: "engineering", displayName: "Anna K.", email: "anna@plant.example", responsibility: "line 4", machines: "press 1" }, BY);
    assert.equal({ ...account, created: "", passwordSecondsLeft: 0 }, {
      name: "anna", displayName: "Anna K.", email: "anna@plant.example", phone: "", responsibility: "line 4", machines: "press 1", role: "analyst", group: "engineering", origin: "local",
      isDisabled: false, isTemporary: true, passwordSecondsLeft: 0, hasSecondFactor: false, recoveryCodesLeft: 0, created: "", lastLogin: null, lockedSeconds: null, sessions: 0,
    });
    assert.is(roster.change("anna", { phone: "7", role: "manager" }, BY).role, "manager");
    roster.change("anna", { phone: "7" }, BY);
    assert.is(roster.change("anna", { isDisabled: true }, BY).displayName, "Anna K.");
    roster.delete("anna", BY);
    assert.equal(bench.audit.map(({ action, actor, target }) => [action, actor, target]), ["account.created", "account.changed", "account.changed", "account.deleted"].map((action) => [action, BY, "anna"]));
    assert.throws(() => roster.get("anna"), "NOT_FOUND");
  });

  test("CR 1.4 a name is one account's; a deleted one's sessions, codes and browsers do not come back with a new account of the name", async ({ defer }) => {
    const bench = openBench(defer);
    const { roster } = bench.accounts;
    bench.make("anna", "manager");
    await assert.rejects(roster.create({ name: "anna", role: "customer" }, BY), "INPUT_INVALID");
    const both = await Promise.all(["x", "y"].map((displayName) => outcomeOf(roster.create({ name: "otto", role: "customer", displayName }, BY))));
    assert.equal(both.toSorted(), ["INPUT_INVALID", "done"]);
    const { session, browser } = await bench.open("anna", GOOD);
    roster.delete("anna", BY);
    bench.make("anna", "manager", "another horse entirely");
    assert.is(bench.accounts.identify(session), undefined);
    for (let time = 0; time < 3; time += 1) await bench.refuse("anna", "wrong horse");
    await bench.refuse("anna", "another horse entirely", { browser });
  });

  test("the last systemadministrator who can log in is neither deleted, disabled nor lowered; with a second one they can be", async ({ defer }) => {
    const bench = openBench(defer);
    const { roster } = bench.accounts;
    bench.make("chief", "systemadministrator");
    bench.make("anna", "manager");
    const attempts = [() => roster.delete("chief", BY), () => roster.change("chief", { isDisabled: true }, BY), () => roster.change("chief", { role: "manager" }, BY)];
    for (const attempt of attempts) assert.throws(attempt, "INPUT_INVALID");
    bench.make("second", "systemadministrator");
    roster.change("second", { isDisabled: true }, BY);
    for (const attempt of attempts) assert.throws(attempt, "INPUT_INVALID");
    roster.change("second", { isDisabled: false }, BY);
    roster.delete("chief", BY);
    assert.throws(() => roster.delete("second", BY), "INPUT_INVALID");
  });

  test("CR 1.5 a reset gives a temporary password, frees a locked account and ends its sessions", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    for (let time = 0; time < 3; time += 1) await bench.refuse("anna", "wrong horse");
    const temporary = await bench.accounts.roster.resetPassword("anna", BY);
    assert.is(bench.accounts.identify(session), undefined);
    await bench.refuse("anna", GOOD);
    await bench.open("anna", temporary);
    assert.not(JSON.stringify(bench.audit).includes(temporary));
    await assert.rejects(bench.accounts.roster.resetPassword("nobody", BY), "NOT_FOUND");
  });
});
