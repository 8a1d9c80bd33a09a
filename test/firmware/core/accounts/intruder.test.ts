// A process that took over the zone admin, or reaches its conduit: it speaks it as well as the zone does, and has no session.
// limit: 600s

import { createHash } from "node:crypto";
import { adminConduit } from "../../../../firmware/conduit/admin.ts";
import { loginRoutes } from "../../../../firmware/conduit/accounts.ts";
import { assert, suite } from "../../../support/suite.ts";
import { SOURCE, startPeople, type AdminName, type PeopleCore } from "./people-core.ts";
import { OWN_PROBES, PROBES, STRICTER_PROBES } from "./probes.ts";

const HOUR_MS = 3_600_000;
const ALL = [...Object.entries({ ...PROBES, ...OWN_PROBES }), ...STRICTER_PROBES.map(({ name, input }) => [name, input])] as unknown as readonly (readonly [AdminName, never])[];

/** Every operation of people ends so with this text, whatever it is asked with. */
async function getsNothing({ refusal }: PeopleCore, bearer: string | undefined): Promise<void> {
  for (const [name, input] of ALL) assert.is(await refusal(name, input, bearer), "SESSION_REQUIRED", `${name} by ${bearer ?? "nobody"}`);
}

suite("a process without a session", (test) => {
  test("CR 1.1 without a session nothing is seen but the welcome, and nothing is done", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    await people.enter("anna", "systemadministrator");
    const before = (await people.audit()).length;
    await getsNothing(people, undefined);
    await getsNothing(people, "");
    await getsNothing(people, "ws_");
    await getsNothing(people, `ws_${"A".repeat(43)}`);
    await getsNothing(people, "wt_' OR 1=1 --");
    const { isUnclaimed, ...welcome } = await people.ask("welcome", {});
    assert.equal([isUnclaimed, Object.keys(welcome).toSorted()], [false, ["banner", "gateway", "name", "time", "timeQuality", "version"]]);
    assert.equal((await people.core.local.call("secretNames", {}, signal)).names, []);
    // A thousand calls are some entries: those of one source and kind are gathered.
    const entries = (await people.audit()).slice(before);
    assert.ok(entries.length > 0 && entries.length < 5, `${entries.length} entries`);
    assert.equal(entries.map(({ zone, actor, source, action, result }) => [zone, actor, source, action, result])[0], ["admin", "stranger", SOURCE, "access.denied", "refused"]);
  }, { limitMs: 400_000 });

  test("CR 1.1 what is not the operations of people is the login, and the zone's own affairs", () => {
    const people = new Set<string>([...Object.keys(PROBES), ...Object.keys(OWN_PROBES), ...Object.keys(loginRoutes)]);
    assert.equal(Object.keys(adminConduit).filter((name) => !people.has(name)), ["settings", "listening", "alive"]);
  });

  test("CR 1.1 nobody claims a gateway that has an administrator, nor logs in with a wrong password", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const { oneTimePassword } = await people.core.local.call("firstPassword", {}, signal);
    assert.ok(oneTimePassword !== null);
    assert.is(await people.refusal("claim", { oneTimePassword: "guessed", name: "mallory", password: "violet harvest canyon" }), "CREDENTIALS_REFUSED");
    await people.enter("anna", "systemadministrator");
    assert.is(await people.refusal("claim", { oneTimePassword, name: "mallory", password: "violet harvest canyon" }), "NOT_SUPPORTED");
    assert.is(await people.refusal("login", { user: "anna", password: "guessed" }), "CREDENTIALS_REFUSED");
  });

  test("CR 3.8 a session that was ended, or whose account is gone, opens nothing", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    await people.enter("root", "systemadministrator");
    const left = await people.enter("anna", "systemadministrator");
    await people.ask("logout", {}, left);
    await getsNothing(people, left);
    const deleted = await people.enter("bert", "manager");
    await people.core.local.call("deleteAccount", { name: "bert" }, signal);
    assert.is(await people.refusal("me", {}, deleted), "SESSION_REQUIRED");
    const disabled = await people.enter("carl", "manager");
    await people.core.local.call("changeAccount", { name: "carl", isDisabled: true }, signal);
    assert.is(await people.refusal("me", {}, disabled), "SESSION_REQUIRED");
    const lowered = await people.enter("dora", "manager");
    await people.core.local.call("changeAccount", { name: "dora", role: "customer" }, signal);
    assert.is(await people.refusal("me", {}, lowered), "SESSION_REQUIRED");
    const ended = await people.enter("emil", "customer");
    for (const { id, account } of (await people.core.local.call("sessions", {}, signal)).sessions) if (account === "emil") await people.core.local.call("endSession", { id }, signal);
    assert.is(await people.refusal("me", {}, ended), "SESSION_REQUIRED");
  }, { limitMs: 400_000 });

  test("CR 2.6 a session is over after 30 idle minutes, though the page asked again and again by itself, and after 12 hours", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const idle = await people.enter("anna", "systemadministrator");
    for (let minutes = 0; minutes < 30; minutes += 10) {
      assert.is(await people.refusal("values", { after: 0, waitMs: 0 }, idle), undefined);
      assert.is(await people.refusal("me", {}, idle), undefined);
      people.age(10 * 60_000);
    }
    await getsNothing(people, idle);
    const busy = await people.login("anna");
    for (let passedMs = 0; passedMs < 12 * HOUR_MS; passedMs += HOUR_MS / 3) {
      assert.is(await people.refusal("assets", { limit: 1 }, busy), undefined);
      people.age(HOUR_MS / 3);
    }
    await getsNothing(people, busy);
  }, { limitMs: 400_000 });

  test("CR 3.8 what names a session or a token, or is kept of it, opens nothing", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const session = await people.enter("anna", "systemadministrator");
    const { text, token } = await people.core.local.call("createToken", { name: "reader", role: "manager", scope: [], days: 1 }, signal);
    const [report] = (await people.ask("sessions", {}, session)).sessions;
    const hashOf = (secret: string, encoding: "base64url" | "hex"): string => createHash("sha256").update(secret).digest(encoding);
    for (const one of [report?.id ?? "", `ws_${report?.id ?? ""}`, token.name, `wt_${token.name}`, "anna", "local", (await people.ask("me", {}, session)).csrf]) await getsNothing(people, one);
    for (const secret of [session, text]) for (const encoding of ["base64url", "hex"] as const) for (const prefix of ["", "ws_", "wt_"]) assert.is(await people.refusal("me", {}, prefix + hashOf(secret, encoding)), "SESSION_REQUIRED");
    // Each opens only what it is: a token is no session, and the other way round.
    assert.is(await people.refusal("me", {}, text.replace("wt_", "ws_")), "SESSION_REQUIRED");
    assert.is(await people.refusal("me", {}, session.replace("ws_", "wt_")), "SESSION_REQUIRED");
    assert.equal([(await people.ask("me", {}, session)).name, (await people.ask("me", {}, text)).name], ["anna", "token reader"]);
  }, { limitMs: 400_000 });

  test("CR 3.8 a token is over when its days are, when it is deleted and when its owner is", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    await people.enter("root", "systemadministrator");
    const session = await people.enter("anna", "manager");
    const make = async (name: string): Promise<string> => (await people.ask("createToken", { name, role: "manager", scope: [], days: 1 }, session)).text;
    const [short, deleted, left] = [await make("short"), await make("deleted"), await make("left")];
    for (const text of [short, deleted, left]) assert.is(await people.refusal("sessions", {}, text), undefined);
    await people.ask("deleteToken", { name: "deleted" }, session);
    assert.is(await people.refusal("me", {}, deleted), "SESSION_REQUIRED");
    await people.core.local.call("changeAccount", { name: "anna", isDisabled: true }, signal);
    assert.is(await people.refusal("me", {}, left), "SESSION_REQUIRED");
    await people.core.local.call("changeAccount", { name: "anna", isDisabled: false }, signal);
    assert.is(await people.refusal("me", {}, left), undefined);
    people.age(23 * HOUR_MS);
    const again = await people.restart();
    assert.is(await again.refusal("me", {}, short), undefined);
    again.age(HOUR_MS);
    assert.is(await again.refusal("me", {}, short), "SESSION_REQUIRED");
    await again.core.local.call("deleteAccount", { name: "anna" }, signal);
    await getsNothing(again, left);
    assert.equal((await again.core.local.call("tokens", {}, signal)).tokens, []);
  }, { limitMs: 400_000 });
});
