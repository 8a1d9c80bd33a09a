// Shows that long polls see each point's newest value once, and that what is written late comes back after a restart.

import Database from "better-sqlite3";
import type { Reading } from "../../../../drivers/contract/reading.ts";
import { LastValues } from "../../../../firmware/core/inventory/last-values.ts";
import { Revision } from "../../../../firmware/core/inventory/revision.ts";
import { prepareStateSchema } from "../../../../firmware/core/inventory/state-schema.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";

const TIME = "2026-01-01T00:00:00.000Z";
const sample = (point: string, value: number, more: object = {}): Reading => ({ asset: "urn:a", point, value, quality: "good", sourceTime: TIME, gatewayTime: TIME, ...more });

function openValues(defer: Defer): { readonly values: LastValues; readonly revision: Revision; reopen(): LastValues } {
  const database = new Database(":memory:");
  defer(() => database.close());
  prepareStateSchema(database);
  const revision = new Revision(makeFakeClock());
  const reopen = (): LastValues => new LastValues(database, revision);
  return { values: reopen(), revision, reopen };
}

const seen = (values: LastValues, after: number): unknown[] => values.since(after).samples.map(({ point, value }) => [point, value]);

suite("last values", (test) => {
  test("a poll gets what changed since its revision, each point once, oldest first", ({ defer }) => {
    const { values } = openValues(defer);
    values.update([sample("a", 1), sample("b", 1)]);
    const first = values.since(0);
    assert.equal(seen(values, 0), [["a", 1], ["b", 1]]);
    values.update([sample("a", 2)]);
    values.update([sample("c", 1), sample("a", 3)]);
    assert.equal(seen(values, first.revision), [["c", 1], ["a", 3]]);
    assert.equal(seen(values, values.since(0).revision), []);
  });
  test("a revision of another process gets everything", ({ defer }) => {
    const { values, revision } = openValues(defer);
    values.update([sample("a", 1)]);
    assert.equal(seen(values, revision.value + 1000), [["a", 1]]);
  });
  test("events and what was fetched afterwards are no present values", ({ defer }) => {
    const { values } = openValues(defer);
    values.update([sample("a", 5)]);
    values.update([sample("a", 1, { historical: true }), { asset: "urn:a", event: { id: "1", type: "t", severity: 1, message: "", sourceTime: null, gatewayTime: TIME } }]);
    assert.equal(seen(values, 0), [["a", 5]]);
  });
  test("more than one answer's worth comes in several, and nothing is skipped", ({ defer }) => {
    const { values } = openValues(defer);
    for (let batch = 0; batch < 10; batch += 1) values.update(Array.from({ length: 1000 }, (_, index) => sample(`p${batch}-${index}`, 1)));
    const points = new Set<string>();
    let after = 0;
    let answers = 0;
    for (let answer = values.since(after); answer.samples.length > 0; answer = values.since(after)) {
      for (const { point } of answer.samples) points.add(point);
      after = answer.revision;
      answers += 1;
    }
    assert.is(points.size, 10_000);
    assert.ok(answers > 1);
  });
  test("an answer goes on where the last one ended, whatever changes in between", ({ defer }) => {
    const { values } = openValues(defer);
    for (let batch = 0; batch < 10; batch += 1) values.update(Array.from({ length: 1000 }, (_, index) => sample(`p${batch}-${index}`, 1)));
    const first = values.since(0);
    const next = `p${first.samples.length / 1000}-0`;
    // The one that would have come next changes, and so goes to the end.
    values.update([sample(next, 2)]);
    const second = values.since(first.revision);
    assert.is(second.samples[0]?.point, next.replace("-0", "-1"));
    const other = values.since(0);
    assert.equal(other, first);
    const rest = values.since(second.revision);
    assert.equal(rest.samples.at(-1), sample(next, 2));
    assert.is(first.samples.length + second.samples.length + rest.samples.length, 10_000);
  });
  test("those of a forgotten asset are gone at once, and from the database portion by portion; those of others stay", ({ defer }) => {
    const { values, reopen } = openValues(defer);
    values.update(Array.from({ length: 600 }, (_, index) => sample(`p${index}`, index)));
    values.update([sample("a", 1, { asset: "urn:b" })]);
    while (values.flush());
    values.update([sample("p0", 5)]);
    values.forget("urn:a");
    assert.equal(seen(values, 0), [["a", 1]]);
    let commits = 0;
    while (values.flush()) commits += 1;
    assert.ok(commits >= 3);
    assert.equal(reopen().since(0).samples.map(({ asset }) => asset), ["urn:b"]);
    values.forget("urn:nobody");
    values.update([sample("p1", 7)]);
    while (values.flush());
    assert.is(reopen().since(0).samples.length, 2);
  });
  test("are written in bounded portions and come back after a restart", ({ defer }) => {
    const { values, reopen } = openValues(defer);
    values.update(Array.from({ length: 1200 }, (_, index) => sample(`p${index}`, index)));
    assert.ok(values.flush());
    assert.is(reopen().since(0).samples.length, 250);
    for (let portion = 1; portion < 4; portion += 1) assert.ok(values.flush());
    assert.not.ok(values.flush());
    values.update([sample("p0", 99)]);
    assert.not.ok(values.flush());
    const again = reopen();
    assert.is(again.since(0).samples.length, 1200);
    assert.is([...again.of("urn:a")].find(({ point }) => point === "p0")?.value, 99);
  });
});

suite("revision", (test) => {
  test("a poll waits for the next change and no longer", async ({ signal }) => {
    const clock = makeFakeClock();
    const revision = new Revision(clock);
    const waiting = revision.wait(revision.value, 60_000, signal);
    revision.advance();
    await waiting;
    assert.is(clock.pending, 0);
  });
  test("a poll with another revision is answered at once, one without a change after its time", async ({ signal }) => {
    const clock = makeFakeClock();
    const revision = new Revision(clock);
    await revision.wait(revision.value - 1, 60_000, signal);
    await revision.wait(revision.value + 1, 60_000, signal);
    const waiting = revision.wait(revision.value, 1000, signal);
    await clock.advance(1000);
    await waiting;
  });
  test("a poll whose caller is gone is cancelled", async () => {
    const clock = makeFakeClock();
    const revision = new Revision(clock);
    const abort = new AbortController();
    const waiting = revision.wait(revision.value, 1000, abort.signal);
    abort.abort();
    await assert.rejects(waiting, "CANCELLED");
    assert.is(clock.pending, 0);
  });
});
