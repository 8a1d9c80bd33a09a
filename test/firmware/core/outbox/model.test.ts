// Shows by random sequences that append, lease, settle and restart agree with a plain model: nothing lost, nothing invented.

import fc from "fast-check";
import { holder, lease, makeFixture, sample, type Leased } from "./fixture.ts";
import type { Destination, Outbox } from "../../../../firmware/core/outbox/outbox.ts";
import { assert, suite } from "../../../support/suite.ts";

type Step = readonly ["append", number] | readonly ["lease", "live" | "backlog", number] | readonly ["settle", number, "accepted" | "kept" | "rejected"] | readonly ["restart"] | readonly ["live"];

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant("append" as const), fc.integer({ min: 1, max: 9 })),
  fc.tuple(fc.constant("lease" as const), fc.constantFrom("live" as const, "backlog" as const), fc.integer({ min: 1, max: 7 })),
  fc.tuple(fc.constant("settle" as const), fc.nat(5), fc.constantFrom("accepted" as const, "accepted" as const, "kept" as const, "rejected" as const)),
  fc.constant(["restart"] as const),
  fc.constant(["live"] as const),
);

/** What must hold, in memory. */
class Model {
  readonly open = new Map<number, number>();
  readonly leased = new Set<number>();
  leases: Leased[] = [];
  appended = 0;
  liveFrom = 1;
  rejected = 0;

  check(one: Leased, lane: "live" | "backlog", max: number): void {
    const free = [...this.open.keys()].filter((seq) => !this.leased.has(seq) && (lane === "live" ? seq >= this.liveFrom : seq < this.liveFrom));
    assert.equal(one.elements.map((element) => [element.seq, element.value]), free.sort((a, b) => a - b).slice(0, max).map((seq) => [seq, this.open.get(seq)]));
    for (const { seq } of one.elements) this.leased.add(seq);
    if (one.lease > 0) this.leases.push(one);
  }

  settle(one: Leased, kind: "accepted" | "kept" | "rejected"): void {
    for (const { seq } of one.elements) {
      this.leased.delete(seq);
      if (kind !== "kept" && this.open.delete(seq) && kind === "rejected") this.rejected += 1;
    }
    this.leases = this.leases.filter((other) => other !== one);
  }
}

suite("outbox, model", (test) => {
  test(
    "agrees with the model through any sequence of appends, leases, verdicts and restarts",
    async ({ defer, signal }) => {
      const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const cleanUps: (() => unknown)[] = [];
        const fixture = makeFixture((cleanUp) => void cleanUps.push(cleanUp));
        const model = new Model();
        let outbox: Outbox = await fixture.open();
        let cloud: Destination = await outbox.openDestination("cloud");
        for (const one of steps) {
          if (one[0] === "append") {
            const readings = Array.from({ length: one[1] }, () => sample((model.appended += 1)));
            await outbox.append({ zone: "field", readings });
            readings.forEach((_, index) => model.open.set(model.appended - readings.length + index + 1, model.appended - readings.length + index + 1));
          } else if (one[0] === "lease") model.check(await lease(cloud, one[1], signal, { maxCount: one[2] }), one[1], one[2]);
          else if (one[0] === "live") {
            cloud.openLive();
            model.liveFrom = model.appended + 1;
          } else if (one[0] === "restart") {
            await outbox.close();
            outbox = await fixture.open();
            cloud = await outbox.openDestination("cloud");
            model.leased.clear();
            model.leases = [];
            model.liveFrom = model.appended + 1;
          } else {
            const leased = model.leases[one[1] % Math.max(1, model.leases.length)];
            if (leased === undefined) continue;
            const named = { accepted: [], rejected: [], kept: [], ...(one[2] === "rejected" ? { rejected: leased.ranges.map((range) => ({ range, reason: "no" })) } : { [one[2]]: leased.ranges }) };
            await cloud.settle({ stream: leased.stream, ...named }, holder);
            model.settle(leased, one[2]);
          }
          const figures = outbox.figures("cloud");
          assert.equal([figures.queued, figures.rejected, figures.dropped], [model.open.size, model.rejected, 0]);
        }
        for (const cleanUp of cleanUps.toReversed()) await cleanUp();
      });
      await fc.assert(property, { numRuns: 60 });
      defer(() => undefined);
    },
    { limitMs: 90_000 },
  );
});
