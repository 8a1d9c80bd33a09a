// Shows that the log is kept without anybody asking: its place in state.db, its time, its reserve, and its age.

import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { AuditLog } from "../../../../firmware/core/audit/audit-log.ts";
import { prepareAuditSchema } from "../../../../firmware/core/audit/audit-schema.ts";
import { Conditions } from "../../../../firmware/core/health/conditions.ts";
import { openKept, prepareStateSchema } from "../../../../firmware/core/inventory/state-schema.ts";
import type { Kept } from "../../../../firmware/core/inventory/state-schema.ts";
import { openDatabase } from "../../../../firmware/core/storage/open-database.ts";
import { Turns } from "../../../../firmware/core/turns.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import type { FakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";
import { DAY_MS, KEY } from "./fixture.ts";

interface Kit {
  readonly clock: FakeClock;
  readonly conditions: Conditions;
  readonly kept: Kept;
  readonly auditLog: AuditLog;
}

function open(defer: Defer, isKeyLasting = true): Kit {
  const clock = makeFakeClock();
  const dataDir = makeTempDir(defer);
  const opened = openDatabase(join(dataDir, "audit.db"), clock, prepareAuditSchema);
  defer(() => opened.log.closeDatabase());
  const state = new Sqlite(":memory:");
  defer(() => state.close());
  prepareStateSchema(state);
  const kept = openKept(state);
  const conditions = new Conditions(clock, () => undefined);
  const auditLog = new AuditLog({ opened, key: KEY, isKeyLasting, clock, conditions, kept, turns: new Turns(clock), dataDir, log: silentLog });
  for (let count = 0; count < 20; count += 1) auditLog.trail.record({ actor: "core", action: "secret.set", target: `s${count}`, result: "done" });
  return { clock, conditions, kept, auditLog };
}

/** Lets the upkeep run for so long, by the gateway's clock, and until it has done `isDone`. */
async function runFor({ auditLog, clock }: Kit, ms: number, isDone: () => boolean, defer: Defer, signal: AbortSignal): Promise<void> {
  const stopping = new AbortController();
  const running = auditLog.run(stopping.signal);
  defer(async () => {
    stopping.abort();
    await running;
  });
  for (const endMs = clock.uptimeMs() + ms; clock.uptimeMs() < endMs; ) await clock.advance(1000);
  while (!isDone()) {
    await systemClock.sleep(5, signal);
    await clock.advance(1000);
  }
}

suite("audit upkeep", (test) => {
  test("U4.8-15 what is due is exported and deleted some minutes after a start", async ({ defer, signal }) => {
    const kit = open(defer);
    await kit.clock.advance(70 * DAY_MS);
    await runFor(kit, 660_000, () => kit.auditLog.ends().first === 20, defer, signal);
    const { entries } = await kit.auditLog.page({ limit: 1 }, signal);
    assert.equal(entries.map(({ action }) => action), ["audit.deleted"]);
    assert.is((await kit.auditLog.verify(signal)).broken, undefined);
  });
  test("under a key that is good for this process alone nothing is deleted", async ({ defer, signal }) => {
    const kit = open(defer, false);
    await kit.clock.advance(70 * DAY_MS);
    await runFor(kit, 660_000, () => true, defer, signal);
    assert.is(kit.auditLog.ends().first, 1);
  });
  test("the head is in state.db within a second", async ({ defer, signal }) => {
    const kit = open(defer);
    const number = (): unknown => Object(JSON.parse(kit.kept.read("audit-head") ?? "{}")).number;
    await runFor(kit, 1000, () => number() === 20, defer, signal);
    kit.auditLog.trail.record({ actor: "core", action: "secret.set", target: "one more", result: "done" });
    for (; number() !== 21; signal.throwIfAborted()) {
      await systemClock.sleep(5, signal);
      await kit.clock.advance(1000);
    }
    assert.is(number(), 21);
  });
});
