// Shows `weir user`, `weir token` and `weir window` against a real core, and how accounts are written as a list.
// limit: 600s

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Account } from "../../../firmware/conduit/accounts.ts";
import { writeAccountList, writeAccounts } from "../../../firmware/cli/user-text.ts";
import { startChild } from "../../support/child.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { configure, startCore } from "../core/running-core.ts";

const weir = fileURLToPath(new URL("../../../firmware/cli/weir.ts", import.meta.url));
const LONG = { limitMs: 400_000 };

/** Standard output and standard error together. */
async function run(defer: Defer, dataDir: string, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = startChild(defer, process.execPath, [weir, ...args, "--data", dataDir]);
  const { code } = await child.exited;
  return { code, output: child.output() };
}

const ANNA: Account = {
  name: "anna", displayName: "Anna\u202e A", email: "", phone: "", responsibility: "presses, hall 2", machines: "=HYPERLINK(1)", role: "manager", group: null, origin: "local", isDisabled: false,
  isTemporary: false, passwordSecondsLeft: 1, hasSecondFactor: true, recoveryCodesLeft: 3, created: "2026-01-01T00:00:00.000Z", lastLogin: "2026-02-01T00:00:00.000Z", lockedSeconds: 61, sessions: 2,
};

suite("weir user", (test) => {
  test("K2.1.4 the list of accounts is CSV that no spreadsheet runs, with role, responsibility, machines, contact and last login", () => {
    const [head, line] = writeAccountList([ANNA]).split("\r\n");
    assert.is(head, "name,displayName,role,group,responsibility,machines,email,phone,origin,isDisabled,hasSecondFactor,created,lastLogin");
    assert.is(line, `anna,Anna\u202e A,manager,,"presses, hall 2",'=HYPERLINK(1),,,local,no,yes,2026-01-01T00:00:00.000Z,2026-02-01T00:00:00.000Z`);
    assert.match(writeAccountList([ANNA], true), /^\ufeffname;displayName;/);
  });

  test("for a terminal nothing steers it", () => {
    assert.is(writeAccounts([ANNA]), "anna  manager  Anna\ufffd A  last login 2026-02-01T00:00:00.000Z  2 sessions\n    locked for 2 more minutes\n");
    assert.is(writeAccounts([]), "Nobody has an account.\n");
  });

  test("accounts are made, changed, listed, exported, unlocked and deleted", async ({ defer, signal }) => {
    const { dataDir, local } = await startCore(defer, configure({}));
    const user = (...args: readonly string[]): ReturnType<typeof run> => run(defer, dataDir, "user", ...args);
    assert.equal(await user("list"), { code: 0, output: "Nobody has an account.\n" });
    assert.is((await user("add", "anna")).code, 2);
    const made = await user("add", "anna", "--role", "systemadministrator", "--display-name", "Anna A");
    assert.match(made.output, /^(?:[a-z2-9]{4}-){3}[a-z2-9]{4}\n/m);
    const json = await user("add", "tom", "--group", "maintenance", "--responsibility", "presses", "--json");
    assert.is((JSON.parse(json.output) as { account: Account }).account.role, "service");
    assert.match((await user("change", "tom", "--disable", "--phone", "+49 30 1")).output, /tom {2}service[^]*disabled/);
    assert.is((await user("change", "tom", "--enable")).code, 0);
    assert.match((await user("list")).output, /^anna {2}systemadministrator {2}Anna A {2}never logged in$/m);
    const file = join(makeTempDir(defer), "accounts.csv");
    assert.is((await user("export", "--out", file)).code, 0);
    assert.match(readFileSync(file, "utf8"), /^tom,,service,maintenance,presses,,,'\+49 30 1,local/m);
    assert.match((await user("reset-password", "tom")).output, /^(?:[a-z2-9]{4}-){3}[a-z2-9]{4}\n/m);
    for (const work of ["unlock", "reset-second-factor", "delete"]) assert.is((await user(work, "tom")).code, 0, work);
    assert.match((await user("delete", "anna")).output, /last systemadministrator/);
    assert.equal((await local.call("accounts", {}, signal)).accounts.map(({ name }) => name), ["anna"]);
  }, LONG);

  test("whoever has the gateway in their hands resets accounts, and nothing else, with their word", async ({ defer, signal }) => {
    const { dataDir, local } = await startCore(defer, configure({}));
    await local.call("setSecret", { name: "kept", text: "hunter2" }, signal);
    await local.call("createAccount", { name: "anna", role: "systemadministrator" }, signal);
    await local.call("createToken", { name: "reader", role: "analyst", scope: [], days: 1 }, signal);
    assert.is((await run(defer, dataDir, "user", "reset")).code, 2);
    assert.is((await local.call("accounts", {}, signal)).accounts.length, 1);
    assert.equal(await run(defer, dataDir, "user", "reset", "--yes"), { code: 0, output: "1 deleted\n" });
    assert.equal([(await local.call("accounts", {}, signal)).accounts, (await local.call("tokens", {}, signal)).tokens], [[], []]);
    assert.equal((await local.call("secretNames", {}, signal)).names, ["kept"]);
    assert.ok((await local.call("firstPassword", {}, signal)).oneTimePassword !== null);
    const { records } = await local.call("audit", { limit: 20, action: "accounts.reset" }, signal);
    assert.equal(records.map(({ actor, zone, detail }) => [actor, zone, detail["deleted"]]), [["local", "local", 1]]);
  }, LONG);

  test("a token's text and a window's id are told when they are made", async ({ defer, signal }) => {
    const { dataDir, local } = await startCore(defer, configure({}));
    const token = await run(defer, dataDir, "token", "create", "reader", "--role", "analyst", "--scope", "values", "status", "--days", "7");
    assert.match(token.output, /^wt_[\w-]{43}$/m);
    assert.equal(await run(defer, dataDir, "token", "list"), { code: 0, output: "reader  of local  analyst  values status  7 days left  never used\n" });
    assert.match((await run(defer, dataDir, "token", "create", "other", "--role", "analyst", "--scope", "audit")).output, /the role analyst may not audit/);
    assert.is((await run(defer, dataDir, "token", "create", "other", "--role", "root")).code, 2);
    assert.is((await run(defer, dataDir, "token", "create", "other", "--role", "analyst", "--days", "0")).code, 2);
    assert.is((await run(defer, dataDir, "token", "delete", "reader")).code, 0);
    const window = await run(defer, dataDir, "window", "open", "--purpose", "pump", "--minutes", "30");
    const id = /^[0-9a-f]{32}/.exec(window.output)?.[0] ?? "";
    assert.match((await run(defer, dataDir, "window", "list")).output, /all service accounts {2}30 minutes left {2}opened by local {2}everything of the role service {2}pump/);
    assert.is((await run(defer, dataDir, "window", "close", id)).code, 0);
    assert.equal([(await local.call("tokens", {}, signal)).tokens, (await local.call("serviceWindows", {}, signal)).windows], [[], []]);
  }, LONG);

  test("without a gateway it ends with 1", async ({ defer }) => {
    const dataDir = makeTempDir(defer);
    for (const args of [["user", "list"], ["token", "list"], ["window", "list"]]) assert.match((await run(defer, dataDir, ...args)).output, /no gateway runs/);
    assert.not.ok(existsSync(join(dataDir, "state.db")));
  });
});
