// Shows that the outbox never fills the disk, and that counter, gap records and audit agree on what it dropped (REL-4).

import { execFileSync } from "node:child_process";
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { drain, event, lease, accept, makeFixture, sample, samples, until, type Element } from "./fixture.ts";
import type { Defer } from "../../../support/attempt.ts";
import { isFault } from "../../../../drivers/contract/fault.ts";
import type { Outbox } from "../../../../firmware/core/outbox/outbox.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

const MEBIBYTE = 1_048_576;
const needs = ["root", "mount", "umount"];
const limits = { reserveBytes: 8 * MEBIBYTE, maxFraction: 0.85 };

function makeDisk(defer: Defer): string {
  const folder = makeTempDir(defer);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", folder]);
  defer(() => execFileSync("umount", ["-l", folder]));
  return folder;
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Appends as a source does: what is refused for want of room is repeated. */
async function insist(outbox: Outbox, readings: Parameters<Outbox["append"]>[0]["readings"], signal: AbortSignal): Promise<number> {
  for (let refused = 0; ; refused += 1) {
    signal.throwIfAborted();
    try {
      await outbox.append({ zone: "field", readings });
      return refused;
    } catch (error) {
      if (!isFault(error, "STORAGE_FULL")) throw error;
      await systemClock.sleep(10, signal);
    }
  }
}

/** Every number once, as a reading or in a gap; returns how many are in gaps. */
function checkLedger(elements: readonly Element[], last: number): number {
  const seen = new Uint8Array(last + 1);
  let missing = 0;
  for (const { seq, gap } of elements) {
    for (let at = gap?.first ?? seq; at <= (gap?.last ?? seq); at += 1) {
      assert.is(seen[at], 0, `seq ${at} came twice`);
      seen[at] = 1;
      if (gap !== undefined) missing += 1;
    }
  }
  assert.is(seen.indexOf(0, 1), -1);
  return missing;
}

suite("outbox, disk", (test) => {
  test(
    "never fills a file system of 64 MiB and accounts for every dropped reading",
    async ({ defer, signal }) => {
      const folder = makeDisk(defer);
      const fixture = makeFixture(defer, folder);
      const outbox = await fixture.open({ limits });
      const cloud = await outbox.openDestination("cloud");
      const padding = "x".repeat(200);
      let least = Number.POSITIVE_INFINITY;
      let count = 0;
      for (; count < 300_000; count += 500) {
        const readings = Array.from({ length: 500 }, (_, index) => count + index + 1).map((value) => (value % 1000 === 0 ? event(String(value)) : sample(value, { reason: padding })));
        await insist(outbox, readings, signal);
        least = Math.min(least, freeBytes(folder));
      }
      assert.ok(least > 4 * MEBIBYTE, `only ${least} bytes were left`);
      assert.ok(fixture.conditions.has("OUTBOX_DROPPING"));
      cloud.openLive();
      const events = await drain(cloud, "events", signal);
      assert.is(events.length, 300);
      const all = [...events, ...(await drain(cloud, "backlog", signal)), ...(await drain(cloud, "live", signal))];
      const dropped = checkLedger(all, count);
      assert.ok(dropped > 50_000, `${dropped} dropped`);
      assert.is(outbox.figures("cloud").dropped, dropped);
      assert.is(fixture.drops.reduce((sum, drop) => sum + drop.count, 0), dropped);
      assert.ok(fixture.drops.every((drop) => drop.count === drop.last - drop.first + 1 && drop.reason === "storage"));
      await outbox.close();
      const again = await fixture.open({ limits });
      assert.is(again.figures("cloud").dropped, dropped);
      assert.is(again.figures("cloud").queued, 0);
    },
    { needs, limitMs: 280_000 },
  );
  test(
    "refuses while others fill the disk, says so, and goes on by itself when there is room again",
    async ({ defer, signal }) => {
      const folder = makeDisk(defer);
      const fixture = makeFixture(defer, folder);
      const outbox = await fixture.open({ limits });
      const cloud = await outbox.openDestination("cloud");
      await outbox.append({ zone: "field", readings: samples(100) });
      const held = await lease(cloud, "live", signal);
      writeFileSync(`${folder}/foreign`, Buffer.alloc(freeBytes(folder) - 65_536));
      await assert.rejects(
        (async () => {
          for (let from = 1000; ; from += 1000) await outbox.append({ zone: "field", readings: samples(1000, from) });
        })(),
        "STORAGE_FULL",
      );
      assert.ok(fixture.conditions.has("STORAGE_FULL"));
      assert.is(outbox.figures("cloud").queued >= 100, true);
      rmSync(`${folder}/foreign`);
      await insist(outbox, samples(10, 9_000_000), signal);
      assert.not(fixture.conditions.has("STORAGE_FULL"));
      await accept(cloud, held);
    },
    { needs, limitMs: 120_000 },
  );
  test(
    "stays within its own bound of bytes and gives rows up in the order of their class",
    async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      const outbox = await fixture.open({ limits: { maxBytes: 12 * MEBIBYTE } });
      const cloud = await outbox.openDestination("cloud");
      await outbox.append({ zone: "field", readings: [event("first")] });
      for (let from = 1; from < 100_000; from += 1000) await insist(outbox, samples(1000, from), signal);
      await until(() => outbox.figures("cloud").dropped > 0, signal);
      assert.is((await lease(cloud, "events", signal)).elements.length, 1);
      assert.is(outbox.figures("cloud").dropped, fixture.drops.reduce((sum, drop) => sum + drop.count, 0));
    },
    { limitMs: 120_000 },
  );
  test(
    "goes on beside a program that has the file open, and says so until it ends",
    async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      const first = await fixture.open();
      await first.openDestination("cloud");
      await first.append({ zone: "field", readings: samples(10) });
      await first.close();
      const foreign = new Sqlite(fixture.file);
      foreign.pragma("journal_mode");
      foreign.exec("BEGIN");
      foreign.prepare("SELECT count(*) FROM reading").get();
      const outbox = await fixture.open();
      const cloud = await outbox.openDestination("cloud");
      assert.ok(fixture.conditions.has("WAL_HELD"));
      await outbox.append({ zone: "field", readings: samples(10, 100) });
      foreign.close();
      await until(() => !fixture.conditions.has("WAL_HELD"), signal);
      cloud.openLive();
      assert.is((await drain(cloud, "backlog", signal)).length, 20);
    },
    { limitMs: 60_000 },
  );
});
