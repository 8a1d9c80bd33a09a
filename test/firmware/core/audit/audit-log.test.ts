// Shows on a real core that the audit log is read in pages, verified, found out when it was put back, and told to the cloud.

import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import type { AuditRecord } from "../../../../firmware/conduit/audit.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";
import { configure, standing, startCore } from "../running-core.ts";
import type { RunningCore } from "../running-core.ts";

async function setSecrets({ local }: RunningCore, names: readonly string[], signal: AbortSignal): Promise<void> {
  for (const name of names) await local.call("setSecret", { name, text: "hidden" }, signal);
}

async function readAll({ local }: RunningCore, signal: AbortSignal): Promise<readonly AuditRecord[]> {
  return (await local.call("audit", { limit: 500 }, signal)).records;
}

/** The log as it lies on the disk while nobody runs. */
function copyLog(from: string, to: string): void {
  for (const suffix of ["", "-wal"]) {
    rmSync(join(to, `audit.db${suffix}`), { force: true });
    if (existsSync(join(from, `audit.db${suffix}`))) copyFileSync(join(from, `audit.db${suffix}`), join(to, `audit.db${suffix}`));
  }
}

function tamper(dataDir: string, sql: string): void {
  const database = new Sqlite(join(dataDir, "audit.db"));
  database.exec(`DROP TRIGGER never_changed; DROP TRIGGER never_deleted; ${sql}`);
  database.close();
}

/** A core that has written some entries and has stopped. */
async function leaveLog(defer: Defer, signal: AbortSignal): Promise<string> {
  const running = await startCore(defer, configure({}));
  await setSecrets(running, ["a", "b", "c", "d"], signal);
  await running.stop();
  return running.dataDir;
}

