// Shows that programs started by a test are waited for and gone at its end.

import { existsSync } from "node:fs";

import { attempt, type TestContext } from "./attempt.ts";
import { startChild } from "./child.ts";
import { findFreePort } from "./free-port.ts";
import { assert, suite } from "./suite.ts";
import { makeTempDir } from "./temp-dir.ts";

suite("child", (test) => {
  test("finds a line printed before or after it is asked for", async ({ signal, defer }) => {
    const child = startChild(defer, "sh", ["-c", "echo port 17; read word; echo got $word >&2"]);
    assert.is((await child.line(/port (\d+)/, signal))[1], "17");
    child.write("weir\n");
    await child.line(/got weir/, signal);
    assert.equal(await child.exited, { code: 0, signal: null });
    await child.line(/port 17/, signal);
  });
  test("says what the program printed when it ends without the line", async ({ signal, defer }) => {
    const child = startChild(defer, "sh", ["-c", "echo sorry; exit 3"]);
    await assert.rejects(child.line(/ready/, signal), /code 3[^]*sorry/);
  });
  test("a program that does not exist is refused with its name", ({ defer }) => {
    assert.throws(() => startChild(defer, "nonesuch-program", []), /nonesuch-program/);
  });
  test("is dead after the test, even when it ignores SIGTERM", async () => {
    let pid = 0;
    const body = async ({ signal, defer }: TestContext): Promise<void> => {
      const child = startChild(defer, "sh", ["-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"]);
      pid = child.pid;
      await child.line(/up/, signal);
    };
    await attempt(body, 5000);
    assert.throws(() => process.kill(pid, 0), "ESRCH");
  });
});

suite("temp dir and free port", (test) => {
  test("the folder is gone after the test", async () => {
    let path = "";
    await attempt(({ defer }) => {
      path = makeTempDir(defer);
      assert.ok(existsSync(path));
    }, 1000);
    assert.not.ok(existsSync(path));
  });
  test("the port is one", async () => {
    const port = await findFreePort();
    assert.ok(port > 1023 && port < 65_536);
  });
});
