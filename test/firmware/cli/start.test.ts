// Shows how the command line answers: exit codes, faults as one line, and that it is quick to help.

import { fileURLToPath } from "node:url";

import { holdDataDir } from "../../../firmware/runtime/instance-lock.ts";
import type { Defer } from "../../support/attempt.ts";
import { startChild } from "../../support/child.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const weir = fileURLToPath(new URL("../../../firmware/cli/weir.ts", import.meta.url));

async function run(defer: Defer, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = startChild(defer, process.execPath, [weir, ...args], { cwd: makeTempDir(defer) });
  const { code } = await child.exited;
  return { code, output: child.output() };
}

suite("weir command", (test) => {
  test("helps and exits 0, for itself and for a subcommand", async ({ defer }) => {
    const help = await run(defer, "--help");
    assert.is(help.code, 0);
    assert.match(help.output, /start \[options\]/);
    assert.match((await run(defer, "start", "--help")).output, /--zone <name>[^]*--demo/);
    assert.equal(await run(defer, "--version"), { code: 0, output: "0.1.0\n" });
  });

  test("helps without loading what a subcommand needs", async ({ defer }) => {
    // Counted, since the time that it costs is the machine's: 90 ms idle.
    const tell = `import { registerHooks } from "node:module"; registerHooks({ load(url, context, next) { console.log("loads " + url); return next(url, context); } });`;
    const child = startChild(defer, process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(tell)}`, weir, "--help"]);
    assert.is((await child.exited).code, 0);
    const loaded = child.output().split("\n").filter((line) => line.startsWith("loads file:"));
    assert.ok(loaded.some((line) => line.endsWith("/cli/weir.ts")), child.output());
    assert.equal(loaded.filter((line) => /\/node_modules\/(fastify|undici|typebox|better-sqlite3|mqtt|yaml)\//.test(line)), []);
    assert.ok(loaded.length < 100, loaded.join("\n"));
  });

  test("exits 2 for what it does not know", async ({ defer }) => {
    for (const args of [["nope"], ["start", "--nope"], ["start", "--zone"], ["start", "--zone", "core", "--demo"], ["start", "--namespace", "b"], ["start", "--zone", "core", "--namespace", "b"], []]) {
      assert.is((await run(defer, ...args)).code, 2, args.join(" "));
    }
  });

  test("says in one line which zones there are", async ({ defer }) => {
    const { code, output } = await run(defer, "start", "--zone", "moat");
    assert.is(code, 2);
    assert.is(output, "weir: --zone: there is no zone moat. It is one of core, field, cloud, admin, plant, host.\n");
  });
});

suite("weir start", (test) => {
  test("refuses a data directory on which Weir already runs and names its process", async ({ defer }) => {
    const dir = makeTempDir(defer);
    const lock = await holdDataDir(dir);
    defer(() => lock.release());
    const { code, output } = await run(defer, "start", "--data", dir);
    assert.is(code, 2);
    assert.match(output, new RegExp(`^weir: ${dir}: Weir already runs on this data directory \\(process ${process.pid}\\)\\. `));
  });
});
