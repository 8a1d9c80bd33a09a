// Shows how long a session lives, and what ends it before.

import { assert, suite } from "../../../support/suite.ts";
import { BY, DAY, GOOD, HOUR, MINUTE, openBench, type Bench } from "./people-bench.ts";

const why = (bench: Bench): readonly unknown[] => bench.audit.filter(({ action }) => action === "session.ended").map(({ detail }) => detail?.["why"]);

suite("sessions", (test) => {
  test("CR 2.5 a session that nobody uses for 30 minutes is over; one that is used goes on", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    for (let time = 0; time < 5; time += 1) {
      await bench.clock.advance(29 * MINUTE);
      assert.is(bench.accounts.identify(session)?.account, "anna");
    }
    await bench.clock.advance(30 * MINUTE - 1);
    assert.is(bench.accounts.identify(session, false)?.account, "anna");
    await bench.clock.advance(1);
    assert.is(bench.accounts.identify(session), undefined);
    assert.equal(why(bench), ["30 minutes idle"]);
  });

  test("CR 2.5 a page that only looks by itself keeps no session from being idle", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    for (let minute = 0; minute < 30; minute += 1) {
      assert.ok(bench.accounts.identify(session, false) !== undefined);
      await bench.clock.advance(MINUTE);
    }
    assert.is(bench.accounts.identify(session, false), undefined);
  });

  test("U4.7.2 a session is over twelve hours after the login, however much it is used and proved anew", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    let { session } = await bench.open("anna", GOOD);
    for (let time = 0; time < 12 * 4 - 1; time += 1) {
      await bench.clock.advance(15 * MINUTE);
      assert.ok(bench.accounts.identify(session) !== undefined);
    }
    ({ session } = await bench.settle(bench.accounts.own.reauthenticate({ password: GOOD }, { actor: BY, bearer: session, signal: new AbortController().signal })));
    await bench.clock.advance(15 * MINUTE - 1);
    assert.ok(bench.accounts.identify(session) !== undefined);
    await bench.clock.advance(1);
    assert.is(bench.accounts.identify(session), undefined);
    assert.equal(why(bench), ["12 hours"]);
  });

  test("U4.7.2 a jump of the wall clock by a year makes no session longer or shorter", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    bench.clock.jumpWall(365 * DAY);
    assert.ok(bench.accounts.identify(session) !== undefined);
    bench.clock.jumpWall(-730 * DAY);
    await bench.clock.advance(29 * MINUTE);
    assert.ok(bench.accounts.identify(session) !== undefined);
    await bench.clock.advance(30 * MINUTE);
    assert.is(bench.accounts.identify(session), undefined);
  });

  test("CR 2.7 the sixth session of an account ends its oldest, and nobody else's", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    bench.make("otto", "manager");
    const others = await bench.open("otto", GOOD);
    const all = [];
    for (let time = 0; time < 6; time += 1) {
      all.push(await bench.open("anna", GOOD));
      await bench.clock.advance(1);
    }
    assert.equal(all.map(({ session }) => bench.accounts.identify(session) !== undefined), [false, true, true, true, true, true]);
    assert.ok(bench.accounts.identify(others.session) !== undefined);
    assert.is(bench.accounts.roster.get("anna").sessions, 5);
    assert.equal(why(bench), ["too many"]);
  });

  test("CR 2.6 an administrator ends a session by its id, which opens nothing; one entry says who did it", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    const [one] = bench.accounts.listSessions(null);
    assert.is(bench.accounts.identify(one?.id ?? ""), undefined);
    assert.is(bench.accounts.identify(`ws_${one?.id}`), undefined);
    assert.equal({ ...one, id: "", started: "" }, { id: "", account: "anna", source: "192.0.2.9", started: "", idleSeconds: 0, secondsLeft: 43_200, isOwn: false });
    bench.accounts.endSession(one?.id ?? "", BY);
    assert.is(bench.accounts.identify(session), undefined);
    assert.equal(bench.audit.slice(1).map(({ action, actor, target, detail }) => [action, actor, target, detail?.["why"]]), [["session.ended", BY, "anna", "ended by an administrator"]]);
    assert.throws(() => bench.accounts.endSession(one?.id ?? "", BY), "NOT_FOUND");
  });

  test("CR 2.6 another role, a disabled or deleted account and a new password end its sessions", async ({ defer }) => {
    const bench = openBench(defer);
    const { roster } = bench.accounts;
    bench.make("anna", "manager");
    const ends: readonly (() => unknown)[] = [
      () => roster.change("anna", { role: "analyst" }, BY),
      () => roster.change("anna", { isDisabled: true }, BY),
      () => roster.resetSecondFactor("anna", BY),
      () => roster.delete("anna", BY),
    ];
    for (const end of ends) {
      const { session } = await bench.open("anna", GOOD);
      roster.change("anna", { displayName: `Anna ${Math.random()}` }, BY);
      assert.ok(bench.accounts.identify(session) !== undefined);
      await end();
      assert.is(bench.accounts.identify(session), undefined);
      if (roster.find("anna")?.isDisabled === true) roster.change("anna", { isDisabled: false }, BY);
    }
    assert.equal(why(bench), ["role changed", "disabled", "second factor reset", "deleted"]);
  });

  test("CR 3.8 a session outlives a restart of core and ends with the machine's; what is kept of it opens nothing", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    await bench.clock.advance(HOUR / 4);
    assert.ok(bench.accounts.identify(session) !== undefined);
    bench.restart();
    await bench.clock.advance(29 * MINUTE);
    assert.is(bench.accounts.identify(session)?.account, "anna");
    bench.clock.reboot();
    bench.restart();
    assert.is(bench.accounts.identify(session), undefined);
    assert.equal(bench.accounts.listSessions(null), []);
  });

  test("CR 3.8 the text of a session changes at each proof, so that one who knew it before has nothing", async ({ defer, signal }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const first = await bench.open("anna", GOOD);
    const own = (bearer: string) => ({ actor: BY, bearer, signal });
    const second = await bench.settle(bench.accounts.own.reauthenticate({ password: GOOD }, own(first.session)));
    assert.is(bench.accounts.identify(first.session), undefined);
    assert.ok(bench.accounts.identify(second.session) !== undefined);
    assert.is.not(second.csrf, first.csrf);
    const third = await bench.settle(bench.accounts.own.changePassword({ current: GOOD, next: "another battery horse" }, own(second.session)));
    assert.is(bench.accounts.identify(second.session), undefined);
    const { secret } = bench.accounts.own.beginSecondFactor(own(third.session), "gw");
    assert.match(secret, /^[A-Z2-7]{32}$/);
    assert.is(new Set([first.session, second.session, third.session]).size, 3);
  });

  test("CR 3.8 a logout ends the session at once", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    bench.accounts.logout(session, { ...BY, name: "anna" });
    assert.is(bench.accounts.identify(session), undefined);
    assert.equal(why(bench), ["logged out"]);
  });
});
