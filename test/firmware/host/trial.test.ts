// Shows that a change which nobody confirms returns by itself, whatever dies or fails on the way.

import { readdirSync } from "node:fs";

import { digestOf } from "../../../firmware/conduit/digest.ts";
import { keepState, type KeptState } from "../../../firmware/host/kept-state.ts";
import { openTrial, type Trial } from "../../../firmware/host/trial.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { makeFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";

interface Bench {
  readonly clock: FakeClock;
  readonly folder: string;
  /** What the system has now. */
  system: string;
  /** The next installations that fail, by the state. */
  readonly failing: Set<string>;
  open(): Promise<Trial<string>>;
}

function makeBench(defer: Defer): Bench {
  const folder = makeTempDir(defer);
  const clock = makeFakeClock();
  const failing = new Set<string>();
  const kept = (): KeptState<string> => keepState(folder, "rules", (value) => String(value));
  const bench: Bench = {
    clock,
    folder,
    system: "initial",
    failing,
    open: () =>
      openTrial({
        clock,
        log: silentLog,
        kept: kept(),
        trialMs: 60_000,
        initial: "initial",
        check: async (state) => {
          if (state.startsWith("wrong")) throw new Error("no such rule");
        },
        install: async (state) => {
          // Half done when it fails, as files are.
          bench.system = failing.has(state) ? `half of ${state}` : state;
          if (failing.has(state)) throw new Error("no space");
        },
      }),
  };
  return bench;
}

suite("trial", (test) => {
  test("a change is gone 60 s later unless it is confirmed", async ({ defer }) => {
    const bench = makeBench(defer);
    const trial = await bench.open();
    const change = await trial.apply("new");
    assert.equal([bench.system, trial.standing()], ["new", { trial: change, returned: null, installed: digestOf("new"), confirmed: null, leftMs: 60_000 }]);
    await bench.clock.advance(59_999);
    assert.is(bench.system, "new");
    await bench.clock.advance(1);
    assert.equal([bench.system, trial.installed, trial.standing()], ["initial", "initial", { trial: null, returned: change, installed: null, confirmed: null, leftMs: null }]);
    assert.is(await trial.confirm(change), false);
    assert.equal(readdirSync(bench.folder), []);
  });

  test("a jump of the wall clock neither ends nor lengthens it", async ({ defer }) => {
    const bench = makeBench(defer);
    const trial = await bench.open();
    await trial.apply("new");
    bench.clock.jumpWall(-10 * 365 * 86_400_000);
    await bench.clock.advance(59_999);
    assert.is(bench.system, "new");
    await bench.clock.advance(1);
    assert.is(bench.system, "initial");
  });

  test("a confirmed change holds, and is what the next one returns to", async ({ defer }) => {
    const bench = makeBench(defer);
    const trial = await bench.open();
    assert.is(await trial.confirm(await trial.apply("first")), true);
    await bench.clock.advance(600_000);
    assert.is(bench.system, "first");
    await trial.apply("second");
    await bench.clock.advance(60_000);
    assert.is(bench.system, "first");
    assert.is((await bench.open()).installed, "first");
  });

  test("host killed between apply and confirm: its successor returns at once", async ({ defer }) => {
    const bench = makeBench(defer);
    const first = await bench.open();
    await first.confirm(await first.apply("first"));
    const change = await first.apply("second");
    const successor = await bench.open();
    assert.equal([bench.system, successor.installed], ["first", "first"]);
    assert.is(await successor.confirm(change), false);
  });

  test("host killed while it confirms: the change holds or returns, nothing between", async ({ defer }) => {
    const bench = makeBench(defer);
    const trial = await bench.open();
    await trial.apply("new");
    keepState(bench.folder, "rules", String).confirm();
    bench.system = "new";
    assert.is((await bench.open()).installed, "new");
    assert.is(bench.system, "new");
  });

  test("what cannot be checked changes nothing, and what cannot be installed returns at once", async ({ defer }) => {
    const bench = makeBench(defer);
    const trial = await bench.open();
    await trial.confirm(await trial.apply("first"));
    const change = await trial.apply("second");
    await assert.rejects(trial.apply("wrong"), /no such rule/);
    assert.equal([bench.system, trial.standing().trial], ["second", change]);
    bench.failing.add("third");
    await assert.rejects(trial.apply("third"), /no space/);
    assert.equal([bench.system, trial.standing()], ["first", { trial: null, returned: change, installed: digestOf("first"), confirmed: digestOf("first"), leftMs: null }]);
    await bench.clock.advance(600_000);
    assert.is(bench.system, "first");
  });

  test("a return that fails is tried until it succeeds, and can no longer be confirmed away", async ({ defer }) => {
    const bench = makeBench(defer);
    const trial = await bench.open();
    const change = await trial.apply("new");
    bench.failing.add("initial");
    await bench.clock.advance(60_000);
    assert.is(bench.system, "half of initial");
    assert.is(await trial.confirm(change), false);
    bench.failing.clear();
    await bench.clock.advance(5000);
    assert.is(bench.system, "initial");
    assert.is(bench.clock.pending, 0);
  });

  test("a newer change takes the place of the one on trial, with its own time", async ({ defer }) => {
    const bench = makeBench(defer);
    const trial = await bench.open();
    const first = await trial.apply("first");
    await bench.clock.advance(50_000);
    await trial.apply("second");
    assert.is(await trial.confirm(first), false);
    await bench.clock.advance(59_999);
    assert.is(bench.system, "second");
    await bench.clock.advance(1);
    assert.is(bench.system, "initial");
  });

  test("an orderly end undoes what is on trial", async ({ defer }) => {
    const bench = makeBench(defer);
    const trial = await bench.open();
    await trial.apply("new");
    await trial.close();
    assert.is(bench.system, "initial");
    await assert.rejects(trial.apply("other"), /going down/);
    assert.is(bench.clock.pending, 0);
  });

  test("a damaged file of what held is no reason to keep what was on trial", async ({ defer }) => {
    const bench = makeBench(defer);
    const trial = await bench.open();
    await trial.apply("new");
    const strict = (): KeptState<string> => keepState(bench.folder, "rules", () => { throw new Error("damaged"); });
    const successor = await openTrial({ clock: bench.clock, log: silentLog, kept: strict(), trialMs: 60_000, initial: "initial", check: async () => undefined, install: async (state) => void (bench.system = state) });
    assert.equal([bench.system, successor.installed], ["initial", "initial"]);
  });
});
