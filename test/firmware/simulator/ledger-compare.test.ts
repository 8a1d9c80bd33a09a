// Shows what the comparison of ledgers calls lost, repeated and out of order.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compareLedgers, hasFailed, type Comparison } from "../../../firmware/simulator/ledger-compare.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const at = (n: number): string => `2026-01-01T00:00:00.${String(n).padStart(6, "0")}Z`;
const said = (n: number, more: object = { acknowledged: true }): object => ({ asset: "a", point: "p", value: n, sourceTime: at(n), ...more });
const got = (seq: number, n: number, more: object = {}): object => ({ stream: "s", lane: "live", seq, asset: "a", point: "p", value: n, sourceTime: at(n), ...more });

function compare(defer: Defer, machines: readonly object[], cloud: readonly object[]): Comparison {
  const folder = makeTempDir(defer);
  const write = (name: string, lines: readonly object[]): string => {
    const path = join(folder, name);
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return path;
  };
  return compareLedgers([write("machines", machines)], [write("cloud", cloud)]);
}

suite("ledger comparison", (test) => {
  test("finds nothing where each reading arrived once", ({ defer }) => {
    const result = compare(defer, [said(1), said(2), { asset: "a", event: "e", acknowledged: true }], [got(1, 1), got(2, 2), { stream: "s", seq: 3, asset: "a", event: "e" }]);
    assert.is(result.acknowledged, 3);
    assert.is(result.received, 3);
    assert.is(result.lost + result.outOfOrder + result.sourceDuplicates + result.unknown, 0);
    assert.equal(result.uplinkDuplicates, { sameSeq: 0, otherSeq: 0, otherStream: 0, reusedSeq: 0 });
    assert.not(hasFailed(result));
  });
  test("calls lost only what was acknowledged", ({ defer }) => {
    const result = compare(defer, [said(1), said(2, { acknowledged: false }), said(3, { read: true })], []);
    assert.is(result.lost, 1);
    assert.is(result.unacknowledged, 1);
    assert.equal(result.lostExamples, [JSON.stringify(["a", "p", at(1), 1])]);
    assert.ok(hasFailed(result));
  });
  test("a changed value is lost and unknown", ({ defer }) => {
    const result = compare(defer, [said(1)], [got(1, 1, { value: 2 })]);
    assert.is(result.lost, 1);
    assert.is(result.unknown, 1);
  });
  test("tells repeats of the uplink from repeats of the source", ({ defer }) => {
    const machines = [said(1), said(2, { acknowledged: true, sent: 2 }), said(3), said(3, { read: true }), said(4), said(5)];
    const cloud = [got(1, 1), got(1, 1), got(2, 2), got(3, 2), got(4, 3), got(5, 3), got(6, 4), got(7, 4), got(8, 5), got(1, 5, { stream: "t" })];
    const result = compare(defer, machines, cloud);
    assert.equal(result.uplinkDuplicates, { sameSeq: 1, otherSeq: 1, otherStream: 1, reusedSeq: 0 });
    assert.is(result.sourceDuplicates, 2);
    assert.ok(hasFailed(result));
  });
  test("notices a seq that names two readings", ({ defer }) => {
    const result = compare(defer, [said(1), said(2)], [got(1, 1), got(1, 2)]);
    assert.is(result.uplinkDuplicates.reusedSeq, 1);
    assert.ok(hasFailed(result));
  });
  test("checks the order within a lane, by seq of all and by source time of each point", ({ defer }) => {
    const machines = [1, 2, 3, 4, 5].map((n) => said(n));
    assert.is(compare(defer, machines, [got(1, 1), got(3, 3), got(2, 2), got(4, 4), got(5, 5)]).outOfOrder, 1);
    assert.is(compare(defer, machines, [got(1, 1), got(2, 3), got(3, 2), got(4, 4), got(5, 5)]).outOfOrder, 1);
    assert.is(compare(defer, machines, [got(5, 5), got(1, 1), got(2, 2), got(3, 3), got(4, 4)]).outOfOrder, 4);
    const late = { lane: "backlog", historical: true };
    assert.is(compare(defer, machines, [got(4, 4), got(1, 1, late), got(5, 5), got(2, 2, late), got(3, 3, late)]).outOfOrder, 0);
    assert.is(compare(defer, machines, [got(1, 1), got(5, 5), got(3, 3, late), got(4, 4, late), got(6, 2, { point: "q" })]).outOfOrder, 0);
    assert.is(compare(defer, machines, [got(1, 1), got(3, 3), got(2, 2, { point: "q" })]).outOfOrder, 1);
    assert.is(compare(defer, machines, [got(1, 1, late), got(3, 3, late), got(2, 2, late)]).outOfOrder, 1);
  });
  test("counts each reading that was overtaken, says which, and lets no comparison with one pass", ({ defer }) => {
    const machines = [1, 2, 3, 4].map((n) => said(n));
    const result = compare(defer, machines, [got(1, 1), got(4, 4), got(2, 2), got(3, 3)]);
    assert.is(result.outOfOrder, 2);
    assert.match(result.orderExamples[0] ?? "", /^a p in s live: 2 of .* after 4, its point at /);
    assert.ok(hasFailed(result));
  });
  test("only the first arrival counts for the order, also where the repeat comes in another lane", ({ defer }) => {
    const machines = [1, 2, 3].map((n) => said(n));
    const late = { lane: "backlog", historical: true };
    assert.is(compare(defer, machines, [got(1, 1), got(2, 2), got(1, 1), got(2, 2), got(3, 3)]).outOfOrder, 0);
    assert.is(compare(defer, machines, [got(1, 1), got(3, 3, late), got(1, 1, late), got(2, 2)]).outOfOrder, 0);
  });
  test("a reading that its source gave out twice says nothing about order", ({ defer }) => {
    const machines = [said(1), said(2), said(3), said(3, { read: true })];
    assert.is(compare(defer, machines, [got(1, 3), got(2, 1), got(3, 2)]).outOfOrder, 0);
  });
  test("counts what gap records name and what is missing in a stream", ({ defer }) => {
    const result = compare(defer, [said(1)], [got(1, 1), { stream: "s", gap: { first: 3, last: 5, reason: "age" } }, got(8, 1)]);
    assert.is(result.gapReadings, 3);
    assert.equal(result.streams, [{ stream: "s", received: 5, missing: 3, last: 8 }]);
  });
});
