// Shows that `weir ledger compare` ends with what it found.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { WEIR } from "./fake-register.ts";

suite("weir ledger compare", (test) => {
  test("ends with 0 where nothing is lost, and with 1 where a reading is", ({ defer }) => {
    const folder = makeTempDir(defer);
    const reading = { asset: "a", point: "p", value: 1, sourceTime: "2026-01-01T00:00:00.000001Z" };
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const machines = write("machines", `${JSON.stringify({ ...reading, acknowledged: true })}\n`);
    const compare = (cloud: string): number | null => spawnSync(process.execPath, [WEIR, "ledger", "compare", machines, cloud]).status;
    assert.is(compare(write("empty", "")), 1);
    assert.is(compare(write("all", `${JSON.stringify({ ...reading, stream: "s", lane: "live", seq: 1 })}\n`)), 0);
  });
});
