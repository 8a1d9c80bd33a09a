// Shows that a data directory has one holder at a time, whatever way leads to it and however the holder ends.

import { symlinkSync } from "node:fs";
import { join } from "node:path";

import { holdDataDir } from "../../../firmware/runtime/instance-lock.ts";
import { startChild } from "../../support/child.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

suite("instance lock", (test) => {
  test("names the process that holds the directory, by any path, and is free after its release", async ({ defer }) => {
    const dir = makeTempDir(defer);
    const lock = await holdDataDir(join(dir, "data"));
    defer(() => lock.release());
    symlinkSync(join(dir, "data"), join(dir, "link"));
    const error = await assert.rejects(holdDataDir(join(dir, "link")), "CONFIG_INVALID");
    assert.match(String(error), new RegExp(`process ${process.pid}\\b`));
    const other = await holdDataDir(join(dir, "other"));
    await other.release();
    await lock.release();
    const again = await holdDataDir(join(dir, "data"));
    await again.release();
  });

  test("is free as soon as its holder was killed", async ({ signal, defer }) => {
    const dir = makeTempDir(defer);
    const module = new URL("../../../firmware/runtime/instance-lock.ts", import.meta.url).href;
    const script = `await (await import(${JSON.stringify(module)})).holdDataDir(${JSON.stringify(dir)}); console.log("held"); setInterval(() => {}, 1000);`;
    const holder = startChild(defer, process.execPath, ["--input-type=module", "-e", script]);
    await holder.line(/held/, signal);
    await assert.rejects(holdDataDir(dir), "CONFIG_INVALID");
    holder.kill("SIGKILL");
    await holder.exited;
    const lock = await holdDataDir(dir);
    await lock.release();
  });
});
