// Shows `weir audit` against a real core.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { writeBreak, writeRecords } from "../../../firmware/cli/audit-text.ts";
import { startChild } from "../../support/child.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { configure, startCore } from "../core/running-core.ts";

const weir = fileURLToPath(new URL("../../../firmware/cli/weir.ts", import.meta.url));

async function run(defer: Defer, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = startChild(defer, process.execPath, [weir, "audit", ...args]);
  const { code } = await child.exited;
  return { code, output: child.output() };
}

const record = { number: 12, time: "2026-01-01T00:00:00.000Z", timeQuality: "free", uptimeMs: 5, zone: "admin", actor: "anna", source: "192.0.2.7", action: "secret.set", target: "cloud\u001b[2J", result: "done" as const, detail: {} };

suite("weir audit", (test) => {
  test("an entry says when, who, from where and what, and cannot steer the terminal", () => {
    assert.is(writeRecords([record]), "    12  2026-01-01T00:00:00.000Z (clock free)  done     secret.set  cloud\ufffd[2J  by anna (admin, 192.0.2.7)\n");
    assert.is(writeRecords([]), "No entries.\n");
  });
  test("a broken log is named with its number and what is wrong", () => {
    const words = writeBreak({ checked: 3, unverifiable: 0, first: 1, last: 9, broken: { number: 4, why: "swapped" }, head: { number: 9, chain: "" } });
    assert.is(words, "BROKEN: entry 4 stands elsewhere: another entry was put in its place (swapped). 3 entries before it are sound.");
  });
  test("lists, exports to a new file and verifies", async ({ defer, signal }) => {
    const { dataDir, local } = await startCore(defer, configure({}));
    await local.call("setSecret", { name: "a", text: "hidden" }, signal);
    assert.match((await run(defer, "list", "--data", dataDir, "--action", "secret.set")).output, /^ {5}2 {2}\S+ .*done {5}secret\.set {2}a {2}by local \(local\)\n$/);
    const file = join(makeTempDir(defer), "audit.jsonl");
    assert.equal(await run(defer, "export", "--data", dataDir, "--output", file), { code: 0, output: "3 entries written\n" });
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    assert.equal(lines.map((line) => (JSON.parse(line) as { readonly action: string }).action), ["core.started", "secret.set", "audit.exported"]);
    assert.is(statSync(file).mode & 0o777, 0o600);
    assert.is((await run(defer, "export", "--data", dataDir, "--output", file)).code, 2);
    const { code, output } = await run(defer, "verify", "--data", dataDir);
    assert.is(code, 0);
    const [, mark = ""] = /^Sound: \d entries, 1 to \d\. It ends with (\d+:[0-9a-f]{64})\n$/.exec(output) ?? [];
    assert.is((await run(defer, "verify", "--data", dataDir, "--known", mark)).code, 0);
    assert.is((await run(defer, "verify", "--data", dataDir, "--known", `1:${"0".repeat(64)}`)).code, 1);
    assert.is((await run(defer, "verify", "--data", dataDir, "--known", "1")).code, 2);
  });
  test("CR 3.9 verify ends with 1 and the first broken number", async ({ defer }) => {
    const { dataDir } = await startCore(defer, configure({}));
    const database = new Sqlite(join(dataDir, "audit.db"));
    database.exec("DROP TRIGGER never_changed; UPDATE entries SET actor = 'x' WHERE number = 1");
    database.close();
    const { code, output } = await run(defer, "verify", "--data", dataDir, "--json");
    assert.is(code, 1);
    assert.equal((JSON.parse(output) as { readonly broken: unknown }).broken, { number: 1, why: "altered" });
  });
});
