// Shows that a damaged database is set aside and everything readable in it comes out under its own stream and number.

import { closeSync, copyFileSync, existsSync, openSync, readdirSync, readFileSync, statSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import Sqlite from "better-sqlite3";
import { accept, drain, event, lease, makeFixture, sample, samples, until, type Element, type Fixture } from "./fixture.ts";
import type { Destination, Outbox } from "../../../../firmware/core/outbox/outbox.ts";
import type { Defer } from "../../../support/attempt.ts";
import { assert, suite } from "../../../support/suite.ts";

const limitMs = 90_000;
const count = 5000;
const PAGE = 4096;

/** A closed outbox with `count` readings, the first 100 of them settled, a cursor, an event and a reading larger than a page. */
async function fill(fixture: Fixture, signal: AbortSignal): Promise<string> {
  const outbox = await fixture.open();
  const cloud = await outbox.openDestination("cloud");
  const readings = [...samples(count - 2), event("a"), sample(count, { reason: "x".repeat(9000) })];
  for (let from = 0; from < readings.length; from += 500) await outbox.append({ zone: "field", readings: readings.slice(from, from + 500), cursors: [{ asset: "a", cursor: String(from) }] });
  await accept(cloud, await lease(cloud, "live", signal, { maxCount: 100 }));
  await outbox.close();
  return cloud.stream;
}

function overwrite(file: string, offset: number, length: number, byte = 0): void {
  const open = openSync(file, "r+");
  writeSync(open, Buffer.alloc(length, byte), 0, length, offset);
  closeSync(open);
}

/** The first page of a kind (13 leaf of a table, 5 interior of a table) from the file's middle on. */
function findPage(file: string, kind: number): number {
  const bytes = readFileSync(file);
  for (let page = Math.floor(bytes.length / PAGE / (kind === 13 ? 2 : 500)); page < bytes.length / PAGE; page += 1) if (bytes[page * PAGE] === kind && bytes.readUInt16BE(page * PAGE + 3) > 5) return page * PAGE;
  throw new Error(`no page of kind ${kind}`);
}

interface Result {
  readonly old: readonly Element[];
  readonly fresh: readonly Element[];
  readonly outbox: Outbox;
  readonly cloud: Destination;
}

/** Opens the damaged file, appends one reading at once, and drains all when the recovery is done. */
async function openAndDrain(fixture: Fixture, stream: string, signal: AbortSignal): Promise<Result> {
  const outbox = await fixture.open();
  const cloud = await outbox.openDestination("cloud");
  assert.is((await outbox.append({ zone: "field", readings: [sample(1_000_000)] })).accepted, 1);
  await until(() => fixture.conditions.has("OUTBOX_SET_ASIDE") && !fixture.conditions.has("OUTBOX_RECOVERING"), signal);
  cloud.openLive();
  const all = [...(await drain(cloud, "events", signal)), ...(await drain(cloud, "backlog", signal)), ...(await drain(cloud, "live", signal))];
  const old = all.filter((element) => element.stream === stream);
  return { outbox, cloud, old, fresh: all.filter((element) => element.stream !== stream) };
}

/** Every number from 101 on is there once, as a reading with its own value or in a gap; returns how many are in gaps. */
function checkComplete(old: readonly Element[], first = 101): number {
  const seen = new Set<number>();
  let missing = 0;
  for (const { seq, value, gap } of old) {
    if (gap === undefined) {
      assert.not(seen.has(seq), `seq ${seq} came twice`);
      seen.add(seq);
      if (value !== undefined) assert.is(value, seq);
    } else {
      assert.is(gap.reason, "damaged");
      for (let lost = gap.first; lost <= gap.last; lost += 1) seen.add(lost);
      missing += gap.last - gap.first + 1;
    }
  }
  for (let seq = first; seq <= count; seq += 1) assert.ok(seen.has(seq), `seq ${seq} is neither there nor in a gap`);
  assert.is(seen.size, count - first + 1);
  return missing;
}

interface Case {
  readonly name: string;
  readonly harm: (file: string) => void;
  /** Readings that may be lost at most. */
  readonly lost: number;
}

const cases: readonly Case[] = [
  { name: "the file's header is zeroed", harm: (file) => overwrite(file, 0, 100), lost: 0 },
  { name: "the whole first page is destroyed", harm: (file) => overwrite(file, 0, PAGE, 0xa5), lost: 0 },
  { name: "an interior page is overwritten", harm: (file) => overwrite(file, findPage(file, 5), PAGE, 0x5a), lost: 0 },
  { name: "a leaf is overwritten", harm: (file) => overwrite(file, findPage(file, 13), PAGE), lost: 60 },
  { name: "one byte of a reading flips", harm: (file) => overwrite(file, findPage(file, 13) + PAGE - 40, 1, 0x7a), lost: 1 },
  { name: "the file is cut in half", harm: (file) => truncateSync(file, Math.floor(statSync(file).size / 2 / PAGE) * PAGE + 777), lost: count },
];

function testCase(defer: Defer, { harm, lost }: Case): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    const fixture = makeFixture(defer);
    const stream = await fill(fixture, signal);
    harm(fixture.file);
    const { old, fresh, outbox } = await openAndDrain(fixture, stream, signal);
    // Damage that only the background check finds: the reading that was appended at once went to the old stream.
    const missing = checkComplete(old.filter((element) => element.seq === undefined || element.seq <= count));
    assert.ok(missing <= lost, `${missing} readings are lost`);
    assert.is(outbox.figures("cloud").dropped, missing);
    assert.equal([...old, ...fresh].filter((element) => element.value === 1_000_000).length, 1);
    assert.equal(outbox.cursors(["a"]), { a: String(count - 500) });
    assert.is(readdirSync(dirname(fixture.file)).filter((name) => /damaged-\w+$/.test(name)).length, 1);
    assert.is(outbox.figures("cloud").queued, 0);
  };
}

