// REL-2: a power cut at any instant loses no acknowledged reading, and the database opens undamaged.
// What a real outbox writes and syncs is recorded in the order in which the kernel saw it, then replayed to 200 cuts; docs/reliability.md names the method.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { openOutbox } from "../../firmware/core/outbox/outbox.ts";
import type { Destination, OutboxCondition } from "../../firmware/core/outbox/contract.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { Disk, type Mercy } from "../support/power-cut/disk.ts";
import { readRecording, recordingEnvironment, type FileOperation } from "../support/power-cut/recording.ts";
import { seededRandom } from "../../firmware/runtime/backoff.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

const CUTS = Number(process.env["WEIR_POWER_CUTS"] ?? 200);
const SEED = Number(process.env["WEIR_SEED"] ?? 20_261);
const mercies: readonly Mercy[] = ["none", "sectors", "prefix", "all"];
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

suite(
  "power cut",
  (test) => {
    test("REL-2 keeps every acknowledged reading and opens undamaged after each of 200 cuts", async ({ defer, signal }) => {
      const folder = makeTempDir(defer);
      const operations = recordWorkload(folder);
      const random = seededRandom(SEED);
      const disk = new Disk();
      const cuts = cutPoints(operations, random);
      let applied = 0;
      for (const [index, cut] of cuts.entries()) {
        for (; applied < cut; applied++) disk.apply(operations[applied] as FileOperation);
        const mercy = mercies[index % mercies.length] as Mercy;
        const after = join(folder, `cut-${index}`);
        disk.cut(after, mercy, random);
        await expectNothingLost(after, toldUntil(operations, cut), `cut ${index} after operation ${cut} (${mercy}), seed ${SEED}`, signal);
        rmSync(after, { recursive: true });
      }
    });
  },
  { needs: ["gcc"], limitMs: 280_000 },
);

function recordWorkload(folder: string): readonly FileOperation[] {
  const root = join(folder, "recorded");
  const log = join(folder, "recording");
  mkdirSync(root);
  const child = spawnSync(process.execPath, [join(import.meta.dirname, "power-cut-workload.ts"), root, String(SEED)], { env: recordingEnvironment(folder, root, log), encoding: "utf8" });
  assert.is(child.status, 0, child.stderr);
  const operations = readRecording(log);
  const syncs = operations.filter((operation) => operation.kind === "sync").length;
  assert.ok(syncs > 300, `the recording holds ${syncs} syncs: the workload or the shim did not do its work`);
  return operations;
}

/** Ascending; half anywhere, half right around a sync, where the promise is made. */
function cutPoints(operations: readonly FileOperation[], random: () => number): readonly number[] {
  const syncs = operations.flatMap((operation, index) => (operation.kind === "sync" ? [index] : []));
  const near = (): number => (syncs[Math.floor(random() * syncs.length)] ?? 0) + Math.floor(random() * 3);
  const anywhere = (): number => 1 + Math.floor(random() * operations.length);
  return Array.from({ length: CUTS }, (_, index) => Math.min(operations.length, index % 2 === 0 ? near() : anywhere())).toSorted((a, b) => a - b);
}

interface Told {
  readonly accepted: ReadonlySet<number>;
  readonly settling: ReadonlySet<number>;
  readonly settled: ReadonlySet<number>;
}

/** What the workload had been told before the cut: its notes are part of the recording. */
function toldUntil(operations: readonly FileOperation[], cut: number): Told {
  const told = { accepted: new Set<number>(), settling: new Set<number>(), settled: new Set<number>() };
  for (const operation of operations.slice(0, cut)) {
    if (operation.kind !== "write" || !operation.path.endsWith("/notes")) continue;
    const [word, ...numbers] = operation.data.toString("utf8").trim().split(" ");
    const values = numbers.map(Number);
    if (word === "accepted") for (let value = values[0] ?? 1; value <= (values[1] ?? 0); value++) told.accepted.add(value);
    else for (const value of values) told[word === "settled" ? "settled" : "settling"].add(value);
  }
  return told;
}

async function expectNothingLost(folder: string, told: Told, where: string, signal: AbortSignal): Promise<void> {
  const raised: OutboxCondition[] = [];
  const outbox = await openOutbox({
    file: join(folder, "outbox.db"),
    clock: systemClock,
    log: silent,
    generation: undefined,
    limits: { maxAgeMs: Number.MAX_SAFE_INTEGER, maxFraction: 1, reserveBytes: 0 },
    report: { raise: (code) => raised.push(code), clear: () => undefined },
    dropped: (event) => assert.unreachable(`${where}: dropped ${JSON.stringify(event)}`),
  });
  const kept = await drain(await outbox.openDestination("cloud"), signal);
  await outbox.close();
  assert.equal(raised, [], `${where}: conditions raised`);
  const held = new Set(kept);
  assert.is(held.size, kept.length, `${where}: a reading came twice`);
  const lost = [...told.accepted].filter((value) => !held.has(value) && !told.settling.has(value));
  assert.equal(lost, [], `${where}: acknowledged and lost`);
  assert.equal([...told.settled].filter((value) => held.has(value)), [], `${where}: settled and delivered again`);
  assert.equal(kept, kept.toSorted((a, b) => a - b), `${where}: out of order`);
}

async function drain(destination: Destination, signal: AbortSignal): Promise<readonly number[]> {
  const values: number[] = [];
  for (;;) {
    const { head, body } = await destination.lease({ lane: "backlog", maxCount: 5000, maxBytes: 8_000_000, lingerMs: 0, waitMs: 0 }, "check", signal);
    if (head.count === 0) return values;
    for (const reading of JSON.parse(body.toString("utf8")) as { value?: number; gap?: unknown }[]) {
      assert.is(reading.gap, undefined, "a gap that nobody caused");
      if (reading.value !== undefined) values.push(reading.value);
    }
    await destination.settle({ stream: head.stream, accepted: head.ranges, rejected: [], kept: [] }, "check");
  }
}
