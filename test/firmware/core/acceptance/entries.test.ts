// Shows what the register keeps of each machine, for how long, and who counts as gone: on a clock that the test moves.

import Database from "better-sqlite3";
import { prepareAcceptanceSchema } from "../../../../firmware/core/acceptance/acceptance-schema.ts";
import { Bounds } from "../../../../firmware/core/acceptance/bounds.ts";
import { Entries } from "../../../../firmware/core/acceptance/entries.ts";
import { EntryRows, HISTORY_OF_ALL, HISTORY_OF_ONE, HISTORY_OF_PENDING } from "../../../../firmware/core/acceptance/entry-rows.ts";
import { judgedBy, NO_FACTS } from "../../../../firmware/core/acceptance/entry.ts";
import type { Entry, HistoryEvent } from "../../../../firmware/core/acceptance/entry.ts";
import { nameFor } from "../../../../firmware/core/acceptance/names.ts";
import { Presences } from "../../../../firmware/core/acceptance/presences.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import type { FakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";

const MINUTE = 60_000;

function openEntries(defer: Defer): { readonly entries: Entries; reopen(): Entries; readonly clock: FakeClock; count(): number } {
  const database = new Database(":memory:");
  defer(() => database.close());
  prepareAcceptanceSchema(database);
  const clock = makeFakeClock();
  const reopen = (): Entries => new Entries(new EntryRows(database), clock);
  return { entries: reopen(), reopen, clock, count: () => database.prepare<[], number>("SELECT count(*) FROM asset_history").pluck().get() ?? 0 };
}

function entry(number: number, state: Entry["state"], id: string | null = `urn:${number}`): Entry {
  const facts = { ...NO_FACTS, segment: "cell", endpoint: `urn:uuid:${number}`, address: `10.0.${number >> 8}.${number & 255}`, id };
  const isJudged = state !== "pending";
  return { number, state, origin: "found", name: isJudged ? `m${number}` : null, facts, judged: isJudged ? judgedBy(facts) : null, changes: [], reason: null, claims: null, credentials: null, equipment: {}, note: null, firstSeen: null, lastSeen: null };
}

const event = (detail: string): HistoryEvent => ({ at: "2026-01-01T00:00:00.000Z", kind: "changed", actor: "core", detail });

function flush(entries: Entries): void {
  while (entries.flush());
}

suite("entries", (test) => {
  test("history is bounded for each and for all, the newest first, and goes with what is forgotten", ({ defer }) => {
    const { entries, reopen, count } = openEntries(defer);
    for (let turn = 0; turn < 60; turn += 1) {
      entries.put(entry(1, "accepted"), event(`a${turn}`));
      entries.put(entry(2, "pending"), event(`p${turn}`));
    }
    assert.is(entries.history("1", 1)[0]?.detail, "a59");
    flush(entries);
    const again = reopen();
    assert.equal([again.history("1", 1000).length, again.history("2", 1000).length], [HISTORY_OF_ONE, HISTORY_OF_PENDING]);
    assert.equal([again.history("1", 1)[0]?.detail, again.history("2", 1)[0]?.detail], ["a59", "p59"]);
    again.remove(2);
    flush(again);
    assert.equal([reopen().get(2), reopen().history("2", 10)], [undefined, []]);
    for (let number = 10; number < 510; number += 1) {
      for (let turn = 0; turn < 42; turn += 1) again.put(entry(number, "accepted"), event("x"));
      flush(again);
    }
    assert.is(count(), HISTORY_OF_ALL);
  });
  test("being seen again costs no write but once an hour", async ({ defer }) => {
    const { entries, clock } = openEntries(defer);
    entries.put({ ...entry(1, "accepted"), lastSeen: new Date(clock.now()).toISOString() });
    flush(entries);
    const seen = (): string | null => entries.lastSeen(entries.get(1) ?? entry(1, "accepted"));
    await clock.advance(10 * MINUTE);
    entries.see(entries.get(1) ?? entry(1, "accepted"));
    assert.is(seen(), new Date(clock.now()).toISOString());
    assert.is(entries.get(1)?.lastSeen, "2026-01-01T00:00:00.000Z");
    await clock.advance(55 * MINUTE);
    entries.see(entries.get(1) ?? entry(1, "accepted"));
    assert.is(entries.get(1)?.lastSeen, "2026-01-01T01:05:00.000Z");
  });
  test("what is written at once is durable before it counts, and nothing counts that could not be written", ({ defer }) => {
    const database = new Database(":memory:");
    prepareAcceptanceSchema(database);
    const entries = new Entries(new EntryRows(database), makeFakeClock());
    entries.putNow([{ entry: entry(1, "accepted"), events: [event("first")] }]);
    database.exec("CREATE TRIGGER full BEFORE INSERT ON found_assets BEGIN SELECT RAISE(FAIL, 'full'); END");
    assert.throws(() => entries.putNow([{ entry: entry(1, "refused"), events: [event("second")] }]), /full/);
    assert.equal([entries.get(1)?.state, entries.history("1", 5).map(({ detail }) => detail)], ["accepted", ["first"]]);
    defer(() => database.close());
  });
});

