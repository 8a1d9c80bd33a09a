// Shows that entries go when they are old enough, exported before, and never because a clock jumped.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifyAudit } from "../../../../firmware/core/audit/verify.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Fixture } from "./fixture.ts";
import { DAY_MS, KEY, openFixture } from "./fixture.ts";

const YEAR_MS = 365 * DAY_MS;

function numbers({ opened }: Fixture): { readonly first: number; readonly last: number } {
  return opened.database.prepare<[], { readonly first: number; readonly last: number }>("SELECT min(number) AS first, max(number) AS last FROM entries").get() ?? { first: 0, last: 0 };
}

/** A day in which the log looks at its clock, as it does every second. */
async function passDay({ clock, trail }: Fixture, days = 1): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    await clock.advance(DAY_MS);
    trail.tick();
  }
}

suite("audit retention", (test) => {
  test("U4.8-15 entries are deleted before 67 days are over, and what is left is sound", async ({ defer, signal }) => {
    const fixture = openFixture(defer);
    await fixture.write(100, DAY_MS);
    await fixture.retention().run(signal);
    const oldest = fixture.audit.newest(500).at(-1);
    assert.ok(oldest);
    const ageMs = fixture.clock.now() - Date.parse(oldest.time);
    assert.ok(ageMs < 67 * DAY_MS && ageMs >= 61 * DAY_MS, `the oldest is ${ageMs / DAY_MS} days old`);
    assert.is((await verifyAudit(fixture.opened.database, KEY)).broken, undefined);
    const [told] = fixture.audit.newest(1);
    assert.equal(JSON.parse(told?.detail ?? ""), { first: 1, last: 39, count: 39, reason: "age", export: "audit-000000000001-000000000039.jsonl" });
  });
  test("what is deleted lies as JSON lines in a file before, with marks", async ({ defer, signal }) => {
    const fixture = openFixture(defer);
    await fixture.write(250);
    await fixture.clock.advance(70 * DAY_MS);
    assert.is(await fixture.retention().run(signal), 249);
    const lines = readFileSync(join(fixture.exports.folder, fixture.exports.list()[0]?.name ?? ""), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(lines.map(({ number }) => number), Array.from({ length: 249 }, (_, index) => index + 1));
    const { actor, zone, source, action, target, result, detail, form, chain } = lines[0] ?? {};
    assert.equal([actor, zone, source, action, target, result, detail, form], ["anna", "admin", "192.0.2.7", "secret.set", "s0", "done", {}, 2]);
    assert.match(String(chain), /^[0-9a-f]{64}$/);
  });
  for (const [words, jumpMs] of [["a year ahead", YEAR_MS], ["a year back", -YEAR_MS]] as const) {
    test(`CR 2.11 a clock that jumps ${words} deletes nothing, and the jump is recorded`, async ({ defer, signal }) => {
      const fixture = openFixture(defer);
      await fixture.write(20, DAY_MS);
      fixture.clock.jumpWall(jumpMs);
      fixture.trail.tick();
      const [told] = fixture.audit.newest(1);
      assert.is(told?.action, "clock.jumped");
      assert.is((JSON.parse(told?.detail ?? "") as { readonly seconds: number }).seconds, jumpMs / 1000);
      assert.is(await fixture.retention().run(signal), 0);
      await fixture.write(5);
      fixture.clock.jumpWall(-jumpMs);
      fixture.trail.tick();
      await passDay(fixture, 3);
      assert.is(await fixture.retention().run(signal), 0);
      // In running time it is due all the same.
      await passDay(fixture, 63);
      assert.ok((await fixture.retention().run(signal)) >= 20);
    });
  }
  test("CR 2.11 a clock that is wrong by a year after a restart deletes nothing", async ({ defer, signal }) => {
    const former = openFixture(defer);
    await former.write(20, DAY_MS);
    former.audit.time.keep();
    former.close();
    former.clock.reboot();
    former.clock.jumpWall(YEAR_MS);
    const fixture = openFixture(defer, { folder: former.folder, clock: former.clock });
    fixture.trail.tick();
    assert.is(fixture.audit.newest(1)[0]?.action, "clock.jumped");
    assert.is(await fixture.retention().run(signal), 0);
  });
  test("a clock that nothing sets deletes by running time alone, over restarts", async ({ defer, signal }) => {
    const former = openFixture(defer);
    former.clock.setTimeQuality("free");
    await former.write(10, DAY_MS);
    former.audit.time.keep();
    former.close();
    former.clock.jumpWall(YEAR_MS);
    const fixture = openFixture(defer, { folder: former.folder, clock: former.clock });
    await passDay(fixture, 51);
    assert.is(await fixture.retention().run(signal), 0);
    await passDay(fixture, 2);
    assert.is(await fixture.retention().run(signal), 2);
  });
  test("a gateway that was off for a weekend goes on to believe its clock", async ({ defer, signal }) => {
    const former = openFixture(defer);
    await former.write(20, DAY_MS);
    former.audit.time.keep();
    former.close();
    former.clock.reboot();
    former.clock.jumpWall(3 * DAY_MS);
    const fixture = openFixture(defer, { folder: former.folder, clock: former.clock });
    await passDay(fixture, 41);
    assert.not.ok(fixture.audit.newest(100).some(({ action }) => action === "clock.jumped"));
    assert.ok((await fixture.retention().run(signal)) >= 2, "by wall time two days and more are due");
  });
  test("a log that grows too large gives up its oldest, which is told", async ({ defer, signal }) => {
    const fixture = openFixture(defer);
    await fixture.write(60);
    assert.is(await fixture.retention({ mostEntries: 40 }).run(signal), 24);
    assert.equal(numbers(fixture), { first: 25, last: 61 });
    assert.match(fixture.audit.newest(1)[0]?.detail ?? "", /"reason":"size"/);
  });
  test("exports are bounded: the oldest goes, and that is recorded", async ({ defer, signal }) => {
    const fixture = openFixture(defer, { limits: { files: 2, bytes: 1_000_000 } });
    for (let round = 0; round < 3; round += 1) {
      await fixture.write(10);
      await fixture.retention({ mostEntries: 5 }).run(signal);
    }
    assert.is((await verifyAudit(fixture.opened.database, KEY)).broken, undefined);
    assert.equal(fixture.exports.list().length, 2);
    assert.ok(fixture.audit.newest(10).some(({ action, target }) => action === "audit.export-removed" && target === "audit-000000000001-000000000006.jsonl"));
  });
  test("U4.8-15 an export goes too before its newest entry is 67 days old, but not before it could be fetched", async ({ defer, signal }) => {
    const fixture = openFixture(defer);
    await fixture.write(40, DAY_MS);
    const ages: number[] = [];
    const lasts: number[] = [];
    for (let day = 0; day < 80; day += 1) {
      await passDay(fixture);
      await fixture.retention().run(signal);
      for (const file of fixture.exports.list()) {
        const newest = JSON.parse(fixture.exports.lastLine(file) ?? "") as { readonly time: string };
        ages.push((fixture.clock.now() - Date.parse(newest.time)) / DAY_MS);
        lasts.push(file.last);
      }
    }
    assert.ok(lasts.includes(39), "every old entry was in an export");
    assert.ok(Math.max(...ages) < 67 && Math.max(...ages) >= 65, `the oldest is ${Math.max(...ages)} days old`);
    const late = openFixture(defer);
    await late.write(10);
    await passDay(late, 100);
    await late.retention().run(signal);
    await passDay(late, 3);
    await late.retention().run(signal);
    assert.ok(late.exports.list().length > 0, "what comes out late can be fetched");
    await passDay(late, 3);
    await late.retention().run(signal);
    assert.ok(late.exports.list().every(({ first }) => first > 1));
  });
  test("an end in between leaves a log that goes on with what is due", async ({ defer, signal }) => {
    const fixture = openFixture(defer);
    await fixture.write(600);
    await fixture.clock.advance(70 * DAY_MS);
    const stopping = new AbortController();
    const run = fixture.retention().run(stopping.signal);
    setImmediate(() => stopping.abort());
    await assert.rejects(run, "CANCELLED");
    assert.is((await verifyAudit(fixture.opened.database, KEY)).broken, undefined);
    await fixture.retention().run(signal);
    assert.is((await verifyAudit(fixture.opened.database, KEY)).broken, undefined);
    assert.ok(numbers(fixture).first >= 600);
  });
  test("an export that fails keeps entries for some days, not beyond 67, and that they are gone is told", async ({ defer, signal }) => {
    const fixture = openFixture(defer);
    await fixture.write(10);
    writeFileSync(fixture.exports.folder, "in the way");
    await passDay(fixture, 63);
    await assert.rejects(fixture.retention().run(signal), () => true);
    assert.is(numbers(fixture).first, 1);
    await passDay(fixture, 3);
    assert.ok((await fixture.retention().run(signal)) >= 9);
    assert.match(fixture.audit.newest(1)[0]?.detail ?? "", /"export":null/);
    assert.ok(fixture.conditions.has("AUDIT_NOT_EXPORTED", "audit.db"));
  });
  test("entries that a log collector has need no export to go without a complaint", async ({ defer, signal }) => {
    const fixture = openFixture(defer);
    await fixture.write(10);
    writeFileSync(fixture.exports.folder, "in the way");
    await passDay(fixture, 70);
    await fixture.retention({ sent: () => 1000 }).run(signal);
    assert.not.ok(fixture.conditions.has("AUDIT_NOT_EXPORTED", "audit.db"));
  });
});
