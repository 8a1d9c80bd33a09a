// Shows that no test file passes by accident: each unsafe way of uvu, written down, makes the run fail.

import { runFixtures, withSuite } from "../scripts/fixture-file.ts";
import { attempt, type TestContext } from "./attempt.ts";
import { assert, suite } from "./suite.ts";

interface Case {
  readonly name: string;
  readonly source: string;
  readonly says: RegExp;
}

const inSuite = (body: string): string => `${withSuite}suite("s", (test) => { ${body} });`;

const failing: readonly Case[] = [
  { name: "a failing assertion", source: inSuite(`test("a", () => assert.is(1, 2));`), says: /strictly equal/ },
  { name: "a thrown undefined", source: inSuite(`test("a", () => { throw undefined; });`), says: /thrown: undefined/ },
  { name: "a suite that is never run, since uvu is used past the suite", source: `import { suite } from ${JSON.stringify(import.meta.resolve("uvu"))}; const t = suite("s"); t("a", () => {});`, says: /sent no report/ },
  { name: "a file without a suite", source: withSuite, says: /the file has no suite/ },
  { name: "an empty file", source: "", says: /sent no report/ },
  { name: "an empty suite", source: inSuite(""), says: /has no test/ },
  { name: "a leftover only", source: inSuite(`test.only("a", () => {});`), says: /only is not a function/ },
  { name: "a leftover skip", source: inSuite(`test.skip("a", () => {}); test("b", () => {});`), says: /skip is not a function/ },
  { name: "a hook", source: inSuite(`test.before(() => { throw new Error("hook"); }); test("a", () => {});`), says: /before is not a function/ },
  { name: "a failing clean-up", source: inSuite(`test("a", ({ defer }) => { defer(() => { throw new Error("clean-up broke"); }); });`), says: /clean-up broke/ },
  { name: "a test that never ends", source: inSuite(`test("a", () => new Promise(() => {}), { limitMs: 50 });`), says: /time limit of 50 ms/ },
  { name: "a test that ends well, but after its limit", source: inSuite(`test("a", ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)), { limitMs: 50 });`), says: /time limit of 50 ms/ },
  { name: "a timer left open", source: inSuite(`test("a", () => { setInterval(() => {}, 1000); });`), says: /still open .* Timeout/ },
  { name: "a server left open", source: `import { createServer } from "node:net";\n${inSuite(`test("a", () => { createServer().listen(0, "127.0.0.1"); });`)}`, says: /still open .* TCPServerWrap/ },
  { name: "a program left running", source: `import { spawn } from "node:child_process";\n${inSuite(`test("a", () => { spawn("sleep", ["60"], { stdio: "ignore" }).unref(); });`)}`, says: /left a process running/ },
  { name: "an early exit with code 0", source: inSuite(`test("a", () => process.exit(0)); test("b", () => {});`), says: /ended before its tests did/ },
  { name: "a rejection that nobody handles", source: inSuite(`test("a", () => { void Promise.reject(new Error("lost")); });`), says: /lost/ },
  { name: "an error thrown after the last test", source: inSuite(`test("a", () => { setTimeout(() => { throw new Error("late"); }, 100); });`), says: /late/ },
  { name: "two tests of one name", source: inSuite(`test("a", () => {}); test("a", () => {});`), says: /two tests/ },
  { name: "a test inside a test", source: inSuite(`test("a", () => { test("b", () => { throw new Error("never seen"); }); });`), says: /outside the body/ },
  { name: "an asynchronous body", source: `${withSuite}suite("s", async (test) => { test("a", () => {}); await null; test("b", () => {}); });`, says: /must be synchronous/ },
  { name: "a suite that comes after the run began", source: `${inSuite(`test("a", () => {});`)}\nawait new Promise((resolve) => setTimeout(resolve, 100));\nsuite("late", (test) => { test("b", () => {}); });`, says: /after the run began/ },
  { name: "an endless loop", source: `// limit: 1s\n${inSuite(`test("a", () => { for (;;); });`)}`, says: /killed after its limit of 1 s/ },
  { name: "a file that cannot be parsed", source: "suite(", says: /SyntaxError/ },
  { name: "a promise that is fulfilled where a rejection is expected", source: inSuite(`test("a", () => assert.rejects(Promise.resolve(), "X"));`), says: /was fulfilled/ },
  { name: "a rejection with another code", source: inSuite(`test("a", () => assert.rejects(Promise.reject(Object.assign(new Error("m"), { code: "Y" })), "X"));`), says: /expected an error with X, got Y: m/ },
  { name: "an error of another class", source: inSuite(`test("a", () => assert.throws(() => { throw new TypeError("m"); }, RangeError));`), says: /expected an error with/ },
];

