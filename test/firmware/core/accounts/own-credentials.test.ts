// Shows what people do with their own password, and how long it is good.

import { assert, suite } from "../../../support/suite.ts";
import { BY, DAY, GOOD, HOUR, MINUTE, openBench, OTHER, outcomeOf, type Bench } from "./people-bench.ts";

const ownIn = (session: string) => ({ actor: { ...BY, name: "anna" }, bearer: session, signal: new AbortController().signal });

const change = (bench: Bench, session: string, current: string, next: string) => bench.settle(bench.accounts.own.changePassword({ current, next }, ownIn(session)));
const prove = (bench: Bench, session: string, password: string, code?: string) => bench.settle(bench.accounts.own.reauthenticate({ password, ...(code === undefined ? {} : { code }) }, ownIn(session)));

suite("own credentials", (test) => {
  test("CR 1.5 U4.1.2i a temporary password opens only the way to one's own, and is dead afterwards", async ({ defer }) => {
    const bench = openBench(defer);
    const { temporaryPassword, account } = await bench.accounts.roster.create({ name: "anna", role: "manager" }, BY);
    assert.match(temporaryPassword, /^[2-9a-z]{4}(-[2-9a-z]{4}){3}$/);
    assert.ok(account.isTemporary);
    const { session } = await bench.open("anna", temporaryPassword);
    assert.is(bench.accounts.identify(session)?.step, "change-password");
    await assert.rejects(change(bench, session, temporaryPassword, temporaryPassword), "INPUT_INVALID");
    const { session: next } = await change(bench, session, temporaryPassword, GOOD);
    assert.is(bench.accounts.identify(next)?.step, "open");
    await bench.refuse("anna", temporaryPassword);
    await bench.open("anna", GOOD);
  });

  test("CR 1.5 U4.1.2h a temporary password is good for 24 hours and not a millisecond more, also over a restart", async ({ defer }) => {
    const bench = openBench(defer);
    const { temporaryPassword } = await bench.accounts.roster.create({ name: "anna", role: "manager" }, BY);
    await bench.clock.advance(DAY - 1);
    await bench.open("anna", temporaryPassword);
    bench.restart();
    await bench.clock.advance(1);
    await bench.refuse("anna", temporaryPassword);
    assert.is(bench.accounts.roster.get("anna").passwordSecondsLeft, 0);
    await bench.open("anna", await bench.accounts.roster.resetPassword("anna", BY));
  });

  test("U4.1.2h a temporary password ends by the wall clock too, which goes on while the gateway is off; not by one that nobody set", async ({ defer }) => {
    const bench = openBench(defer);
    const { temporaryPassword } = await bench.accounts.roster.create({ name: "anna", role: "manager" }, BY);
    bench.clock.setTimeQuality("free");
    bench.clock.jumpWall(2 * DAY);
    await bench.open("anna", temporaryPassword);
    bench.clock.setTimeQuality("synchronised");
    await bench.refuse("anna", temporaryPassword);
  });

  test("U4.7.3f an own password is good for 365 days, with a warning in the last 14, and blocks the login afterwards", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("chief", "systemadministrator");
    bench.make("anna", "manager");
    await bench.clock.advance(350 * DAY);
    let { session } = await bench.open("anna", GOOD);
    assert.is(bench.accounts.describeOwn(session)?.passwordSecondsLeft, null);
    await bench.clock.advance(DAY + HOUR);
    ({ session } = await bench.open("anna", GOOD));
    const left = bench.accounts.describeOwn(session)?.passwordSecondsLeft ?? 0;
    assert.ok(left > (13 * DAY) / 1000 && left < (14 * DAY) / 1000);
    await bench.clock.advance(left * 1000 - 1);
    await bench.open("anna", GOOD);
    await bench.clock.advance(1);
    await bench.refuse("anna", GOOD);
    assert.equal(bench.audit.at(-1)?.kind, "password expired: anna");
  });

  test("U4.7.3f the last administrator is never locked out by age alone, and anybody else is", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("chief", "systemadministrator");
    bench.make("anna", "manager");
    await bench.clock.advance(400 * DAY);
    await bench.refuse("anna", GOOD);
    bench.make("second", "systemadministrator");
    await bench.refuse("chief", GOOD);
    bench.accounts.roster.delete("second", BY);
    const { session } = await bench.open("chief", GOOD);
    assert.is(bench.accounts.describeOwn(session)?.passwordSecondsLeft, 0);
    await change(bench, session, GOOD, OTHER);
    await bench.open("chief", OTHER);
  });

  test("U4.7.3b none of the last five passwords is taken again; the one before them is", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager", "first battery horse");
    let current = "first battery horse";
    let { session } = await bench.open("anna", current);
    for (const next of ["second battery horse", "third battery horse", "fourth battery horse", "fifth battery horse"]) {
      ({ session } = await change(bench, session, current, next));
      current = next;
    }
    for (const former of ["first battery horse", "third battery horse", "fifth battery horse"]) {
      const fault = await assert.rejects(change(bench, session, current, former), "INPUT_INVALID");
      assert.match(String(fault), /one of your last five/);
    }
    ({ session } = await change(bench, session, current, "sixth battery horse"));
    await change(bench, session, "sixth battery horse", "first battery horse");
  });

  test("CR 1.5 a new password ends all other sessions of the account; the policy holds for it", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const one = await bench.open("anna", GOOD);
    const two = await bench.open("anna", GOOD);
    for (const next of ["short", "password", "my name is anna", "gateway to heaven"]) await assert.rejects(change(bench, one.session, GOOD, next), "INPUT_INVALID");
    const { session } = await change(bench, one.session, GOOD, OTHER);
    assert.is(bench.accounts.identify(two.session), undefined);
    assert.ok(bench.accounts.identify(session) !== undefined);
    assert.equal(bench.audit.filter(({ action }) => action === "account.password-changed").map(({ target }) => target), ["anna"]);
  });

  test("CR 1.11 whoever took over a session guesses the password three times, and the session is over; the account is not locked", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    await assert.rejects(prove(bench, session, OTHER), "CREDENTIALS_REFUSED");
    const proved = await prove(bench, session, GOOD);
    for (const attempt of [() => prove(bench, proved.session, OTHER), () => change(bench, proved.session, OTHER, "x"), () => prove(bench, proved.session, OTHER)]) await assert.rejects(attempt(), "CREDENTIALS_REFUSED");
    assert.is(bench.accounts.identify(proved.session), undefined);
    await bench.open("anna", GOOD);
  });

  test("U4.7c a proof holds for five minutes", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    await bench.clock.advance(5 * MINUTE - 1);
    assert.ok(bench.accounts.identify(session)?.isFresh);
    await bench.clock.advance(1);
    assert.not(bench.accounts.identify(session)?.isFresh);
    const proved = await prove(bench, session, GOOD);
    assert.ok(bench.accounts.identify(proved.session)?.isFresh);
  });

  test("a password that is reset while it is being changed is not taken over by the change", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    const changing = outcomeOf(change(bench, session, GOOD, OTHER));
    const temporary = await bench.accounts.roster.resetPassword("anna", BY);
    assert.is(await changing, "SESSION_REQUIRED");
    await bench.open("anna", temporary);
  });
});
