// Shows that no entry of the audit log can be altered, moved or taken away unseen.

import { createHmac } from "node:crypto";
import Database from "better-sqlite3";
import { Audit } from "../../../../firmware/core/audit/audit.ts";
import { prepareAuditSchema } from "../../../../firmware/core/audit/audit-schema.ts";
import { AuditTrail } from "../../../../firmware/core/audit/trail.ts";
import { verifyAudit } from "../../../../firmware/core/audit/verify.ts";
import type { AuditBreak } from "../../../../firmware/conduit/audit.ts";
import { Conditions } from "../../../../firmware/core/health/conditions.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";

const KEY = Buffer.alloc(32, 1);

function openAudit(defer: Defer, entries = 10): { database: Database.Database; audit: Audit } {
  const database = new Database(":memory:");
  defer(() => database.close());
  prepareAuditSchema(database);
  const audit = new Audit(database, makeFakeClock(), KEY);
  for (let count = 1; count <= entries; count += 1) audit.append({ actor: "local", action: "secret.set", target: `s${count}`, result: "done", detail: { count } });
  return { database, audit };
}

/** As it was written before zones and sources were recorded. */
function makeFormerLog(database: Database.Database, entries: number): void {
  database.exec(`
    CREATE TABLE entries (
      number INTEGER PRIMARY KEY, time TEXT NOT NULL, uptimeMs INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
      target TEXT NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL, keyId TEXT NOT NULL, chain TEXT NOT NULL) STRICT;
    CREATE TABLE places (place TEXT PRIMARY KEY, number INTEGER NOT NULL, chain TEXT NOT NULL, keyId TEXT NOT NULL, seal TEXT NOT NULL) STRICT, WITHOUT ROWID;`);
  const mark = (text: unknown): string => createHmac("sha256", KEY).update(JSON.stringify(text)).digest("hex");
  const keyId = createHmac("sha256", KEY).update("weir audit key id").digest("hex").slice(0, 16);
  let chain = "0".repeat(64);
  for (let number = 1; number <= entries; number += 1) {
    const fields = [number, "2026-01-01T00:00:00.000Z", number, "local", "secret.set", `s${number}`, "done", "{}", keyId];
    chain = mark([chain, ...fields]);
    database.prepare("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(...fields, chain);
  }
  database.prepare("INSERT INTO places VALUES ('head', ?, ?, ?, ?)").run(entries, chain, keyId, mark(["head", entries, chain]));
}

/** What somebody does who may write the file. */
function tamper(database: Database.Database, sql: string): void {
  database.exec(`DROP TRIGGER never_changed; DROP TRIGGER never_deleted; ${sql}`);
}

const FOREIGN = "INSERT INTO entries (number, form, time, timeQuality, uptimeMs, zone, actor, action, target, result, detail, keyId, chain) SELECT number + 1, form, time, timeQuality, uptimeMs, zone, actor, action, 'forged', result, detail, keyId, chain FROM entries WHERE number = 10";

suite("audit", (test) => {
  test("an untouched log is sound, also across a restart", async ({ defer }) => {
    const { database } = openAudit(defer);
    new Audit(database, makeFakeClock(), KEY).append({ actor: "core", action: "core.started", target: "core", result: "done" });
    assert.equal(await verifyAudit(database, KEY), { checked: 11, unverifiable: 0 });
  });
  const cases: readonly (readonly [string, string, { number: number; why: AuditBreak }])[] = [
    ["an altered result", "UPDATE entries SET result = 'refused' WHERE number = 4", { number: 4, why: "altered" }],
    ["an altered time", "UPDATE entries SET time = '2020-01-01T00:00:00.000Z' WHERE number = 1", { number: 1, why: "altered" }],
    ["an altered uptime", "UPDATE entries SET uptimeMs = 5 WHERE number = 2", { number: 2, why: "altered" }],
    ["an altered detail", "UPDATE entries SET detail = '{}' WHERE number = 10", { number: 10, why: "altered" }],
    ["a deleted entry", "DELETE FROM entries WHERE number = 6", { number: 6, why: "missing" }],
    ["a deleted beginning", "DELETE FROM entries WHERE number < 4", { number: 1, why: "cut-start" }],
    ["a deleted end", "DELETE FROM entries WHERE number > 8", { number: 9, why: "cut-end" }],
    ["all entries deleted", "DELETE FROM entries", { number: 1, why: "cut-end" }],
    ["a closed gap", "DELETE FROM entries WHERE number = 6; UPDATE entries SET number = 6 WHERE number = 7", { number: 6, why: "altered" }],
    ["two entries in the other order", "UPDATE entries SET number = 99 WHERE number = 3; UPDATE entries SET number = 3 WHERE number = 4; UPDATE entries SET number = 4 WHERE number = 99", { number: 3, why: "swapped" }],
    ["a moved head", "DELETE FROM entries WHERE number > 8; UPDATE places SET number = 8, chain = (SELECT chain FROM entries WHERE number = 8) WHERE place = 'head'", { number: 9, why: "cut-end" }],
    ["a removed head", "DELETE FROM entries WHERE number > 8; DELETE FROM places WHERE place = 'head'", { number: 9, why: "cut-end" }],
    ["a head passed off as one of a lost key", "DELETE FROM entries WHERE number > 8; UPDATE places SET number = 8, chain = (SELECT chain FROM entries WHERE number = 8), keyId = 'lost' WHERE place = 'head'", { number: 9, why: "cut-end" }],
    ["an altered zone", "UPDATE entries SET zone = 'admin' WHERE number = 4", { number: 4, why: "altered" }],
    ["an altered source", "UPDATE entries SET source = '192.0.2.1' WHERE number = 4", { number: 4, why: "altered" }],
    ["an altered certainty of the time", "UPDATE entries SET timeQuality = 'free' WHERE number = 4", { number: 4, why: "altered" }],
    ["an altered running time", "UPDATE entries SET runningMs = 7 WHERE number = 4", { number: 4, why: "altered" }],
    ["an entry passed off as one of a lost key", "UPDATE entries SET actor = 'x', keyId = 'lost' WHERE number = 4", { number: 5, why: "altered" }],
    ["the last entry passed off as one of a lost key", "UPDATE entries SET actor = 'x', keyId = 'lost' WHERE number = 10", { number: 10, why: "altered" }],
    ["an entry passed off as one of the former form", "UPDATE entries SET form = 1, zone = '', timeQuality = '', runningMs = 0 WHERE number = 4", { number: 4, why: "altered" }],
    ["a forged anchor", "DELETE FROM entries WHERE number < 4; INSERT INTO places SELECT 'anchor', 3, chain, keyId, seal, entryKeyId FROM places WHERE place = 'head'", { number: 3, why: "cut-start" }],
    ["a forged anchor under a lost key", "DELETE FROM entries WHERE number < 4; INSERT INTO places SELECT 'anchor', 3, chain, 'lost', seal, entryKeyId FROM places WHERE place = 'head'", { number: 4, why: "cut-start" }],
  ];
  for (const [name, sql, broken] of cases) {
    test(`CR 3.9 ${name} is found`, async ({ defer }) => {
      const { database } = openAudit(defer);
      tamper(database, sql);
      assert.equal((await verifyAudit(database, KEY)).broken, broken);
    });
  }
  test("CR 3.9 an entry added by another hand is found once the log goes on", async ({ defer }) => {
    const { database } = openAudit(defer);
    tamper(database, FOREIGN);
    new Audit(database, makeFakeClock(), KEY).append({ actor: "core", action: "core.started", target: "core", result: "done" });
    assert.equal((await verifyAudit(database, KEY)).broken, { number: 11, why: "altered" });
  });
  test("the numbers of entries taken away are never given again", async ({ defer }) => {
    const { database } = openAudit(defer);
    tamper(database, "DELETE FROM entries WHERE number > 8");
    new Audit(database, makeFakeClock(), KEY).append({ actor: "core", action: "core.started", target: "core", result: "done" });
    assert.equal((await verifyAudit(database, KEY)).broken, { number: 9, why: "missing" });
  });
  test("entries cannot be changed or deleted by a slip", ({ defer }) => {
    const { database } = openAudit(defer);
    assert.throws(() => database.exec("UPDATE entries SET actor = 'x'"), /never changed/);
    assert.throws(() => database.exec("DELETE FROM entries WHERE number = 1"), /retention only/);
  });
  test("retention takes the oldest, and what is left is still sound", async ({ defer }) => {
    const { database, audit } = openAudit(defer);
    assert.is(audit.forgetBefore(5), 4);
    assert.equal(await verifyAudit(database, KEY), { checked: 6, unverifiable: 0 });
    assert.is(audit.forgetBefore(5), 0);
    assert.throws(() => database.exec("DELETE FROM entries WHERE number = 5"), /retention only/);
  });
  test("entries under a lost key are counted as unverifiable, those under the new one are checked", async ({ defer }) => {
    const { database } = openAudit(defer);
    const key = Buffer.alloc(32, 2);
    new Audit(database, makeFakeClock(), key).append({ actor: "core", action: "core.started", target: "core", result: "done" });
    assert.equal(await verifyAudit(database, key), { checked: 11, unverifiable: 10 });
    tamper(database, "UPDATE entries SET actor = 'x' WHERE number = 11");
    assert.equal((await verifyAudit(database, key)).broken, { number: 11, why: "altered" });
  });
  test("CR 2.12 a log of the former shape opens, verifies as before and goes on", async ({ defer }) => {
    const database = new Database(":memory:");
    defer(() => database.close());
    makeFormerLog(database, 5);
    prepareAuditSchema(database);
    assert.equal(await verifyAudit(database, KEY), { checked: 5, unverifiable: 0 });
    const audit = new Audit(database, makeFakeClock(), KEY);
    audit.append({ actor: { name: "anna", zone: "admin", source: "192.0.2.7" }, action: "secret.set", target: "s", result: "done" });
    assert.equal(await verifyAudit(database, KEY), { checked: 6, unverifiable: 0 });
    const [newest] = audit.newest(1);
    assert.equal([newest?.zone, newest?.actor, newest?.source, newest?.timeQuality], ["admin", "anna", "192.0.2.7", "synchronised"]);
    tamper(database, "UPDATE entries SET source = '192.0.2.9' WHERE number = 2");
    assert.equal((await verifyAudit(database, KEY)).broken, { number: 2, why: "altered" });
  });
  test("CR 3.9 a log that was put back to a former state is found by a position kept elsewhere", async ({ defer }) => {
    const { audit } = openAudit(defer);
    const known = [audit.head];
    // Six of ten, sealed by ourselves: as the file was when the sixth was written.
    const { database: cut } = openAudit(defer, 6);
    assert.equal(await verifyAudit(cut, KEY), { checked: 6, unverifiable: 0 });
    assert.equal((await verifyAudit(cut, KEY, { known })).broken, { number: 7, why: "cut-end" });
    const next = new Audit(cut, makeFakeClock(), KEY);
    for (const place of known) next.continueAfter(place);
    assert.is(next.append({ actor: "core", action: "core.started", target: "core", result: "done" }), 11);
    assert.equal((await verifyAudit(cut, KEY)).broken, { number: 7, why: "missing" });
  });
  test("CR 3.9 another log of our own key is found by a position kept elsewhere", async ({ defer }) => {
    const { database, audit } = openAudit(defer, 12);
    const [, , fifth] = audit.newest(3);
    assert.ok(fifth);
    assert.equal((await verifyAudit(database, KEY, { known: [{ ...fifth, chain: "ab".repeat(32) }] })).broken, { number: 10, why: "altered" });
    assert.equal(await verifyAudit(database, KEY, { known: [fifth] }), { checked: 12, unverifiable: 0 });
  });
  test("what somebody else chose is cut to what readers take, and a detail without end to its beginning", async ({ defer }) => {
    const { audit, database } = openAudit(defer, 0);
    const endless = "x".repeat(100_000);
    audit.append({ actor: { name: endless, zone: "admin", source: endless }, action: "access.denied", target: endless, result: "refused", detail: { endless } });
    const [entry] = audit.newest(1);
    assert.equal([entry?.actor.length, entry?.source?.length, entry?.target.length], [256, 128, 1024]);
    const { shortenedFrom, beginning } = JSON.parse(entry?.detail ?? "") as { readonly shortenedFrom: number; readonly beginning: string };
    assert.equal([shortenedFrom, beginning.length], [100_014, 16_384]);
    assert.is((await verifyAudit(database, KEY)).broken, undefined);
  });
  test("CR 2.12 no text that somebody chose makes a sound log look altered", async ({ defer }) => {
    const { audit, database } = openAudit(defer, 0);
    for (const words of ["\ud83d", "\0", "a\0b", "\u2028", "'\"\\", "\ufffe", `${"x".repeat(1022)}\ud83d\ude00`]) {
      audit.append({ actor: { name: words, zone: words, source: words }, action: "access.denied", target: words, result: "refused", detail: { [words]: words } });
    }
    assert.equal(await verifyAudit(database, KEY), { checked: 7, unverifiable: 0 });
  });
  test("a long log is walked in portions", async ({ defer }) => {
    const { database } = openAudit(defer, 1200);
    let pauses = 0;
    assert.is((await verifyAudit(database, KEY, { pause: async () => void (pauses += 1) })).checked, 1200);
    assert.is(pauses, 12);
  });
});

suite("audit trail", (test) => {
  test("gathers the drops of a minute into one entry that has every range", async ({ defer }) => {
    const { audit } = openAudit(defer, 0);
    const clock = makeFakeClock();
    const trail = new AuditTrail(audit, new Conditions(clock, () => undefined), clock);
    const drop = { destination: "cloud", stream: "s", reason: "storage" };
    trail.recordDrop({ ...drop, first: 1, last: 10, count: 10 });
    trail.recordDrop({ ...drop, first: 11, last: 20, count: 10 });
    trail.recordDrop({ ...drop, first: 21, last: 30, count: 10 });
    trail.recordDrop({ ...drop, first: 40, last: 49, count: 10 });
    assert.is(audit.newest(10).length, 1);
    await clock.advance(60_000);
    trail.tick();
    const [second, first] = audit.newest(10).map(({ target, detail }) => ({ target, detail: JSON.parse(detail) as unknown }));
    assert.equal(first, { target: "cloud", detail: { stream: "s", reason: "storage", count: 10, gaps: [[1, 10]] } });
    assert.equal(second, { target: "cloud", detail: { stream: "s", reason: "storage", count: 30, gaps: [[11, 30], [40, 49]] } });
  });
  test("CR 2.10 a log that cannot be written is a condition, not a failure", ({ defer }) => {
    const { audit, database } = openAudit(defer, 0);
    const clock = makeFakeClock();
    const conditions = new Conditions(clock, () => undefined);
    const trail = new AuditTrail(audit, conditions, clock);
    const event = { actor: "core", action: "core.started", target: "core", result: "done" } as const;
    database.pragma("query_only = ON");
    trail.record(event);
    assert.ok(conditions.has("AUDIT_NOT_WRITTEN", "audit.db"));
    database.pragma("query_only = OFF");
    trail.record(event);
    assert.not.ok(conditions.has("AUDIT_NOT_WRITTEN", "audit.db"));
    assert.is(audit.newest(10).length, 1);
  });
});