suite("presences", (test) => {
  test("K2.2.3 one goodbye is not gone; silence is, and so is whoever nobody tells of while others are told", async () => {
    const clock = makeFakeClock();
    const presences = new Presences<string>(clock);
    presences.tell("a", "present");
    assert.equal([presences.of("a"), presences.isGone("a")], ["present", false]);
    presences.tell("a", "left");
    assert.equal([presences.of("a"), presences.isGone("a")], ["left", false]);
    presences.tell("a", "present");
    await clock.advance(4 * MINUTE);
    presences.tell("a", "left");
    await clock.advance(4 * MINUTE);
    assert.is(presences.isGone("a"), false);
    await clock.advance(2 * MINUTE);
    assert.is(presences.isGone("a"), true);
    presences.tell("a", "silent");
    assert.equal([presences.of("a"), presences.isGone("a")], ["silent", true]);
    presences.tell("a", "present");
    await clock.advance(6 * MINUTE);
    assert.equal([presences.of("a"), presences.isGone("a"), presences.of("never")], ["unknown", false, "unknown"]);
    await clock.advance(5 * MINUTE);
    assert.equal([presences.isGone("a"), presences.isGone("never")], [true, true]);
  });
});

suite("bounds", (test) => {
  test("only who is long gone makes room: soon where it never answered, much later where it did", async ({ defer }) => {
    const { entries, clock } = openEntries(defer);
    const presences = new Presences<string>(clock);
    const bounds = new Bounds(clock, entries, presences, ({ number }) => entries.remove(number));
    for (let number = 1; number <= 2000; number += 1) {
      entries.put(entry(number, "pending", number <= 10 ? null : `urn:${number}`));
      presences.tell(String(number), "present");
    }
    assert.is(bounds.hasRoom("192.0.2.1"), false);
    for (let number = 1; number <= 20; number += 1) presences.tell(String(number), "silent");
    await clock.advance(10 * MINUTE);
    assert.is(bounds.hasRoom("192.0.2.1"), false);
    for (let number = 21; number <= 2000; number += 1) presences.tell(String(number), "present");
    await clock.advance(6 * MINUTE);
    assert.is(bounds.hasRoom("192.0.2.1"), true);
    assert.equal([entries.pending, entries.get(1), entries.get(11)?.number], [1990, undefined, 11]);
  });
});

suite("names", (test) => {
  test("a name is made of what a name may have", () => {
    const name = (serialNumber: string, model = "Press", taken: readonly string[] = []): string => nameFor({ manufacturer: "W", model, serialNumber }, (one) => taken.includes(one));
    assert.equal(
      [name("A-17"), name("Nr. 5/6"), name("äöü"), name("日本"), name("-.-", "../.."), name("x".repeat(300)), name("A", "", ["A", "A-2"]), nameFor(null, () => false)],
      ["A-17", "Nr.-5-6", "a-o-u", "Press", "machine", "x".repeat(56), "A-3", "machine"],
    );
  });
});
