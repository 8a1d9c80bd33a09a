// Shows that a full disk, however it became full, does not end the audit log at once, and that core stays (CR 2.9, CR 2.10).

import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { verifyAudit } from "../../../../firmware/core/audit/verify.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";
import { configure, standing, startCore } from "../running-core.ts";
import { KEY, openFixture } from "./fixture.ts";

const needs = ["root", "mount", "umount"];

function makeDisk(defer: Defer, size: string): string {
  const folder = makeTempDir(defer);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=0700`, "weir-test", folder]);
  defer(() => execFileSync("umount", ["-l", folder]));
  return folder;
}

/** Not a block is left. */
function fill(folder: string): string {
  const file = join(folder, "filler");
  const descriptor = openSync(file, "a");
  try {
    while (mayWrite(descriptor, 1_048_576));
    while (mayWrite(descriptor, 4096));
  } finally {
    closeSync(descriptor);
  }
  return file;
}

function mayWrite(descriptor: number, size: number): boolean {
  try {
    return writeSync(descriptor, Buffer.alloc(size)) === size;
  } catch {
    return false;
  }
}

suite("audit reserve", (test) => {
  test(
    "CR 2.9 on a full disk the log goes on for two thousand entries of its own room, says so, and is whole again when there is room",
    async ({ defer }) => {
      const folder = makeDisk(defer, "16m");
      const fixture = openFixture(defer, { folder });
      await fixture.write(50);
      assert.is(await fixture.reserve.refill(), true);
      const filler = fill(folder);
      await fixture.write(2000);
      // What others write takes all that becomes free.
      fill(folder);
      assert.is(fixture.audit.head.number, 2050);
      assert.ok(fixture.conditions.has("AUDIT_ON_RESERVE", "audit.db"));
      assert.not.ok(fixture.conditions.has("AUDIT_NOT_WRITTEN", "audit.db"));
      assert.is((await verifyAudit(fixture.opened.database, KEY)).broken, undefined);
      assert.is(await fixture.reserve.refill(), false);
      rmSync(filler);
      assert.is(await fixture.reserve.refill(), true);
      assert.is(fixture.reserve.isWhole, true);
    },
    { needs },
  );
  test(
    "CR 2.10 when the reserve is used up too, that is a condition, and the log goes on where it stopped",
    async ({ defer }) => {
      const folder = makeDisk(defer, "16m");
      const fixture = openFixture(defer, { folder });
      await fixture.write(5);
      await fixture.reserve.refill();
      const filler = fill(folder);
      for (let round = 0; round < 40 && !fixture.conditions.has("AUDIT_NOT_WRITTEN", "audit.db"); round += 1) {
        await fixture.write(200);
        fill(folder);
      }
      assert.ok(fixture.conditions.has("AUDIT_NOT_WRITTEN", "audit.db"));
      const { number } = fixture.audit.head;
      rmSync(filler);
      await fixture.write(1);
      assert.is(fixture.audit.head.number, number + 1);
      assert.not.ok(fixture.conditions.has("AUDIT_NOT_WRITTEN", "audit.db"));
      assert.is((await verifyAudit(fixture.opened.database, KEY)).broken, undefined);
    },
    { needs },
  );
  test(
    "CR 2.10 core on a full disk still records, answers and tells it",
    async ({ defer, signal }) => {
      const folder = makeDisk(defer, "64m");
      const running = await startCore(defer, configure({}), { dataDir: join(folder, "data") });
      while (!existsSync(join(running.dataDir, "audit.reserve"))) await running.local.call("status", {}, signal);
      fill(folder);
      const before = (await running.local.call("verifyAudit", {}, signal)).head.number;
      // Each of these is an entry.
      for (let count = 0; count < 300; count += 1) {
        await running.local.call("audit", { limit: 1, export: true }, signal);
        if (count % 50 === 0) fill(folder);
      }
      const verdict = await running.local.call("verifyAudit", {}, signal);
      assert.ok(verdict.head.number >= before + 300);
      assert.is(verdict.broken, null);
      assert.ok((await standing(running, signal)).includes("AUDIT_ON_RESERVE audit.db"));
      assert.not.ok((await standing(running, signal)).includes("AUDIT_NOT_WRITTEN audit.db"));
      assert.is(statfsSync(folder).bavail, 0);
    },
    { needs },
  );
});
