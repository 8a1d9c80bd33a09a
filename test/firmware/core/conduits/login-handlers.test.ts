// Shows login and one's own affairs on a real core, over the admin conduit.

import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { adminConduit } from "../../../../firmware/conduit/admin.ts";
import type { InputOf, ReplyOf } from "../../../../firmware/conduit/route.ts";
import { openConduit } from "../../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { codeOf } from "../accounts/people-bench.ts";
import { startPeople } from "../accounts/people-core.ts";
import { configure, startCore, type StartOptions } from "../running-core.ts";

const GOOD = "correct horse battery";
const WRONG = "incorrect horse battery";

async function start(defer: Defer, signal: AbortSignal, more = "", options: StartOptions = {}) {
  const core = await startCore(defer, configure({}, more), options);
  const admin = openConduit(adminConduit, { socket: conduitSocket(core.dataDir, "admin"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  defer(() => admin.close());
  type Name = keyof typeof adminConduit;
  const ask = <N extends Name>(name: N, input: InputOf<(typeof adminConduit)[N]>, bearer?: string, source = "192.0.2.10"): Promise<ReplyOf<(typeof adminConduit)[N]>> => admin.call(name, input, signal, { bearer, source });
  const enter = async (name: string, role: "customer" | "manager" | "systemadministrator") => {
    const { temporaryPassword } = await core.local.call("createAccount", { name, role }, signal);
    const first = await ask("login", { user: name, password: temporaryPassword });
    if (first.outcome !== "session") throw new Error(first.outcome);
    return { ...first, ...(await ask("changePassword", { current: temporaryPassword, next: GOOD }, first.session)), temporaryPassword };
  };
  return { core, ask, enter };
}

suite("login over the admin conduit", (test) => {
  test("K2.1.9a CR 1.1 from the console to the first administrator: one-time password, own password, second factor, and only then everything", async ({ defer, signal }) => {
    const { core, ask } = await start(defer, signal);
    const welcome = await ask("welcome", {});
    assert.ok(welcome.isUnclaimed);
    assert.match(welcome.banner, /authorised/);
    const { oneTimePassword } = await core.local.call("firstPassword", {}, signal);
    const claimed = await ask("claim", { oneTimePassword: oneTimePassword ?? "", name: "chief", password: GOOD });
    const me = await ask("me", {}, claimed.session);
    assert.equal([me.step, me.csrf, me.operations.includes("accounts")], ["enrol-second-factor", claimed.csrf, false]);
    await assert.rejects(ask("accounts", {}, claimed.session), "ACCESS_DENIED");
    const { secret } = await ask("beginSecondFactor", {}, claimed.session);
    const { session, recoveryCodes } = await ask("confirmSecondFactor", { code: codeOf(secret, systemClock) }, claimed.session);
    await assert.rejects(ask("me", {}, claimed.session), "SESSION_REQUIRED");
    assert.is((await ask("me", {}, session)).step, "open");
    assert.equal((await ask("accounts", {}, session)).accounts.map(({ name, recoveryCodesLeft }) => [name, recoveryCodesLeft]), [["chief", 10]]);
    assert.equal(await ask("login", { user: "chief", password: GOOD }), { outcome: "code-needed" });
    assert.is((await ask("login", { user: "chief", password: GOOD, code: recoveryCodes[0] ?? "" })).outcome, "session");
    assert.is((await core.local.call("firstPassword", {}, signal)).oneTimePassword, null);
  });

  test("CR 1.12 the banner stands before the login", async ({ defer, signal }) => {
    const { ask } = await start(defer, signal, 'accounts: { banner: "Line 4 only." }\n');
    assert.is((await ask("welcome", {})).banner, "Line 4 only.");
  });

  test("CR 1.10 U6.1c an unknown user and a wrong password are refused in the same words, and by their time they cannot be told apart", async ({ defer, signal }) => {
    const { ask, enter } = await start(defer, signal);
    for (const name of ["anna", "bert", "carl"]) await enter(name, "customer");
    const tookMs: Record<string, number[]> = { unknown: [], known: [] };
    const attempt = async (kind: "unknown" | "known", user: string, round: number): Promise<void> => {
      const startedMs = systemClock.uptimeMs();
      const fault = await assert.rejects(ask("login", { user, password: WRONG }, undefined, `198.51.100.${round}`), "CREDENTIALS_REFUSED");
      tookMs[kind]?.push(systemClock.uptimeMs() - startedMs);
      assert.match(String(fault), /user, password or code is wrong, or the account cannot be used now/);
    };
    // Both at a time, in turn, so that whatever else the machine does falls on both alike; two a name, which locks none.
    for (const [round, user] of ["anna", "bert", "carl", "anna", "bert", "carl"].entries()) {
      const both = [() => attempt("known", user, round), () => attempt("unknown", `${user}-x`, round)];
      await Promise.all((round % 2 === 0 ? both : both.toReversed()).map((one) => one()));
    }
    const [unknown = [], known = []] = [tookMs["unknown"], tookMs["known"]];
    for (const ms of [...unknown, ...known]) assert.ok(ms >= 1000, `${ms} ms`);
    // Of two times that mean the same, one lies wholly beyond the other once in 462.
    const isApart = Math.max(...unknown) < Math.min(...known) - 50 || Math.max(...known) < Math.min(...unknown) - 50;
    assert.not(isApart, `unknown ${unknown.map(Math.round).join(" ")}, known ${known.map(Math.round).join(" ")}`);
  }, { limitMs: 180_000 });

  test("CR 7.1 while a stranger tries 200 logins a second, one who is known and one from elsewhere log in", async ({ defer, signal }) => {
    const { ask, core, enter } = await start(defer, signal);
    const { browser } = await enter("anna", "manager");
    await enter("otto", "manager");
    const refused: unknown[] = [];
    const over = new AbortController();
    const flood = (async () => {
      while (!over.signal.aborted) {
        for (let time = 0; time < 10; time += 1) ask("login", { user: "anna", password: WRONG }, undefined, "203.0.113.66").catch((fault: unknown) => void refused.push(fault));
        await systemClock.sleep(50, signal);
      }
    })();
    while (refused.length < 50) await systemClock.sleep(10, signal);
    // However the stranger locks anna for strangers: in her own browser she logs in.
    assert.is((await ask("login", { user: "anna", password: GOOD, browser })).outcome, "session");
    assert.is((await ask("login", { user: "otto", password: GOOD }, undefined, "192.0.2.44")).outcome, "session");
    over.abort();
    await flood;
    const { records } = await core.local.call("audit", { limit: 500, action: "login.refused" }, signal);
    assert.ok(records.length < 20, `${refused.length} refused, ${records.length} entries`);
  }, { limitMs: 180_000 });

  test("CR 4.1 no password, code, session or browser text is in a file or in the log", async ({ defer, signal }) => {
    const { ask, core, enter } = await start(defer, signal);
    const { oneTimePassword } = await core.local.call("firstPassword", {}, signal);
    const { session, browser, temporaryPassword } = await enter("anna", "customer");
    const { secret } = await ask("beginSecondFactor", {}, session);
    const confirmed = await ask("confirmSecondFactor", { code: codeOf(secret, systemClock) }, session);
    await assert.rejects(ask("login", { user: "typed-password-as-user", password: WRONG }), "CREDENTIALS_REFUSED");
    const canaries = [oneTimePassword ?? "", session, confirmed.session, browser, temporaryPassword, secret, ...confirmed.recoveryCodes, GOOD, WRONG, "typed-password-as-user"];
    const look = (): void => {
      const files = readdirSync(core.dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      assert.ok(files.some(({ name }) => name === "state.db"));
      for (const { parentPath, name } of files) {
        const bytes = readFileSync(join(parentPath, name));
        for (const canary of canaries) assert.not(bytes.includes(canary), `${canary.slice(0, 4)}… in ${name}`);
      }
      for (const canary of canaries) assert.not(core.log().includes(canary), `${canary.slice(0, 4)}… in the log`);
    };
    look();
    await core.stop();
    look();
  });

  test("CR 1.11 U4.7.1 CR 2.5 a lock ends by half an hour of running time and not before; a session that is idle for so long is over", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const session = await people.enter("anna", "manager");
    for (let time = 0; time < 3; time += 1) assert.is(await people.refusal("login", { user: "anna", password: WRONG }), "CREDENTIALS_REFUSED");
    const lockedMs = async (): Promise<number> => ((await people.core.local.call("accounts", {}, signal)).accounts[0]?.lockedSeconds ?? 0) * 1000;
    // So long as a slow machine may take for one login.
    people.age((await lockedMs()) - 25_000);
    await assert.rejects(people.login("anna"), "CREDENTIALS_REFUSED");
    people.age(await lockedMs());
    await people.login("anna");
    assert.is(await people.refusal("me", {}, session), "SESSION_REQUIRED");
  });

  test("CR 1.11 CR 3.8 a lock and a session outlive core's process", async ({ defer, signal }) => {
    const before = await start(defer, signal);
    const { session } = await before.enter("anna", "manager");
    for (let time = 0; time < 3; time += 1) await assert.rejects(before.ask("login", { user: "anna", password: WRONG }), "CREDENTIALS_REFUSED");
    await before.core.stop();
    const after = await start(defer, signal, "", { dataDir: before.core.dataDir });
    assert.is((await after.ask("me", {}, session)).name, "anna");
    await assert.rejects(after.ask("login", { user: "anna", password: GOOD }), "CREDENTIALS_REFUSED");
    const { accounts } = await after.core.local.call("accounts", {}, signal);
    const locked = accounts[0]?.lockedSeconds ?? 0;
    assert.ok(locked > 1500 && locked <= 1800, `${locked}`);
    await after.core.local.call("unlockAccount", { name: "anna" }, signal);
    assert.is((await after.ask("login", { user: "anna", password: GOOD })).outcome, "session");
  });
});
