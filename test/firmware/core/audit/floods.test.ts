// Shows that strangers cannot fill the audit log, that a clock that jumps is recorded once, and what a collector is given.

import type { StrangerEvent } from "../../../../firmware/core/audit/strangers.ts";
import { AuditFeed } from "../../../../firmware/core/audit/audit-feed.ts";
import { readPage } from "../../../../firmware/core/audit/audit-pages.ts";
import { openKept, prepareStateSchema } from "../../../../firmware/core/inventory/state-schema.ts";
import type { Kept } from "../../../../firmware/core/inventory/state-schema.ts";
import { Turns } from "../../../../firmware/core/turns.ts";
import Sqlite from "better-sqlite3";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";
import type { Fixture } from "./fixture.ts";
import { openFixture } from "./fixture.ts";

const failure = (source: string): StrangerEvent => ({ actor: { name: "stranger", zone: "admin", source }, action: "access.denied", target: "login", kind: "CREDENTIALS_REFUSED" });

function details({ audit }: Fixture): readonly Record<string, unknown>[] {
  return audit.newest(1000).map(({ detail }) => JSON.parse(detail) as Record<string, unknown>);
}

function makeKept(defer: Defer): Kept {
  const database = new Sqlite(":memory:");
  defer(() => database.close());
  prepareStateSchema(database);
  return openKept(database);
}

suite("strangers", (test) => {
  test("the first failure is written at once, a thousand more are one entry a minute with count, first and last", async ({ defer }) => {
    const fixture = openFixture(defer);
    for (let count = 0; count < 1001; count += 1) {
      fixture.trail.recordStranger(failure("192.0.2.1"));
      await fixture.clock.advance(10);
    }
    assert.is(fixture.audit.head.number, 1);
    await fixture.clock.advance(60_000);
    fixture.trail.tick();
    assert.equal(details(fixture), [
      { kind: "CREDENTIALS_REFUSED", count: 1000, first: "2026-01-01T00:00:00.010Z", last: "2026-01-01T00:00:10.000Z" },
      { kind: "CREDENTIALS_REFUSED", count: 1, first: "2026-01-01T00:00:00.000Z", last: "2026-01-01T00:00:00.000Z" },
    ]);
    assert.equal(fixture.audit.newest(1).map(({ zone, source, result }) => [zone, source, result]), [["admin", "192.0.2.1", "refused"]]);
  });
  test("ten thousand addresses are some entries a minute, and none of their failures is lost from the count", async ({ defer }) => {
    const fixture = openFixture(defer);
    for (let address = 0; address < 10_000; address += 1) fixture.trail.recordStranger(failure(`2001:db8::${address.toString(16)}`));
    assert.is(fixture.audit.head.number, 20);
    for (let minute = 0; minute < 10; minute += 1) {
      await fixture.clock.advance(60_000);
      fixture.trail.tick();
    }
    assert.ok(fixture.audit.head.number <= 200, `${fixture.audit.head.number} entries`);
    assert.is(details(fixture).reduce((sum, { count }) => sum + Number(count), 0), 10_000);
    assert.ok(fixture.audit.newest(200).some(({ actor, source }) => actor === "others" && source === null));
  });
  test("whoever comes again after a quiet time is written at once", async ({ defer }) => {
    const fixture = openFixture(defer);
    fixture.trail.recordStranger(failure("192.0.2.1"));
    await fixture.clock.advance(120_000);
    fixture.trail.tick();
    fixture.trail.recordStranger(failure("192.0.2.1"));
    assert.is(fixture.audit.head.number, 2);
  });
  test("what is gathered is written at the end", async ({ defer }) => {
    const fixture = openFixture(defer);
    for (let count = 0; count < 5; count += 1) fixture.trail.recordStranger(failure("192.0.2.1"));
    fixture.trail.flush();
    assert.equal(details(fixture).map(({ count }) => count), [4, 1]);
  });
});