suite("audit log", (test) => {
  test("CR 6.1 entries come newest first, page by page, with who, from where and how sure the time is", async ({ defer, signal }) => {
    const running = await startCore(defer, configure({}));
    await setSecrets(running, ["a", "b", "c", "d", "e"], signal);
    const first = await running.local.call("audit", { limit: 2 }, signal);
    assert.equal(first.records.map(({ action, target, actor, zone, source, result }) => ({ action, target, actor, zone, source, result })), ["e", "d"].map((target) => ({ action: "secret.set", target, actor: "local", zone: "local", source: null, result: "done" })));
    assert.is(first.hasMore, true);
    assert.match(first.records[0]?.timeQuality ?? "", /^(synchronised|free|unknown)$/);
    const second = await running.local.call("audit", { limit: 2, before: first.records[1]?.number ?? 0 }, signal);
    assert.equal(second.records.map(({ target }) => target), ["c", "b"]);
    const forward = await running.local.call("audit", { limit: 500, after: 0 }, signal);
    assert.equal(forward.records.map(({ number }) => number), Array.from({ length: forward.records.length }, (_, index) => index + 1));
    assert.is(forward.hasMore, false);
  });
  test("filters are exact, and text is looked for everywhere", async ({ defer, signal }) => {
    const running = await startCore(defer, configure({}));
    await setSecrets(running, ["alpha", "beta", "alphabet"], signal);
    await running.local.call("deleteSecret", { name: "beta" }, signal);
    const targets = async (filter: object): Promise<readonly string[]> => (await running.local.call("audit", { limit: 100, ...filter }, signal)).records.map(({ target }) => target);
    assert.equal(await targets({ action: "secret.deleted" }), ["beta"]);
    assert.equal(await targets({ text: "ALPHA" }), ["alphabet", "alpha"]);
    assert.equal(await targets({ text: "100%_" }), []);
    assert.equal(await targets({ actor: "local", result: "refused" }), []);
    assert.equal(await targets({ action: "core.started", until: "2001-01-01T00:00:00Z" }), []);
    assert.equal(await targets({ action: "core.started", from: "2001-01-01T00:00:00Z" }), ["core"]);
    await assert.rejects(targets({ from: "soon" }), "INPUT_INVALID");
  });
  test("an export is recorded with what it asked for", async ({ defer, signal }) => {
    const running = await startCore(defer, configure({}));
    await running.local.call("audit", { limit: 500, after: 0, export: true, actor: "core" }, signal);
    const [newest] = await readAll(running, signal);
    assert.equal([newest?.action, newest?.actor, newest?.detail], ["audit.exported", "local", { after: 0, actor: "core" }]);
  });
  test("CR 2.12 a sound log is verified up to its end, also after a restart", async ({ defer, signal }) => {
    const dataDir = await leaveLog(defer, signal);
    const running = await startCore(defer, undefined, { dataDir });
    const verdict = await running.local.call("verifyAudit", {}, signal);
    assert.equal({ ...verdict, head: verdict.head.number }, { checked: 7, unverifiable: 0, first: 1, last: 7, broken: null, head: 7 });
    assert.equal((await standing(running, signal)).filter((one) => one.startsWith("AUDIT")), []);
  });
  test("CR 3.9 a log that was put back to a former state is told at the start, and its numbers are not given again", async ({ defer, signal }) => {
    const dataDir = await leaveLog(defer, signal);
    const aside = makeTempDir(defer);
    copyLog(dataDir, aside);
    const later = await startCore(defer, undefined, { dataDir });
    await setSecrets(later, ["e", "f"], signal);
    await later.stop();
    copyLog(aside, dataDir);
    const running = await startCore(defer, undefined, { dataDir });
    assert.ok((await standing(running, signal)).includes("AUDIT_ROLLED_BACK audit.db"));
    const told = (await readAll(running, signal)).findLast(({ action }) => action === "audit.broken");
    assert.match(String(told?.detail["why"]), /ends at entry 6, but entry 10 had been written/);
    const { broken } = await running.local.call("verifyAudit", {}, signal);
    assert.equal(broken, { number: 7, why: "missing" });
  });
  test("CR 3.9 a log that was deleted is told at the start", async ({ defer, signal }) => {
    const dataDir = await leaveLog(defer, signal);
    copyLog(makeTempDir(defer), dataDir);
    const running = await startCore(defer, undefined, { dataDir });
    assert.ok((await standing(running, signal)).includes("AUDIT_ROLLED_BACK audit.db"));
    assert.equal((await running.local.call("verifyAudit", {}, signal)).broken, { number: 1, why: "cut-start" });
  });
  test("a damaged log is set aside, told and recorded, and the new one goes on with the numbers and is whole", async ({ defer, signal }) => {
    const dataDir = await leaveLog(defer, signal);
    writeFileSync(join(dataDir, "audit.db"), Buffer.alloc(8192, 7));
    rmSync(join(dataDir, "audit.db-wal"), { force: true });
    const running = await startCore(defer, undefined, { dataDir });
    assert.equal((await standing(running, signal)).filter((one) => one.startsWith("AUDIT")).map((one) => one.split(" ")[0]), ["AUDIT_SET_ASIDE"]);
    assert.equal((await readAll(running, signal)).map(({ number, action }) => [number, action]), [[8, "database.set-aside"], [7, "core.started"]]);
    assert.is((await running.local.call("verifyAudit", {}, signal)).broken, null);
    await running.stop();
    const again = await startCore(defer, undefined, { dataDir });
    assert.is((await again.local.call("verifyAudit", {}, signal)).broken, null);
    assert.equal((await standing(again, signal)).filter((one) => one.startsWith("AUDIT")), []);
  });
  test("CR 3.9 a log that was cut, with its place put right, is told at the start", async ({ defer, signal }) => {
    const dataDir = await leaveLog(defer, signal);
    tamper(dataDir, "DELETE FROM entries WHERE number > 4; UPDATE places SET number = 4, chain = (SELECT chain FROM entries WHERE number = 4) WHERE place = 'head'");
    const running = await startCore(defer, undefined, { dataDir });
    assert.ok((await standing(running, signal)).includes("AUDIT_ROLLED_BACK audit.db"));
    assert.equal((await running.local.call("verifyAudit", {}, signal)).broken, { number: 5, why: "missing" });
  });
  test("CR 3.9 an entry altered while nobody ran is told at the start and recorded", async ({ defer, signal }) => {
    const dataDir = await leaveLog(defer, signal);
    tamper(dataDir, "UPDATE entries SET target = 'other' WHERE number = 3");
    const running = await startCore(defer, undefined, { dataDir });
    assert.equal((await running.local.call("verifyAudit", {}, signal)).broken, { number: 3, why: "altered" });
    assert.ok((await standing(running, signal)).includes("AUDIT_CHAIN_BROKEN audit.db"));
    assert.equal((await readAll(running, signal)).filter(({ action }) => action === "audit.broken").map(({ detail }) => detail), [{ number: 3, why: "altered" }]);
  });
  test("CR 3.9 the mark that the cloud has proves the log, and finds another one out", async ({ defer, signal }) => {
    const running = await startCore(defer, configure({}));
    const { audit } = await running.cloud.call("figures", {}, signal);
    assert.ok(audit);
    await setSecrets(running, ["a"], signal);
    assert.is((await running.local.call("verifyAudit", { known: audit }, signal)).broken, null);
    const other = { ...audit, chain: "ab".repeat(32) };
    assert.equal((await running.local.call("verifyAudit", { known: other }, signal)).broken, { number: audit.number, why: "altered" });
    const beyond = { number: audit.number + 50, chain: "ab".repeat(32) };
    assert.equal((await running.local.call("verifyAudit", { known: beyond }, signal)).broken?.why, "cut-end");
  });
});
