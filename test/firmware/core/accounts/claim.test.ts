// Shows how the first administrator comes to be, and nobody else that way.

import { assert, suite } from "../../../support/suite.ts";
import { BY, GOOD, openBench, OTHER, outcomeOf, type Bench } from "./people-bench.ts";

const claim = (bench: Bench, oneTimePassword: string, name = "chief", password = GOOD) =>
  bench.settle(bench.accounts.claim.claim({ oneTimePassword, name, password }, { zone: "admin", source: "192.0.2.9" }, new AbortController().signal));

suite("claim", (test) => {
  test("K2.1.9a there is no account and no password before somebody reads the one-time password; it makes the first administrator and is used up", async ({ defer }) => {
    const bench = openBench(defer);
    assert.equal(bench.accounts.roster.list(), []);
    const shown = bench.accounts.oneTimePassword ?? "";
    assert.match(shown, /^[2-9a-z]{4}(-[2-9a-z]{4}){4}$/);
    for (const user of ["admin", "root", "weir", "chief", "administrator"]) for (const password of [shown, user, "weir"]) await bench.refuse(user, password, { source: `${user} ${password.length}` });
    const { session } = await claim(bench, shown.toUpperCase().replaceAll("-", " "));
    const identity = bench.accounts.identify(session);
    assert.equal([identity?.account, identity?.role, identity?.step], ["chief", "systemadministrator", "open"]);
    assert.is(bench.accounts.oneTimePassword, null);
    await assert.rejects(claim(bench, shown, "second"), "NOT_SUPPORTED");
    assert.not(JSON.stringify(bench.audit).includes(shown));
    assert.ok(bench.audit.some(({ action, target }) => action === "account.claimed" && target === "chief"));
  });

  test("K2.1.9a the one-time password is another one at each start of core, and a wrong one is refused slowly", async ({ defer }) => {
    const bench = openBench(defer);
    const first = bench.accounts.oneTimePassword ?? "";
    bench.restart();
    assert.is.not(bench.accounts.oneTimePassword, first);
    const startedMs = bench.clock.uptimeMs();
    await assert.rejects(claim(bench, first), "CREDENTIALS_REFUSED");
    assert.is(bench.clock.uptimeMs() - startedMs, 1000);
    assert.equal(bench.audit.map(({ action, kind }) => [action, kind]), [["login.refused", "wrong one-time password"]]);
  });

  test("K2.1.9a the first administrator's password follows the rules, and of two who claim at the same time one is the first", async ({ defer }) => {
    const bench = openBench(defer);
    const shown = bench.accounts.oneTimePassword ?? "";
    for (const password of ["short", "password", "chief of weir", "chief rides horses"]) await assert.rejects(claim(bench, shown, "chief", password), "INPUT_INVALID");
    const codes = await Promise.all(["one", "two"].map((name) => outcomeOf(claim(bench, shown, name, OTHER))));
    assert.equal(codes.toSorted(), ["NOT_SUPPORTED", "done"]);
    assert.is(bench.accounts.roster.list().length, 1);
  });

  test("nobody is called like a part of the gateway, which the audit log would take them for", async ({ defer }) => {
    const bench = openBench(defer);
    for (const name of ["core", "local", "stranger", "source-field"]) await assert.rejects(claim(bench, bench.accounts.oneTimePassword ?? "", name), "INPUT_INVALID");
    await claim(bench, bench.accounts.oneTimePassword ?? "");
  });

  test("after a reset of all accounts a new one-time password is there, and nothing of the former opens", async ({ defer }) => {
    const bench = openBench(defer);
    const { session, browser } = await claim(bench, bench.accounts.oneTimePassword ?? "");
    bench.make("anna", "manager");
    assert.is(bench.accounts.roster.deleteAll(BY), 2);
    assert.is(bench.accounts.identify(session), undefined);
    await bench.refuse("chief", GOOD, { browser });
    await claim(bench, bench.accounts.oneTimePassword ?? "", "chief", OTHER);
    assert.is(bench.accounts.roster.list().length, 1);
  });
});