/** The page at which a table begins; the settled ranges of a few streams fit into it. */
function rootOf(file: string, table: string): number {
  const db = new Sqlite(file, { readonly: true });
  try {
    return (Number(db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").pluck().get(table)) - 1) * PAGE;
  } finally {
    db.close();
  }
}

suite(
  "outbox, damage",
  (test) => {
    for (const one of cases) test(`recovers what is readable when ${one.name}`, ({ defer, signal }) => testCase(defer, one)(signal));

    test("recovers what only the write-ahead log holds, up to where it is torn", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      const stream = await fill(fixture, signal);
      const outbox = await fixture.open();
      const cloud = await outbox.openDestination("cloud");
      for (let value = count + 1; value <= count + 50; value += 1) await outbox.append({ zone: "field", readings: [sample(value)] });
      assert.is(cloud.stream, stream);
      // A copy as a power cut leaves it: the log not yet merged, its last commit torn.
      const torn = makeFixture(defer);
      copyFileSync(fixture.file, torn.file);
      copyFileSync(`${fixture.file}-wal`, `${torn.file}-wal`);
      await outbox.close();
      truncateSync(`${torn.file}-wal`, statSync(`${torn.file}-wal`).size - 1000);
      overwrite(torn.file, 0, PAGE, 0xa5);
      overwrite(torn.file, findPage(torn.file, 13), 8, 0xa5);
      const { old } = await openAndDrain(torn, stream, signal);
      const found = new Set(old.map((element) => element.seq));
      for (let seq = count + 1; seq <= count + 49; seq += 1) assert.ok(found.has(seq), `seq ${seq} of the log is lost`);
    });
    test("notices damage in the middle of the file while it runs and loses no acknowledged reading beside it", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      const stream = await fill(fixture, signal);
      overwrite(fixture.file, findPage(fixture.file, 13) + PAGE - 40, 1, 0x7a);
      const outbox = await fixture.open();
      const cloud = await outbox.openDestination("cloud");
      assert.is(cloud.stream, stream);
      const running = outbox.append({ zone: "field", readings: samples(10, count + 1) });
      await until(() => fixture.conditions.has("OUTBOX_SET_ASIDE") && !fixture.conditions.has("OUTBOX_RECOVERING"), signal);
      assert.is((await running).accepted, 10);
      assert.is.not(cloud.stream, stream);
      await outbox.append({ zone: "field", readings: samples(5, count + 11) });
      cloud.openLive();
      const all = [...(await drain(cloud, "events", signal)), ...(await drain(cloud, "backlog", signal))];
      assert.equal(all.slice(-5).map((element) => element.value), [11, 12, 13, 14, 15].map((value) => count + value));
      assert.is(all.filter((element) => element.gap !== undefined).length, 1);
      assert.is(new Set(all.map((element) => `${element.stream} ${element.seq}`)).size, all.length);
    });
    test("settles what was leased before the damage while the recovery still runs", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      const stream = await fill(fixture, signal);
      overwrite(fixture.file, 0, 100);
      const outbox = await fixture.open();
      const cloud = await outbox.openDestination("cloud");
      await cloud.settle({ stream, accepted: [[101, 200]], rejected: [], kept: [] });
      await until(() => !fixture.conditions.has("OUTBOX_RECOVERING"), signal);
      cloud.openLive();
      const seqs = (await drain(cloud, "backlog", signal)).filter((element) => element.stream === stream).map((element) => element.seq);
      assert.ok(seqs.length > 0 && !seqs.some((seq) => seq <= 200));
    });
    test("begins the recovery anew when it was interrupted", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      const stream = await fill(fixture, signal);
      overwrite(fixture.file, 0, PAGE, 0xa5);
      await (await fixture.open()).close();
      const outbox = await fixture.open();
      const cloud = await outbox.openDestination("cloud");
      await until(() => !fixture.conditions.has("OUTBOX_RECOVERING"), signal);
      cloud.openLive();
      const old = [...(await drain(cloud, "events", signal)), ...(await drain(cloud, "backlog", signal))].filter((element) => element.stream === stream);
      assert.is(checkComplete(old), 0);
    });
    test("recovers readings whose stream's name is lost under a new name, in their order", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      const stream = await fill(fixture, signal);
      const bytes = readFileSync(fixture.file);
      for (let page = 0; page < bytes.length; page += PAGE) if (bytes[page] !== 13 || !bytes.includes("counter", page) || bytes.indexOf("counter", page) >= page + PAGE) overwrite(fixture.file, page, PAGE);
      const outbox = await fixture.open();
      const cloud = await outbox.openDestination("cloud");
      await until(() => !fixture.conditions.has("OUTBOX_RECOVERING"), signal);
      cloud.openLive();
      const found = (await drain(cloud, "backlog", signal)).filter((element) => element.gap === undefined);
      assert.ok(found.length >= count - 20, `${found.length} found`);
      assert.ok(found.every((element) => element.stream !== stream && element.stream !== cloud.stream && element.seq === element.value));
    });
    test("recovers from a log that lost its file", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      const outbox = await fixture.open();
      const { stream } = await outbox.openDestination("cloud");
      await outbox.append({ zone: "field", readings: samples(20) });
      const orphan = makeFixture(defer);
      copyFileSync(`${fixture.file}-wal`, `${orphan.file}-wal`);
      const again = await orphan.open();
      const cloud = await again.openDestination("cloud");
      await until(() => !orphan.conditions.has("OUTBOX_RECOVERING"), signal);
      cloud.openLive();
      assert.equal((await drain(cloud, "backlog", signal)).map((element) => [element.stream, element.seq, element.value]), samples(20).map((_, index) => [stream, index + 1, index + 1]));
    });
    test("where the page with the settled ranges is lost, at most 1,000 confirmed readings come again, under their numbers", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      const outbox = await fixture.open({ limits: { recentRows: 3000 } });
      const cloud = await outbox.openDestination("cloud");
      for (let from = 1; from <= 4000; from += 500) await outbox.append({ zone: "field", readings: samples(500, from) });
      for (let taken = 0; taken < 3900; taken += 300) await accept(cloud, await lease(cloud, "live", signal, { maxCount: 300 }));
      await outbox.close();
      overwrite(fixture.file, rootOf(fixture.file, "settled"), PAGE, 0x5a);
      const { old } = await openAndDrain(fixture, cloud.stream, signal);
      checkComplete([...old, ...samples(1000, 4001).map((_, index) => ({ seq: 4001 + index }))], Math.min(...old.map(({ seq }) => seq)));
      assert.ok(old.length >= 100 && old.length <= 1100, `${old.length} came`);
    });
    test("what a source sends again is recognised among the recovered readings", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      const stream = await fill(fixture, signal);
      overwrite(fixture.file, 0, PAGE, 0xa5);
      const outbox = await fixture.open();
      const cloud = await outbox.openDestination("cloud");
      await until(() => fixture.conditions.has("OUTBOX_SET_ASIDE") && !fixture.conditions.has("OUTBOX_RECOVERING"), signal);
      assert.equal(await outbox.append({ zone: "field", readings: [...samples(500, count - 600), sample(1_000_000)] }), { accepted: 1, repeated: 500, quarantined: 0 });
      assert.is.not(cloud.stream, stream);
      assert.match(fixture.conditions.get("OUTBOX_SET_ASIDE") ?? "", /\d+ readings were recovered from it, 0 were damaged/);
    });
    test("starts on a file that is no database at all, and keeps three damaged files", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      for (let time = 0; time < 5; time += 1) {
        const open = openSync(fixture.file, "w");
        writeSync(open, Buffer.alloc(20_000, 0x41));
        closeSync(open);
        const outbox = await fixture.open();
        await outbox.openDestination("cloud");
        await until(() => !fixture.conditions.has("OUTBOX_RECOVERING"), signal);
        await outbox.close();
      }
      assert.ok(existsSync(fixture.file));
      assert.is(readdirSync(dirname(fixture.file)).filter((name) => /damaged-.*Z(-\d+)?$/.test(name)).length, 3);
    });
  },
  { limitMs },
);
