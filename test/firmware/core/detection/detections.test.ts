// Shows how findings are kept and told: once per kind, side and source, again after a silence, and bounded in every direction.

import Database from "better-sqlite3";
import { prepareDetectionSchema } from "../../../../firmware/core/detection/detection-schema.ts";
import { Detections, MOST_DETECTIONS, OTHERS } from "../../../../firmware/core/detection/detections.ts";
import type { Finding } from "../../../../firmware/core/detection/finding.ts";
import { LearnedSegments, LEARNING_SECONDS } from "../../../../firmware/core/detection/learned.ts";
import { Conditions } from "../../../../firmware/core/health/conditions.ts";
import { Fading } from "../../../../firmware/core/health/fading.ts";
import { makeFakeClock, type FakeClock } from "../../../support/fake-clock.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

interface Bench {
  readonly clock: FakeClock;
  readonly conditions: Conditions;
  readonly fading: Fading;
  readonly audit: readonly string[];
  readonly database: Database.Database;
  readonly detections: Detections;
}

function makeBench(defer: Defer): Bench {
  const database = new Database(":memory:");
  defer(() => void database.close());
  prepareDetectionSchema(database);
  const clock = makeFakeClock();
  const conditions = new Conditions(clock, () => undefined);
  const fading = new Fading(conditions, clock);
  const audit: string[] = [];
  const trail = { record: ({ target, detail }: { readonly target: string; readonly detail?: Readonly<Record<string, unknown>> }): void => void audit.push(`${String(detail?.["kind"])} ${target} ${String(detail?.["source"])}`) };
  return { clock, conditions, fading, audit, database, detections: new Detections(database, { clock, conditions, fading, trail }) };
}

const scan = (source: string, count = 1): Finding => ({ kind: "scan", side: "segment:cell", source, count, detail: "tcp 10.1.0.1 port 22" });

suite("detections", (test) => {
  test("K2.2.5 what goes on is one event that is counted, with the time of its first and last", async ({ defer }) => {
    const { clock, audit, conditions, detections } = makeBench(defer);
    detections.tell([scan("10.1.0.9", 40)]);
    await clock.advance(MINUTE_MS);
    detections.tell([scan("10.1.0.9", 2)]);
    const expected = { kind: "scan", side: "segment:cell", source: "10.1.0.9", severity: 700, first: "2026-01-01T00:00:00.000Z", last: "2026-01-01T00:01:00.000Z", count: 42, detail: "tcp 10.1.0.1 port 22", accepted: false } as const;
    assert.equal([...detections.newest(10)], [expected]);
    assert.equal(audit, ["scan segment:cell 10.1.0.9"]);
    assert.is(conditions.has("DETECTION_SCAN", "segment:cell"), true);
  });

  test("its condition fades an hour after the last time, and what comes back then is told again", async ({ defer }) => {
    const { clock, audit, conditions, fading, detections } = makeBench(defer);
    detections.tell([scan("10.1.0.9")]);
    await clock.advance(HOUR_MS + 1);
    fading.tick();
    assert.is(conditions.has("DETECTION_SCAN", "segment:cell"), false);
    detections.tell([scan("10.1.0.9")]);
    assert.is(audit.length, 2);
    assert.is([...detections.newest(10)].length, 1);
  });

  test("what was accepted is counted and raises no condition until it comes back after a silence", async ({ defer }) => {
    const { clock, audit, conditions, detections } = makeBench(defer);
    detections.tell([scan("10.1.0.9")]);
    assert.is(detections.accept(), 1);
    assert.equal(conditions.list(), []);
    detections.tell([scan("10.1.0.9")]);
    assert.equal([conditions.list().length, audit.length, [...detections.newest(1)][0]?.count], [0, 1, 2]);
    await clock.advance(HOUR_MS + 1);
    detections.tell([scan("10.1.0.9")]);
    assert.equal([conditions.list().length, audit.length, [...detections.newest(1)][0]?.accepted], [1, 2, false]);
  });

  test("more than eight new ones a minute of one kind and side are one event of others", async ({ defer }) => {
    const { clock, audit, conditions, detections } = makeBench(defer);
    const burst = (from: number): Finding[] => Array.from({ length: 1000 }, (_, place) => scan(`10.1.${(from + place) >> 8}.${(from + place) & 255}`));
    detections.tell(burst(0));
    assert.is(audit.length, 9);
    assert.is([...detections.newest(10_000)].length, 9);
    assert.is([...detections.newest(10_000)].find(({ source }) => source === OTHERS)?.count, 992);
    assert.match(conditions.list()[0]?.detail ?? "", /^10\.1\.0\.0 .*; 10\.1\.0\.1 .*; 10\.1\.0\.2 .*; and others$/);
    await clock.advance(MINUTE_MS);
    detections.tell(burst(2000));
    assert.is(audit.length, 17);
  });

  test("no more than the newest are kept, and they survive a start", async ({ defer }) => {
    const { clock, database, conditions, fading, detections } = makeBench(defer);
    database.prepare("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO detections (kind, side, source, severity, first, last, count, detail, accepted) SELECT 'denied', 'plant', i, 200, '2025-01-01', '2025-01-01', 1, '', 0 FROM n").run(MOST_DETECTIONS);
    detections.tell([scan("10.1.0.9")]);
    const again = new Detections(database, { clock, conditions, fading, trail: { record: () => undefined } });
    assert.is([...again.newest(MOST_DETECTIONS + 10)].length, MOST_DETECTIONS);
    assert.is([...again.newest(1)][0]?.source, "10.1.0.9");
  });

  test("a segment is learned for its first hour of running time, and what is known survives a start", ({ defer }) => {
    const { database } = makeBench(defer);
    const pair = (address: string, mac: string): Parameters<LearnedSegments["step"]>[0] => ({ side: "segment:cell", own: { addresses: [], macs: [] }, pairs: [{ address, mac, origin: "arp", packets: 1 }], isCrowded: false });
    const first = new LearnedSegments(database);
    for (let seconds = 0; seconds < LEARNING_SECONDS; seconds += 10) assert.equal(first.step(pair("10.1.0.7", "02:00:00:00:00:07"), 10), []);
    const again = new LearnedSegments(database);
    again.step(pair("10.1.0.7", "02:00:00:00:00:07"), 10);
    again.step(pair("10.1.0.8", "02:00:00:00:00:08"), 10);
    assert.equal(again.step({ side: "segment:cell", own: { addresses: [], macs: [] }, pairs: [], isCrowded: false }, 10).map(({ kind, source }) => `${kind} ${source}`), ["new-device 02:00:00:00:00:08"]);
  });

  test("a segment that was accepted is learned at once", ({ defer }) => {
    const { database } = makeBench(defer);
    const segments = new LearnedSegments(database);
    const empty = { side: "segment:cell", own: { addresses: [], macs: [] }, pairs: [], isCrowded: false };
    segments.step(empty, 10);
    segments.accept();
    segments.step({ ...empty, pairs: [{ address: "10.1.0.8", mac: "02:00:00:00:00:08", origin: "arp", packets: 1 }] }, 10);
    assert.is(segments.step(empty, 10).length, 1);
  });
});
