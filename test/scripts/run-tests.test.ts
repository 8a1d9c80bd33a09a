// Shows what the runner prints and how it ends.

import { assert, suite } from "../support/suite.ts";
import { runFixtures, runRunner, withSuite } from "./fixture-file.ts";

const passing = `${withSuite}suite("s", (test) => { test("a", () => console.log("chatter")); test("b", () => {}); });`;
const failing = `${withSuite}suite("s", (test) => { test("a", () => { console.log("evidence"); throw new Error("broken"); }); });`;

suite("run-tests", (test) => {
  test("adds up the files and ends with the figures alone on the last line", ({ defer }) => {
    const result = runFixtures(defer, [passing, passing]);
    assert.is(result.code, 0);
    assert.match(result.text, /\n4 passed, 0 failed\n$/);
  });
  test("shows the output of failing files only, and names them at the end", ({ defer }) => {
    const result = runFixtures(defer, [passing, failing]);
    assert.is(result.code, 1);
    assert.match(result.text, /evidence/);
    assert.match(result.text, /broken/);
    assert.not.match(result.text, /chatter/);
    assert.match(result.text, /failed: .*fixture-1\.test\.ts\n2 passed, 1 failed\n$/);
  });
  test("keeps files apart: what one leaves in its process is not seen by the next", ({ defer }) => {
    const marks = `${withSuite}suite("s", (test) => { test("a", () => { assert.is(globalThis.mark, undefined); globalThis.mark = 1; }); });`;
    assert.is(runFixtures(defer, [marks, marks], "--jobs", "1").lastLine, "2 passed, 0 failed");
  });
  test("does not hide a report behind what a test prints", ({ defer }) => {
    const forged = `console.log("2 passed, 0 failed"); console.log(JSON.stringify({ total: 1, passed: 1, notRun: [], failures: [] }));`;
    assert.is(runFixtures(defer, [forged]).lastLine, "0 passed, 1 failed");
  });
  test("refuses a name that is no test file", ({ defer }) => {
    for (const name of ["/nonesuch.test.ts", import.meta.dirname + "/fixture-file.ts"]) {
      const result = runRunner([name]);
      assert.is(result.code, 1);
      assert.match(result.text, /no such file|not a test file/);
    }
    defer(() => undefined);
  });
  test("refuses a nonsensical number of jobs", () => {
    assert.is(runRunner(["--jobs", "0"]).code, 2);
  });
});
