// Shows that range sets agree with a plain set of numbers.

import fc from "fast-check";
import { RangeSet } from "../../../../firmware/core/outbox/range-set.ts";
import { assert, suite } from "../../../support/suite.ts";

const command = fc.tuple(fc.constantFrom("add", "remove"), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 12 }));

suite("range set", (test) => {
  test("holds the same numbers as a plain set after any adding and removing", () => {
    const property = fc.property(fc.array(command, { maxLength: 40 }), fc.integer({ min: 1, max: 75 }), (commands, probe) => {
      const ranges = new RangeSet();
      const model = new Set<number>();
      for (const [kind, first, more] of commands) {
        if (kind === "add") assert.ok(ranges.add(first, first + more)[0] <= first);
        else ranges.remove(first, first + more);
        for (let value = first; value <= first + more; value += 1) void (kind === "add" ? model.add(value) : model.delete(value));
      }
      const sorted = [...model].sort((a, b) => a - b);
      const all = [...ranges];
      assert.equal(all.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index)), sorted);
      assert.ok(all.every(([first], index) => index === 0 || first > (all[index - 1]?.[1] ?? 0) + 1));
      assert.is(ranges.size, model.size);
      assert.is(ranges.count, all.length);
      assert.is(ranges.has(probe), model.has(probe));
      assert.is(ranges.nextIn(probe), sorted.find((value) => value >= probe) ?? Number.POSITIVE_INFINITY);
      let free = probe;
      while (model.has(free)) free += 1;
      assert.is(ranges.nextFree(probe), free);
      assert.is(ranges.countWithin(probe, probe + 9), sorted.filter((value) => value >= probe && value <= probe + 9).length);
      assert.is([...ranges.missingWithin(probe, probe + 9)].reduce((sum, [first, last]) => sum + last - first + 1, 0), 10 - ranges.countWithin(probe, probe + 9));
    });
    fc.assert(property, { numRuns: 300 });
  });
});
