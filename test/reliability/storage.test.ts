// limit: 600s
// Shows that the disk never fills: oldest samples go first, every one of them named; and that a disk filled by others loses nothing.

import { spawnSync } from "node:child_process";
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";

import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { compareLedgers } from "../../firmware/simulator/ledger-compare.ts";
import { readingKey, type LedgerLine } from "../../firmware/simulator/ledger-lines.ts";
import { findCondition, readStatusByCommand, startGateway, until, writeConfiguration, type GatewayUnderTest } from "../support/gateway.ts";
import { readLedger, settleAccounts, startCloudSide, startMachines, type SimulatedMachines } from "../support/site.ts";
import { assert, suite, type TestContext } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

const mebibyte = 1_048_576;

/** A file system of 64 MiB in memory, unmounted at the test's end. */
function mountSmallDisk({ defer }: TestContext): string {
  const path = makeTempDir(defer);
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64m,mode=0700", "weir-test", path], { encoding: "utf8" });
  if (status !== 0) throw new Error(`mount: ${stderr}`);
  defer(() => void spawnSync("umount", ["-l", path]));
  return path;
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

interface Watch {
  /** The least that was ever free. */
  least(): number;
}

function watchDisk({ defer }: TestContext, path: string): Watch {
  let least = freeBytes(path);
  let cancel = (): void => undefined;
  const look = (): void => {
    least = Math.min(least, freeBytes(path));
    cancel = systemClock.after(20, look);
  };
  look();
  defer(() => cancel());
  return { least: () => least };
}

type Gap = readonly [first: number, last: number];

/** Merged and in order, so that two ways to write the same numbers are equal. */
function merge(gaps: readonly Gap[]): readonly Gap[] {
  const merged: [number, number][] = [];
  for (const [first, last] of gaps.toSorted((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

function count(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

interface DropEntry {
  readonly count: number;
  readonly gaps: readonly Gap[];
}

function auditedDrops(dataDir: string): readonly DropEntry[] {
  const database = new Database(join(dataDir, "audit.db"), { readonly: true });
  try {
    const details = database.prepare<[], string>("SELECT detail FROM entries WHERE action = 'readings.dropped'").pluck().all();
    return details.map((text) => JSON.parse(text) as DropEntry);
  } finally {
    database.close();
  }
}

function keysOf(lines: readonly LedgerLine[], isWanted: (line: LedgerLine) => boolean): ReadonlySet<string> {
  return new Set(lines.filter(isWanted).map(readingKey));
}

async function expectRefusal({ signal }: TestContext, gateway: GatewayUnderTest, machines: SimulatedMachines): Promise<void> {
  const full = await gateway.until("the full disk is named", (now) => findCondition(now, "STORAGE_FULL") !== undefined);
  assert.match(findCondition(full, "STORAGE_FULL")?.remedy ?? "", /Free space/);
  // What was on its way comes through first; from then on nothing is acknowledged.
  let before = machines.figures();
  for (let isThrough = false; !isThrough; ) {
    const { pending, acknowledged } = (before = machines.figures());
    await until("the machines begin to wait", signal, () => machines.figures().pending > pending + 400);
    isThrough = machines.figures().acknowledged === acknowledged;
  }
  await until("the machines wait", signal, () => machines.figures().pending > before.pending + 800);
  assert.is(machines.figures().acknowledged, before.acknowledged);
  const { conditions, outbox } = await gateway.status();
  assert.ok(conditions.some(({ code }) => code === "STORAGE_FULL"), "the condition stands");
  assert.is(outbox.dropped, 0);
}

suite(
  "storage",
  (test) => {
    test("REL-4 the disk never fills: the oldest samples go first, events stay, and counter, gap records and audit agree with the ledgers", async (context) => {
      const folder = makeTempDir(context.defer);
      const disk = mountSmallDisk(context);
      // What others keep on the disk counts too, and saves the test time.
      writeFileSync(join(disk, "foreign"), Buffer.alloc(24 * mebibyte, 1));
      const cloud = await startCloudSide(context, folder);
      await cloud.down();
      const machines = await startMachines(context, folder, { count: 2, rate: 1500, events: 600 });
      writeConfiguration(folder, { gateway: { id: "storage" }, assets: machines.assets, cloud: cloud.section });
      const watch = watchDisk(context, disk);
      const gateway = startGateway(context, { folder, dataDir: join(disk, "data") });
      await gateway.untilReading(2);
      const dropping = await gateway.until("readings are dropped", ({ outbox }) => outbox.dropped > 20_000, 200_000);
      assert.match(findCondition(dropping, "OUTBOX_DROPPING", "cloud")?.cause ?? "", /KiB/);
      await machines.finish();
      const { dropped, queued } = (await gateway.status()).outbox;
      console.log(`64 MiB: ${machines.figures().acknowledged} acknowledged, ${queued} kept, ${dropped} dropped, at least ${Math.round(watch.least() / 1024)} KiB free`);
      assert.ok(watch.least() > 8 * mebibyte, `at least ${watch.least()} bytes were free`);
      await cloud.up();
      await gateway.until("the outbox is empty", ({ outbox }) => outbox.queued === 0, 120_000);
      cloud.flush();
      assert.is((await gateway.status()).outbox.dropped, dropped);
      await gateway.stop();
      await machines.stop();

      const received = readLedger(cloud.ledger);
      const machine = readLedger(machines.ledger);
      const comparison = compareLedgers([machines.ledger], [cloud.ledger]);
      const said = JSON.stringify(comparison);
      const gaps = merge(received.flatMap(({ gap }) => (gap === undefined ? [] : [[gap.first, gap.last] as const])));
      const audited = auditedDrops(gateway.dataDir);
      // The counter, the gap records and the audit say the same.
      assert.is(count(gaps), dropped, said);
      assert.is(audited.reduce((sum, entry) => sum + entry.count, 0), dropped, said);
      assert.equal(merge(audited.flatMap((entry) => entry.gaps)), gaps);
      // Every number of the stream was received or is named by a gap.
      assert.is(comparison.streams.length, 1, said);
      assert.is(comparison.streams[0]?.missing, 0, said);
      assert.is(comparison.streams[0]?.last, comparison.received + dropped, said);
      // Acknowledged = received + covered by gaps; what was given out by request only lies in the gaps too.
      const onlyRead = keysOf(machine, (line) => line.read === true);
      assert.ok(comparison.lost <= dropped && dropped - comparison.lost <= onlyRead.size, `${onlyRead.size} read by request; ${said}`);
      // Samples only, oldest first.
      const events = keysOf(machine, (line) => line.event !== undefined && line.acknowledged === true);
      const gotEvents = keysOf(received, (line) => line.event !== undefined);
      assert.equal([...events].filter((key) => !gotEvents.has(key)), []);
      const lastDropped = gaps.at(-1)?.[1] ?? 0;
      assert.is(received.filter((line) => line.point !== undefined && (line.seq ?? 0) < lastDropped).length, 0);
    });

    test("REL-4 on a disk filled by others nothing is acknowledged, nothing acknowledged is lost or dropped, and work resumes when there is room", async (context) => {
      const folder = makeTempDir(context.defer);
      const disk = mountSmallDisk(context);
      const cloud = await startCloudSide(context, folder);
      await cloud.down();
      const machines = await startMachines(context, folder, { count: 2, rate: 200, more: ["--keep", "100000"] });
      writeConfiguration(folder, { gateway: { id: "full" }, assets: machines.assets, cloud: cloud.section });
      const gateway = startGateway(context, { folder, dataDir: join(disk, "data") });
      await gateway.untilReading(2);
      await machines.untilAcknowledged(1000);
      // First what others leave is little, then nothing.
      const foreign = join(disk, "foreign");
      for (const left of [4 * mebibyte, 0]) {
        if (left > 0) writeFileSync(foreign, Buffer.alloc(freeBytes(disk) - left, 1));
        else fillUp(foreign);
        await expectRefusal(context, gateway, machines);
      }
      // A restart on the full disk changes nothing of it.
      const before = machines.figures().acknowledged;
      assert.is((await gateway.stop()).code, 0);
      const again = startGateway(context, { folder, dataDir: gateway.dataDir });
      await again.until("the full disk is named after the restart", (now) => findCondition(now, "STORAGE_FULL") !== undefined);
      const { acknowledged } = machines.figures();
      assert.is(acknowledged, before);
      rmSync(foreign);
      await again.until("the condition is over", (now) => findCondition(now, "STORAGE_FULL") === undefined);
      await until("the machines are acknowledged again", context.signal, () => machines.figures().acknowledged > acknowledged + 1000);
      await cloud.up();
      const comparison = await settleAccounts({ gateway: again, machines: [machines], cloud });
      assert.is(comparison.lost, 0, JSON.stringify(comparison));
      assert.is(comparison.gapReadings, 0, JSON.stringify(comparison));
    });

    test("REL-4 a first start on a full disk says so, and goes on by itself when there is room", async (context) => {
      const folder = makeTempDir(context.defer);
      const disk = mountSmallDisk(context);
      const foreign = join(disk, "foreign");
      fillUp(foreign);
      const machines = await startMachines(context, folder, { count: 1, rate: 20 });
      writeConfiguration(folder, { gateway: { id: "first" }, assets: machines.assets });
      const gateway = startGateway(context, { folder, dataDir: join(disk, "data") });
      await gateway.until("the full disk is named", (now) => findCondition(now, "STORAGE_FULL") !== undefined);
      const told = await readStatusByCommand(context, gateway.dataDir);
      assert.is(told.state, "starting");
      assert.match(findCondition(told, "STORAGE_FULL")?.remedy ?? "", /Free space/);
      assert.is(told.zones["core"]?.restarts, 0);
      rmSync(foreign);
      await gateway.untilReading(1);
      await gateway.until("nothing needs attention", ({ conditions }) => conditions.length === 0);
      assert.is((await gateway.stop()).code, 0);
    });
  },
  { needs: ["mosquitto", "root", "mount"], limitMs: 290_000 },
);

/** Writes until the file system takes no more. */
function fillUp(path: string): void {
  for (const bytes of [mebibyte, 4096]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes, 1), { flag: "a" });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    }
  }
}
