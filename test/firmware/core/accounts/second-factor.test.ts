// Shows the second factor: codes of an authenticator app and recovery codes, each good once.

import { Fault } from "../../../../drivers/contract/fault.ts";
import { assert, suite } from "../../../support/suite.ts";
import { BY, codeOf, DAY, GOOD, MINUTE, openBench, OTHER, type Bench } from "./people-bench.ts";

const ownIn = (session: string) => ({ actor: { ...BY, name: "anna" }, bearer: session, signal: new AbortController().signal });

/** Sets it up for anna as an app would. The code of the present step is spent by it. */
async function enrol(bench: Bench): Promise<{ readonly secret: string; readonly recoveryCodes: readonly string[]; readonly session: string }> {
  const { session } = await bench.open("anna", GOOD);
  const { secret, uri } = bench.accounts.own.beginSecondFactor(ownIn(session), "gw-7");
  assert.is(uri, `otpauth://totp/Weir%20gw-7:anna?issuer=Weir%20gw-7&secret=${secret}&algorithm=SHA1&digits=6&period=30`);
  return { secret, ...(await bench.settle(bench.accounts.own.confirmSecondFactor({ code: codeOf(secret, bench.clock) }, ownIn(session)))) };
}

suite("second factor", (test) => {
  test("CR 1.1 RE2 U4.7-T7b with one, the password alone opens nothing; a code of 6 digits and 30 s does, and one step beside it", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { secret } = await enrol(bench);
    assert.equal(await bench.login("anna", GOOD), { outcome: "code-needed" });
    for (const steps of [-2, 2, 20]) await bench.refuse("anna", GOOD, { code: codeOf(secret, bench.clock, steps), browser: "none", source: `192.0.2.${steps + 50}` });
    bench.accounts.roster.unlock("anna", BY);
    for (const steps of [-1, 0, 1]) {
      await bench.clock.advance(5 * MINUTE);
      const code = codeOf(secret, bench.clock, steps);
      assert.match(code, /^\d{6}$/);
      await bench.open("anna", GOOD, { code: `${code.slice(0, 3)} ${code.slice(3)}` });
    }
    assert.equal(bench.audit.filter(({ action }) => action === "session.started").map(({ detail }) => detail?.["factor"]), ["password", "app", "app", "app"]);
  });

  test("CR 1.1 RE2 a code is never accepted twice: not after a restart, not for a proof, and not when the clock goes back", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { secret } = await enrol(bench);
    await bench.refuse("anna", GOOD, { code: codeOf(secret, bench.clock) });
    await bench.clock.advance(5 * MINUTE);
    const code = codeOf(secret, bench.clock);
    const { session } = await bench.open("anna", GOOD, { code });
    bench.restart();
    await bench.refuse("anna", GOOD, { code });
    const proof = bench.settle(bench.accounts.own.reauthenticate({ password: GOOD, code }, ownIn(session)));
    await assert.rejects(proof, "CREDENTIALS_REFUSED");
    bench.clock.jumpWall(300 * DAY);
    await bench.open("anna", GOOD, { code: codeOf(secret, bench.clock) });
    bench.clock.jumpWall(-300 * DAY);
    await bench.refuse("anna", GOOD, { code });
    // A clock that went back keeps nobody out either.
    await bench.clock.advance(5 * MINUTE);
    await bench.open("anna", GOOD, { code: codeOf(secret, bench.clock) });
  });

  test("CR 1.11 wrong codes lock like wrong passwords, and a right password between them does not begin anew", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { secret } = await enrol(bench);
    for (const code of ["000000", "not a code", "999999"]) {
      assert.equal(await bench.login("anna", GOOD, { source: code }), { outcome: "code-needed" });
      await bench.refuse("anna", GOOD, { code, source: code });
    }
    await bench.clock.advance(5 * MINUTE);
    await bench.refuse("anna", GOOD, { code: codeOf(secret, bench.clock), source: "192.0.2.90" });
    await bench.refuse("anna", GOOD, { source: "192.0.2.91" });
  });

  test("ten recovery codes open once each, however they are typed, and new ones take their place", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { recoveryCodes, session } = await enrol(bench);
    assert.is(new Set(recoveryCodes).size, 10);
    const [first = "", second = "", third = ""] = recoveryCodes;
    await bench.open("anna", GOOD, { code: first });
    await bench.refuse("anna", GOOD, { code: first });
    await bench.open("anna", GOOD, { code: second.toUpperCase().replaceAll("-", " ") });
    assert.is(bench.accounts.roster.get("anna").recoveryCodesLeft, 8);
    bench.restart();
    const renewed = bench.accounts.own.renewRecoveryCodes(ownIn(session)).recoveryCodes;
    await bench.refuse("anna", GOOD, { code: third });
    await bench.open("anna", GOOD, { code: renewed[9] ?? "" });
    assert.is(bench.accounts.roster.get("anna").recoveryCodesLeft, 9);
    const text = JSON.stringify(bench.audit);
    for (const code of [...recoveryCodes, ...renewed]) assert.not.match(text, new RegExp(code));
  });

  test("one that is begun is not in force before its first code is right, and not after ten minutes", async ({ defer }) => {
    const bench = openBench(defer);
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    const { secret } = bench.accounts.own.beginSecondFactor(ownIn(session), "");
    await assert.rejects(bench.settle(bench.accounts.own.confirmSecondFactor({ code: "000000" }, ownIn(session))), "CREDENTIALS_REFUSED");
    assert.is((await bench.login("anna", GOOD)).outcome, "session");
    await bench.clock.advance(10 * MINUTE);
    await assert.rejects(bench.accounts.own.confirmSecondFactor({ code: codeOf(secret, bench.clock) }, ownIn(session)), "INPUT_INVALID");
  });

  test("roles that need one can do nothing but set it up, and cannot take it away; others can", async ({ defer }) => {
    const bench = openBench(defer, { settings: { secondFactor: ["manager"] } });
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    assert.is(bench.accounts.identify(session)?.step, "enrol-second-factor");
    const { secret } = bench.accounts.own.beginSecondFactor(ownIn(session), "");
    const confirmed = await bench.settle(bench.accounts.own.confirmSecondFactor({ code: codeOf(secret, bench.clock) }, ownIn(session)));
    assert.is(bench.accounts.identify(confirmed.session)?.step, "open");
    assert.throws(() => bench.accounts.own.removeSecondFactor(ownIn(confirmed.session)), "ACCESS_DENIED");
    bench.accounts.roster.resetSecondFactor("anna", BY);
    const again = await bench.open("anna", GOOD);
    assert.is(bench.accounts.identify(again.session)?.step, "enrol-second-factor");
    bench.accounts.roster.change("anna", { role: "analyst" }, BY);
    const free = await enrol(bench);
    bench.accounts.own.removeSecondFactor(ownIn(free.session));
    assert.is((await bench.login("anna", GOOD)).outcome, "session");
  });

  test("where the vault cannot be used, a recovery code still opens, and no new secret is given out", async ({ defer }) => {
    const bench = openBench(defer, { vault: new Fault("STORAGE_DAMAGED", "no key") });
    bench.make("anna", "manager");
    const { session } = await bench.open("anna", GOOD);
    assert.throws(() => bench.accounts.own.beginSecondFactor(ownIn(session), ""), "STORAGE_DAMAGED");
    await bench.refuse("anna", OTHER);
  });
});
