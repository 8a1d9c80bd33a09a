// Shows the bounds of the backoff, its jitter, and when it begins anew.

import { makeBackoff, seededRandom } from "../../../firmware/runtime/backoff.ts";
import { assert, suite } from "../../support/suite.ts";

suite("backoff", (test) => {
  test("doubles up to its limit without jitter", () => {
    const backoff = makeBackoff({ firstMs: 10, maxMs: 70, jitter: 0 });
    assert.equal([0, 0, 0, 0, 0].map(() => backoff.nextMs()), [10, 20, 40, 70, 70]);
  });

  test("stays between half and all of each step", () => {
    const backoff = makeBackoff({ firstMs: 100, maxMs: 1600, random: seededRandom(7) });
    const delays = Array.from({ length: 500 }, () => backoff.nextMs());
    for (const [index, delay] of delays.entries()) {
      const step = Math.min(100 * 2 ** Math.min(index, 10), 1600);
      assert.ok(delay > step / 2 && delay <= step, `delay ${index} is ${delay}`);
    }
    assert.ok(new Set(delays).size > 400);
  });

  test("begins anew after a stable period and after a reset, not before", () => {
    const backoff = makeBackoff({ firstMs: 10, maxMs: 1000, jitter: 0, stableMs: 5000 });
    assert.equal([0, 4999, 5000].map((ranMs) => backoff.nextMs(ranMs)), [10, 20, 10]);
    backoff.nextMs();
    backoff.reset();
    assert.is(backoff.nextMs(), 10);
  });

  test("repeats with the same seed", () => {
    const take = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
    assert.equal(take(3), take(3));
    assert.not.equal(take(3), take(4));
  });
});
