// Shows how people of the plant's directory log in, and that nobody becomes a local account by it.

import { Fault } from "../../../../drivers/contract/fault.ts";
import type { DirectoryVerdict } from "../../../../firmware/core/accounts/directory.ts";
import { assert, suite } from "../../../support/suite.ts";
import { BY, GOOD, openBench, OTHER } from "./people-bench.ts";

/** What the zone plant would answer. */
function makeDirectory(people: Record<string, { readonly password: string; role?: "analyst" | "manager" | undefined }>) {
  const asked: string[] = [];
  let fault: Fault | undefined;
  const ask = async (user: string, password: string): Promise<DirectoryVerdict> => {
    asked.push(user);
    if (fault !== undefined) throw fault;
    const person = people[user];
    if (person === undefined || person.password !== password) return { outcome: "refused", why: "unknown" };
    return person.role === undefined ? { outcome: "refused", why: "no group" } : { outcome: "known", role: person.role, displayName: user.toUpperCase(), email: `${user}@plant.example` };
  };
  return { asked, directory: { isConfigured: true, ask }, fail: (next: Fault | undefined) => void (fault = next), people };
}

suite("login by the directory", (test) => {
  test("K2.1.11 whoever the directory knows gets an account with the role of their groups, and another one when the groups change", async ({ defer }) => {
    const { directory, people } = makeDirectory({ dora: { password: GOOD, role: "analyst" } });
    const bench = openBench(defer, { directory });
    const { session } = await bench.open("Dora", GOOD);
    assert.is(bench.accounts.identify(session)?.role, "analyst");
    const { origin, passwordSecondsLeft, displayName } = bench.accounts.roster.get("dora");
    assert.equal([origin, passwordSecondsLeft, displayName], ["directory", null, "DORA"]);
    people["dora"] = { password: GOOD, role: "manager" };
    const next = await bench.open("dora", GOOD);
    assert.is(bench.accounts.identify(session), undefined);
    assert.is(bench.accounts.identify(next.session)?.role, "manager");
    people["dora"] = { password: GOOD };
    await bench.refuse("dora", GOOD);
    await assert.rejects(bench.accounts.roster.resetPassword("dora", BY), "NOT_SUPPORTED");
  });

  test("a local account is never asked of the directory, and stays when the directory is away", async ({ defer }) => {
    const { asked, directory, fail } = makeDirectory({ anna: { password: OTHER, role: "manager" } });
    const bench = openBench(defer, { directory });
    bench.make("anna", "analyst");
    await bench.refuse("anna", OTHER);
    fail(new Fault("PEER_TIMEOUT", "away"));
    await bench.open("anna", GOOD);
    assert.equal(asked, []);
    await bench.refuse("dora", GOOD);
    assert.equal(asked, ["dora"]);
  });

  test("CR 1.11 three wrong passwords lock the account here too, and the directory is not asked meanwhile", async ({ defer }) => {
    const { asked, directory } = makeDirectory({ dora: { password: GOOD, role: "analyst" } });
    const bench = openBench(defer, { directory });
    await bench.open("dora", GOOD);
    for (let time = 0; time < 3; time += 1) await bench.refuse("dora", OTHER);
    const before = asked.length;
    await bench.refuse("dora", GOOD);
    assert.is(asked.length, before);
    assert.ok(bench.accounts.roster.get("dora").lockedSeconds !== null);
  });

  test("a name that no account can have is asked of nobody; a disabled account of the directory does not open", async ({ defer }) => {
    const { asked, directory } = makeDirectory({ dora: { password: GOOD, role: "analyst" } });
    const bench = openBench(defer, { directory });
    for (const user of ["*", "dora)(uid=*", "plant\\dora", "dörá", ""]) await bench.refuse(user, GOOD, { source: user });
    assert.equal(asked, []);
    await bench.open("dora", GOOD);
    bench.accounts.roster.change("dora", { isDisabled: true }, BY);
    await bench.refuse("dora", GOOD);
  });
});
