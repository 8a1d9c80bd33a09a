// Shows that running time goes on over restarts of core, never back, and by no hand on the clock.

import { join } from "node:path";

import { prepareRunningTimeSchema, RunningTime } from "../../../../firmware/core/accounts/running-time.ts";
import { openDatabase } from "../../../../firmware/core/storage/open-database.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

suite("running time", (test) => {
  test("counts exactly over restarts of core, whatever was kept last", async ({ defer }) => {
    const clock = makeFakeClock();
    const { database, log } = openDatabase(join(makeTempDir(defer), "state.db"), clock, prepareRunningTimeSchema);
    defer(() => log.closeDatabase());
    const first = new RunningTime(database, clock);
    first.keep();
    await clock.advance(123_456);
    clock.jumpWall(-1e12);
    const second = new RunningTime(database, clock);
    assert.is(second.nowMs(), 123_456);
    await clock.advance(44);
    assert.is(new RunningTime(database, clock).nowMs(), 123_500);
  });

  test("goes on after a start of the machine from what was kept, and loses at most ten seconds", async ({ defer }) => {
    const clock = makeFakeClock();
    const { database, log } = openDatabase(join(makeTempDir(defer), "state.db"), clock, prepareRunningTimeSchema);
    defer(() => log.closeDatabase());
    const first = new RunningTime(database, clock);
    for (let second = 0; second < 95; second += 1) {
      first.tick();
      await clock.advance(1000);
    }
    clock.reboot();
    await clock.advance(5000);
    const next = new RunningTime(database, clock);
    assert.is(next.nowMs(), 90_000);
    await clock.advance(1500);
    assert.is(next.nowMs(), 91_500);
    assert.is.not(next.bootId, first.bootId);
  });
});
