// Shows that the tests' clock keeps the promises of the Clock.

import { makeFakeClock } from "./fake-clock.ts";
import { assert, suite } from "./suite.ts";

suite("fake clock", (test) => {
  test("runs what is due in the order of its time, at its time", async () => {
    const clock = makeFakeClock();
    const seen: string[] = [];
    clock.after(20, () => seen.push(`b ${clock.uptimeMs()}`));
    clock.after(10, () => seen.push(`a ${clock.uptimeMs()}`));
    clock.after(31, () => seen.push("too late"));
    await clock.advance(30);
    assert.equal(seen, ["a 10", "b 20"]);
    assert.is(clock.uptimeMs(), 30);
    assert.is(clock.pending, 1);
  });
  test("lets a loop of sleeps run its course within one advance", async ({ signal }) => {
    const clock = makeFakeClock();
    let rounds = 0;
    const loop = (async () => {
      for (; rounds < 5; rounds += 1) await clock.sleep(100, signal);
    })();
    await clock.advance(500);
    await loop;
    assert.is(rounds, 5);
  });
  test("a cancelled timer does not run", async () => {
    const clock = makeFakeClock();
    const cancel = clock.after(5, () => assert.unreachable());
    cancel();
    await clock.advance(10);
  });
  test("an aborted sleep rejects at once as cancelled and leaves no timer", async () => {
    const clock = makeFakeClock();
    const abort = new AbortController();
    const sleep = clock.sleep(1000, abort.signal);
    abort.abort();
    await assert.rejects(sleep, "CANCELLED");
    await assert.rejects(clock.sleep(1000, abort.signal), "CANCELLED");
    assert.is(clock.pending, 0);
  });
  test("a jump of the wall moves neither uptime nor timers", async () => {
    const clock = makeFakeClock(1000);
    clock.after(10, () => assert.unreachable());
    clock.jumpWall(-31_536_000_000);
    assert.is(clock.now(), 1000 - 31_536_000_000);
    assert.is(clock.uptimeMs(), 0);
    await clock.advance(9);
    assert.is(clock.pending, 1);
  });
});
