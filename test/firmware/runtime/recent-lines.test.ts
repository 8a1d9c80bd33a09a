// Shows that the last lines of a journal are kept within bounds and handed on once.

import { openJournal } from "../../../firmware/runtime/journal.ts";
import { RecentLines } from "../../../firmware/runtime/recent-lines.ts";
import { assert, suite } from "../../support/suite.ts";

suite("recent lines", (test) => {
  test("the newest are kept, at most 500 and 256 KiB, and a long one is cut", () => {
    const recent = new RecentLines();
    for (let number = 1; number <= 2000; number += 1) recent.add(`line ${number}\n`);
    assert.is(recent.all.length, 500);
    assert.is(recent.all.at(-1), "line 2000");
    for (let number = 0; number < 500; number += 1) recent.add("x".repeat(100_000));
    assert.ok(recent.all.reduce((sum, line) => sum + line.length, 0) <= 262_144);
    assert.is(recent.all.at(-1)?.length, 2048);
  });
  test("those after a number are given so many as fit, and what is gone is passed over", () => {
    const recent = new RecentLines();
    for (let number = 1; number <= 10; number += 1) recent.add(`line ${number}`);
    const first = recent.after(0, 3, 10_000);
    assert.equal(first, { lines: ["line 1", "line 2", "line 3"], last: 3 });
    assert.is(recent.after(first.last, 100, 60).lines.length, 2);
    assert.equal(recent.after(10, 100, 10_000), { lines: [], last: 10 });
    for (let number = 11; number <= 1000; number += 1) recent.add(`line ${number}`);
    assert.is(recent.after(10, 1, 10_000).lines[0], "line 501");
  });
  test("a journal keeps its lines as it writes them, redacted and without those of level debug", () => {
    const recent = new RecentLines();
    const written: string[] = [];
    const log = openJournal({ scope: "field", level: "debug", recent, destination: { write: (line) => void written.push(line) } });
    log.debug({}, "small talk");
    log.info({ password: "hunter2" }, "asked mqtt://user:hunter2@192.0.2.1");
    assert.is(written.length, 2);
    assert.equal(recent.all, [written[1]?.trimEnd()]);
    assert.ok(!recent.all.join("").includes("hunter2"));
  });
});