suite("audit clock", (test) => {
  test("CR 2.11 a jump of more than two seconds is one entry with before and after", async ({ defer }) => {
    const fixture = openFixture(defer);
    fixture.trail.tick();
    await fixture.clock.advance(1000);
    fixture.clock.jumpWall(3_600_000);
    fixture.trail.tick();
    fixture.trail.tick();
    assert.equal(fixture.audit.newest(5).map(({ action }) => action), ["clock.jumped"]);
    assert.equal(details(fixture), [{ before: "2026-01-01T00:00:01.000Z", after: "2026-01-01T01:00:01.000Z", seconds: 3600 }]);
  });
  test("a clock that is slewed is no jump", async ({ defer }) => {
    const fixture = openFixture(defer);
    for (let second = 0; second < 100; second += 1) {
      await fixture.clock.advance(1000);
      fixture.clock.jumpWall(50);
      fixture.trail.tick();
    }
    assert.is(fixture.audit.head.number, 0);
  });
  test("CR 2.11 a person who sets the clock is one entry, with the jump in it", async ({ defer }) => {
    const fixture = openFixture(defer);
    fixture.clock.jumpWall(-60_000);
    fixture.trail.record({ actor: { name: "anna", zone: "admin", source: null }, action: "clock.set", target: "clock", result: "done" });
    fixture.trail.tick();
    assert.equal(fixture.audit.newest(5).map(({ action, actor }) => [action, actor]), [["clock.set", "anna"]]);
    assert.is(details(fixture)[0]?.["seconds"], -60);
  });
  test("running time goes on over a restart and is never what another hand wrote", async ({ defer }) => {
    const former = openFixture(defer);
    await former.clock.advance(10_000);
    former.audit.time.keep();
    former.close();
    await former.clock.advance(5000);
    const later = openFixture(defer, { folder: former.folder, clock: former.clock });
    assert.is(later.audit.time.runningMs(), 15_000);
    later.opened.database.exec(`UPDATE kept SET text = replace(text, '"runningMs":10000', '"runningMs":99999999999')`);
    later.close();
    assert.is(openFixture(defer, { folder: former.folder, clock: former.clock }).audit.time.runningMs(), 0);
  });
});

suite("audit feed", (test) => {
  test("CR 6.2 gives what is not sent, oldest first, the same again until it is sent, and goes on there after a restart", async ({ defer, signal }) => {
    const fixture = openFixture(defer);
    const kept = makeKept(defer);
    await fixture.write(5);
    const feed = new AuditFeed(fixture.opened.database, kept, fixture.clock);
    const numbers = async (from: AuditFeed): Promise<readonly number[]> => (await from.unsent(2, 0, signal)).map(({ number }) => number);
    assert.equal(await numbers(feed), [1, 2]);
    assert.equal(await numbers(feed), [1, 2]);
    feed.sent(2);
    feed.sent(1);
    assert.equal(await numbers(feed), [3, 4]);
    assert.equal(await numbers(new AuditFeed(fixture.opened.database, kept, fixture.clock)), [3, 4]);
  });
  test("whoever waits is given the next entry when it is written", async ({ defer, signal }) => {
    const fixture = openFixture(defer);
    const feed = new AuditFeed(fixture.opened.database, makeKept(defer), fixture.clock);
    fixture.trail.onEntry(() => feed.wake());
    const waiting = feed.unsent(10, 60_000, signal);
    await fixture.write(1);
    assert.equal((await waiting).map(({ actor, source, detail }) => ({ actor, source, detail })), [{ actor: "anna", source: "192.0.2.7", detail: {} }]);
  });
});

suite("audit pages", (test) => {
  test("five thousand entries are searched in turns that others get between", async ({ defer, signal }) => {
    const fixture = openFixture(defer);
    // One commit: what is shown is the search.
    fixture.opened.database.exec("BEGIN");
    await fixture.write(5000);
    fixture.opened.database.exec("COMMIT");
    let between = 0;
    let isDone = false;
    const count = (): void => {
      between += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const { entries, hasMore } = await readPage(fixture.opened.database, new Turns(fixture.clock), { limit: 10, text: "s4999" }, signal);
    isDone = true;
    assert.equal(entries.map(({ target }) => target), ["s4999"]);
    assert.is(hasMore, false);
    assert.ok(between >= 25, `${between} turns of others`);
  });
});
