// Shows how somebody becomes somebody, and how those who are not do not.

import { assert, suite } from "../../../support/suite.ts";
import { BY, codeOf, DAY, GOOD, MINUTE, openBench, OTHER, outcomeOf, type Bench } from "./people-bench.ts";

const YEAR = 365 * DAY;

/** So that exactly this is left of the lock. */
async function leave(bench: Bench, name: string, ms: number): Promise<void> {
  const left = (bench.accounts.roster.get(name).lockedSeconds ?? 0) * 1000;
  await bench.clock.advance(left - ms);
}

async function lock(bench: Bench, name: string): Promise<void> {
  for (let time = 0; time < 3; time += 1) await bench.refuse(name, OTHER, { source: `192.0.2.${time}` });
  assert.ok((bench.accounts.roster.get(name).lockedSeconds ?? 0) > 1700);
}

suite("login", (test) => {
  test("the right password opens a session that stands for the account; case and blanks of the name do not matter", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session, csrf, browser } = await bench.open(" Anna ", GOOD);
    const identity = bench.accounts.identify(session);
    assert.equal({ ...identity, session: "" }, { kind: "session", account: "anna", actor: "anna", role: "manager", scope: [], step: "open", isFresh: true, session: "", window: null });
    assert.match(session, /^ws_[A-Za-z0-9_-]{43}$/);
    assert.match(browser, /^wb_[A-Za-z0-9_-]{43}$/);
    assert.match(csrf, /^[A-Za-z0-9_-]{43}$/);
    assert.is(bench.accounts.identify(`ws_${"A".repeat(43)}`), undefined);
    assert.equal(bench.audit.map(({ action, target, result }) => `${action} ${target} ${result}`), ["session.started anna done"]);
    assert.is(bench.accounts.roster.get("anna").lastLogin?.slice(0, 10), "2026-01-01");
  });

  test("CR 1.11 U4.7.1 three wrong passwords lock for 30:00: at 29:59 the right one is refused, at 30:00 it opens", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    await bench.refuse("anna", OTHER);
    await bench.refuse("anna", OTHER);
    await bench.open("anna", GOOD);
    await lock(bench, "anna");
    assert.equal(bench.audit.filter(({ action }) => action === "account.locked").map(({ target }) => target), ["anna"]);
    await leave(bench, "anna", 3000);
    await bench.refuse("anna", GOOD);
    await leave(bench, "anna", 1000);
    assert.is(bench.accounts.roster.get("anna").lockedSeconds, 1);
    await bench.refuse("anna", GOOD);
    await leave(bench, "anna", 0);
    await bench.open("anna", GOOD);
  });

  test("CR 1.11 the last second of a lock is one: a millisecond before 30:00 it holds, and trying again does not make it longer", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    await lock(bench, "anna");
    await bench.refuse("anna", OTHER, { source: "192.0.2.77" });
    await leave(bench, "anna", 1);
    const attempt = bench.accounts.login.login({ user: "anna", password: GOOD }, { zone: "admin", source: "192.0.2.78" }, new AbortController().signal);
    await assert.rejects(bench.settle(attempt), "CREDENTIALS_REFUSED");
    await bench.open("anna", GOOD);
  });

  test("CR 1.11 a lock stands over restarts of core and counts on meanwhile; over a start of the machine it never gets shorter", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    await lock(bench, "anna");
    await leave(bench, "anna", 10 * MINUTE);
    bench.restart();
    await leave(bench, "anna", 5000);
    bench.restart();
    await bench.refuse("anna", GOOD);
    await leave(bench, "anna", 0);
    bench.restart();
    await bench.open("anna", GOOD);
    await lock(bench, "anna");
    const before = bench.accounts.roster.get("anna").lockedSeconds ?? 0;
    bench.restart();
    bench.clock.reboot();
    bench.restart();
    const after = bench.accounts.roster.get("anna").lockedSeconds ?? 0;
    assert.ok(after >= before && after <= before + 10);
  });

  test("CR 1.11 a jump of the clock by a year, back or forth, neither frees nor freezes a lock", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    for (const years of [-1, 1]) {
      await lock(bench, "anna");
      bench.clock.jumpWall(years * YEAR);
      await bench.refuse("anna", GOOD);
      bench.restart();
      await leave(bench, "anna", 1500);
      await bench.refuse("anna", GOOD);
      await leave(bench, "anna", 0);
      bench.clock.setTimeQuality("free");
      await bench.open("anna", GOOD);
      bench.clock.setTimeQuality("synchronised");
      bench.clock.jumpWall(-years * YEAR);
    }
  });

  test("CR 1.11 a stranger cannot lock out who works: open sessions stay, and a browser that is known has a count of its own", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { browser, session } = await bench.open("anna", GOOD);
    await lock(bench, "anna");
    assert.is(bench.accounts.identify(session)?.account, "anna");
    await bench.refuse("anna", GOOD);
    const again = await bench.open("anna", GOOD, { browser });
    assert.is(again.browser, browser);
    for (let time = 0; time < 3; time += 1) await bench.refuse("anna", OTHER, { browser });
    await bench.refuse("anna", GOOD, { browser });
    assert.equal(bench.audit.filter(({ action }) => action === "account.locked").map(({ detail }) => detail?.["browser"]), ["unknown", "known"]);
    await bench.clock.advance(30 * MINUTE);
    await bench.open("anna", GOOD, { browser });
  });

  test("CR 1.11 another account's browser is a stranger's, and so is one that was known before the password was reset", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    bench.make("otto", "manager");
    const { browser } = await bench.open("otto", GOOD);
    await lock(bench, "anna");
    await bench.refuse("anna", GOOD, { browser });
    const temporary = await bench.accounts.roster.resetPassword("otto", BY);
    await lock(bench, "otto");
    await bench.refuse("otto", temporary, { browser });
    bench.accounts.roster.unlock("otto", BY);
    await bench.open("otto", temporary);
  });

  test("CR 1.10 U6.1c every refusal has the same words and comes after whole seconds, whatever was wrong", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    bench.make("gone", "customer");
    bench.make("locked", "customer");
    bench.accounts.roster.change("gone", { isDisabled: true }, BY);
    await lock(bench, "locked");
    const seen = new Set<string>();
    for (const [user, password] of [["anna", OTHER], ["nobody", GOOD], ["gone", GOOD], ["locked", GOOD], ["' OR 1=1 --", GOOD], ["__proto__", GOOD], ["a".repeat(256), "x".repeat(256)]] as const) {
      const startedMs = bench.clock.uptimeMs();
      const fault = await assert.rejects(bench.login(user, password, { source: `198.51.100.${seen.size}` }), "CREDENTIALS_REFUSED");
      seen.add(String(fault));
      // The clock stands while the hash is computed: what is left is the delay.
      assert.is(bench.clock.uptimeMs() - startedMs, 1000);
    }
    assert.is(seen.size, 1);
  });

  test("U4.7a each login and each refusal is recorded, never with what was typed", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    await bench.refuse("hunter2-typed-as-a-name", GOOD);
    await bench.refuse("anna", OTHER);
    await bench.open("anna", GOOD);
    const text = JSON.stringify(bench.audit);
    assert.equal(bench.audit.map(({ action, target, actor }) => [action, target, actor]), [
      ["login.refused", "unknown user", { name: "stranger", zone: "admin", source: "192.0.2.9" }],
      ["login.refused", "anna", { name: "stranger", zone: "admin", source: "192.0.2.9" }],
      ["session.started", "anna", { name: "anna", zone: "admin", source: "192.0.2.9" }],
    ]);
    for (const secret of ["hunter2", GOOD, OTHER]) assert.not.match(text, new RegExp(secret));
  });

  test("CR 1.11 attempts at the same time are counted one by one: of twenty, three lock", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const all = Array.from({ length: 20 }, (_, number) => bench.accounts.login.login({ user: "anna", password: number === 19 ? GOOD : `${OTHER} ${number}` }, { zone: "admin", source: `203.0.113.${number}` }, new AbortController().signal));
    const codes = await bench.settle(Promise.all(all.map((one) => outcomeOf(one))));
    assert.is(codes.filter((code) => code === "done").length, 0);
    assert.ok(codes.includes("PEER_LIMIT"));
    assert.is(bench.audit.filter(({ action }) => action === "account.locked").length, 1);
    assert.is(bench.audit.filter(({ action, detail }) => action === "login.refused" && detail?.["why"] === "wrong password").length, 3);
  });

  test("CR 2.10 while nothing can be written people log in and out, locks and codes hold, and it is written when there is room again", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    bench.make("otto", "manager");
    const early = await bench.open("anna", GOOD);
    const { secret } = bench.accounts.own.beginSecondFactor({ actor: BY, bearer: early.session, signal: new AbortController().signal }, "");
    const confirmed = await bench.settle(bench.accounts.own.confirmSecondFactor({ code: codeOf(secret, bench.clock) }, { actor: BY, bearer: early.session, signal: new AbortController().signal }));
    await bench.clock.advance(5 * MINUTE);
    const free = bench.holdDisk();
    const code = codeOf(secret, bench.clock);
    const { session } = await bench.open("anna", GOOD, { code });
    await bench.refuse("anna", GOOD, { code });
    bench.accounts.logout(confirmed.session, BY);
    await lock(bench, "otto");
    await bench.refuse("otto", GOOD);
    await assert.rejects(bench.settle(bench.accounts.roster.resetPassword("otto", BY)), "STORAGE_BUSY");
    bench.accounts.tick();
    free();
    bench.accounts.tick();
    bench.restart();
    assert.is(bench.accounts.identify(session)?.account, "anna");
    assert.is(bench.accounts.identify(confirmed.session), undefined);
  });

  test("a login that is given up while its refusal waits is counted all the same", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    for (let time = 0; time < 3; time += 1) {
      const gone = new AbortController();
      const attempt = bench.accounts.login.login({ user: "anna", password: OTHER }, { zone: "admin", source: "192.0.2.9" }, gone.signal);
      gone.abort();
      await assert.rejects(bench.settle(attempt), "CANCELLED");
    }
    assert.ok(bench.accounts.roster.get("anna").lockedSeconds !== null);
  });
});
