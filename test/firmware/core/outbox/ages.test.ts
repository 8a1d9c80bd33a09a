// Shows that the outbox counts age in running time: over restarts, through jumps of the wall clock, and never too much.

import type { Clock } from "../../../../drivers/contract/clock.ts";
import { Ages } from "../../../../firmware/core/outbox/ages.ts";
import { Stream } from "../../../../firmware/core/outbox/stream.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { lease, makeFixture, samples, type Fixture } from "./fixture.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const limitMs = 60_000;

interface Running {
  readonly clock: Clock;
  readonly fixture: Fixture;
  /** So long the process runs, without its 86,400 ticks a day; then it ticks twice. */
  run(ms: number): Promise<void>;
  jumpWall(ms: number): void;
}

function makeRunning(defer: Defer): Running {
  const fake = makeFakeClock();
  let ranMs = 0;
  return {
    clock: { ...fake, uptimeMs: () => fake.uptimeMs() + ranMs, now: () => fake.now() + ranMs },
    fixture: makeFixture(defer),
    run: async (ms) => {
      ranMs += ms;
      await fake.advance(2000);
    },
    jumpWall: (ms) => fake.jumpWall(ms),
  };
}

suite(
  "outbox, age",
  (test) => {
    test("REL-3 drops after thirty days of running time, not before, whatever the wall clock says", async ({ defer }) => {
      const { clock, fixture, run, jumpWall } = makeRunning(defer);
      const outbox = await fixture.open({ clock, limits: { maxAgeMs: 30 * DAY } });
      const opening = outbox.openDestination("cloud");
      await run(0);
      await opening;
      const appending = outbox.append({ zone: "field", readings: samples(3) });
      await run(0);
      await appending;
      for (const jumpMs of [YEAR, -2 * YEAR, YEAR]) {
        jumpWall(jumpMs);
        await run(9 * DAY);
        const { dropped, oldestSeconds } = outbox.figures("cloud");
        assert.is(dropped, 0);
        assert.ok(oldestSeconds !== null && oldestSeconds < 28 * 86_400, `${oldestSeconds} s`);
      }
      jumpWall(-YEAR);
      await run(3 * DAY);
      assert.is(outbox.figures("cloud").dropped, 3);
      assert.equal(fixture.drops.map(({ first, last, count, reason }) => [first, last, count, reason]), [[1, 3, 3, "age"]]);
    });
    test("goes on counting after a restart, without the time that the gateway was off, and keeps what is younger", async ({ defer, signal }) => {
      const { clock, fixture, run, jumpWall } = makeRunning(defer);
      const limits = { maxAgeMs: 10 * HOUR };
      let outbox = await fixture.open({ clock, limits });
      const opening = outbox.openDestination("cloud");
      await run(0);
      await opening;
      for (const ranMs of [0, 4 * HOUR]) {
        await run(ranMs);
        const appending = outbox.append({ zone: "field", readings: samples(2, ranMs + 1) });
        await run(0);
        await appending;
      }
      await outbox.close();
      jumpWall(YEAR);
      outbox = await fixture.open({ clock, limits });
      const cloud = await outbox.openDestination("cloud");
      await run(5 * HOUR);
      assert.is(outbox.figures("cloud").dropped, 0);
      assert.is(Math.round((outbox.figures("cloud").oldestSeconds ?? 0) / 3600), 9);
      await run(2 * HOUR);
      assert.equal(fixture.drops.map(({ first, last }) => [first, last]), [[1, 2]]);
      assert.is(Math.round((outbox.figures("cloud").oldestSeconds ?? 0) / 3600), 7);
      cloud.openLive();
      assert.equal((await lease(cloud, "backlog", signal)).elements.map(({ gap, seq, value }) => gap ?? [seq, value]), [{ first: 1, last: 2, reason: "age" }, [3, 4 * HOUR + 1], [4, 4 * HOUR + 2]]);
    });
    test("a month of readings is covered by some hundred marks; no age is too high, and none lower by more than its thirty-second part", () => {
      const clock = makeFakeClock();
      const skipping = { ...clock, uptimeMs: () => ranMs };
      let ranMs = 0;
      const stream = new Stream({ number: 1, uuid: "00000000-0000-4000-8000-000000000000", destination: "cloud", state: "open", next: 1, dropped: 0, rejected: 0 });
      let ages = new Ages(skipping, undefined);
      // One reading a minute, with its number: reading n comes (n - 1) minutes from the start.
      for (; ranMs < 30 * DAY; ranMs += MINUTE) {
        stream.next += 1;
        ages.mark([stream]);
      }
      ages = new Ages(skipping, ages.toText());
      assert.ok(ages.toText().length < 20_000, `${ages.toText().length} characters`);
      for (const ageMs of [10 * MINUTE, HOUR, DAY, 20 * DAY]) {
        const trueAgeMs = ranMs - (ages.agedBefore(stream, ageMs) - 2) * MINUTE;
        assert.ok(trueAgeMs >= ageMs && trueAgeMs <= ageMs * (1 + 1 / 32) + 2 * MINUTE, `${ageMs}: ${trueAgeMs}`);
      }
      assert.is(ages.agedBefore(stream, 31 * DAY), 1);
      const oldestMs = ages.oldestMs(stream);
      assert.ok(oldestMs <= 30 * DAY && oldestMs > 29 * DAY, `${oldestMs}`);
    });
    test("what was damaged counts as nothing: ages begin anew", () => {
      const clock = makeFakeClock();
      const text = new Ages(clock, undefined).toText();
      assert.is(new Ages(clock, text.replace("[0", "[9")).runningMs, 0);
      assert.is(new Ages(clock, "").runningMs, 0);
    });
  },
  { limitMs },
);