suite("suite, failures", (test) => {
  for (const { name, source, says } of failing) {
    test(
      `${name} fails the run`,
      ({ defer }) => {
        const result = runFixtures(defer, [source]);
        assert.match(result.text, says);
        assert.is(result.code, 1);
        assert.match(result.lastLine, /^\d+ passed, [1-9]\d* failed$/);
      },
      { limitMs: 30_000 },
    );
  }
});

suite("suite, order and needs", (test) => {
  test("a clean-up that never ends fails the test, and the others still run", async () => {
    let isCleaned = false;
    const body = ({ defer }: TestContext): void => {
      defer(() => void (isCleaned = true));
      defer(() => new Promise(() => {}));
    };
    await assert.rejects(attempt(body, 1000, 50), /time limit of 50 ms/);
    assert.ok(isCleaned);
  });
  test("clean-ups run in reverse order, also after a failure", ({ defer }) => {
    const body = `test("a", ({ defer }) => { defer(() => console.log("first in")); defer(() => console.log("last in")); throw new Error("x"); });`;
    assert.match(runFixtures(defer, [inSuite(body)]).text, /last in[^]*first in/);
  });
  test("a clean-up that is registered after the end runs at once", ({ defer }) => {
    const body = `test("a", ({ signal, defer }) => { signal.addEventListener("abort", () => setImmediate(() => defer(() => console.log("late clean-up")))); }); test("b", () => new Promise((r) => setTimeout(r, 50)).then(() => { throw new Error("show"); }));`;
    assert.match(runFixtures(defer, [inSuite(body)]).text, /late clean-up/);
  });
  test("what the machine lacks is counted as not run and passes unless all is demanded", ({ defer }) => {
    const source = inSuite(`test("a", () => {}); test("b", () => { throw new Error(); }, { needs: ["nonesuch-program"] });`);
    const lenient = runFixtures(defer, [source]);
    assert.is(lenient.code, 0);
    assert.match(lenient.text, /\nnot run: 1, needs nonesuch-program \(1\)\n1 passed, 0 failed\n$/);
    const strict = runFixtures(defer, [source], "--demand-all");
    assert.is(strict.code, 1);
    assert.is(strict.lastLine, "1 passed, 1 failed");
  });
  test("a program that exists, root's right or a set variable is found", ({ defer }) => {
    const source = inSuite(`test("a", () => {}, { needs: ["sh", "env:PATH"] }); test("b", () => {}, { needs: ["env:WEIR_SURELY_NOT_SET"] });`);
    assert.match(runFixtures(defer, [source]).text, /not run: 1, needs env:WEIR_SURELY_NOT_SET \(1\)\n1 passed, 0 failed\n$/);
  });
  test("the needs of a suite count for each of its tests", ({ defer }) => {
    const source = `${withSuite}suite("s", (test) => { test("a", () => {}); test("b", () => {}); }, { needs: ["nonesuch-program"] });`;
    assert.match(runFixtures(defer, [source]).text, /not run: 2, needs nonesuch-program \(2\)\n0 passed, 0 failed\n$/);
  });
});
