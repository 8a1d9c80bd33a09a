// Shows how core hears of what is found: the newest state of each, in portions, with patience, and no more than is bounded.

import { Fault } from "../../../../drivers/contract/fault.ts";
import type { FoundReport } from "../../../../firmware/conduit/source.ts";
import { makeFoundQueue, type FoundQueue } from "../../../../firmware/field/discovery/found-queue.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";

const present = (endpoint: string, metadataVersion = 1): FoundReport => ({ kind: "present", endpoint, address: "192.168.10.21", types: [], scopes: [], metadataVersion });
const left = (endpoint: string): FoundReport => ({ kind: "left", endpoint, address: "192.168.10.21" });

interface Under {
  readonly clock: ReturnType<typeof makeFakeClock>;
  readonly queue: FoundQueue;
  readonly posted: { readonly segment: string; readonly reports: readonly FoundReport[] }[];
  answer: () => Promise<void>;
}

function start(defer: Defer): Under {
  const clock = makeFakeClock();
  const ending = new AbortController();
  defer(() => ending.abort());
  const posted: Under["posted"] = [];
  const under: Under = {
    clock,
    posted,
    answer: async () => undefined,
    queue: makeFoundQueue({
      clock,
      log: silentLog,
      signal: ending.signal,
      post: async (segment, reports) => {
        await under.answer();
        posted.push({ segment, reports });
      },
    }),
  };
  return under;
}

suite("reports of what is found", (test) => {
  test("come together, at most 32 in one request, each segment by itself", async ({ defer }) => {
    const { clock, queue, posted } = start(defer);
    for (let place = 0; place < 70; place += 1) queue.put(place % 2 === 0 ? "a" : "b", present(`urn:uuid:${place}`));
    await clock.advance(1000);
    assert.equal(posted.map(({ segment, reports }) => [segment, reports.length]), [["a", 32], ["b", 32], ["a", 3], ["b", 3]]);
  });

  test("wait while core is away, and then tell the newest state alone", async ({ defer }) => {
    const under = start(defer);
    const { clock, queue, posted } = under;
    under.answer = () => Promise.reject(new Fault("STORAGE_BUSY", "not now"));
    queue.put("a", present("urn:uuid:1"));
    await clock.advance(5000);
    queue.put("a", present("urn:uuid:1", 2));
    queue.put("a", left("urn:uuid:1"));
    queue.put("a", present("urn:uuid:2"));
    await clock.advance(5000);
    under.answer = async () => undefined;
    await clock.advance(6000);
    assert.equal(posted.flatMap(({ reports }) => reports.map(({ kind, endpoint }) => `${kind} ${endpoint}`)), ["left urn:uuid:1", "present urn:uuid:2"]);
  });

  test("are dropped with their segment, where core refuses their form, and beyond what is remembered", async ({ defer }) => {
    const under = start(defer);
    const { clock, queue, posted } = under;
    under.answer = () => Promise.reject(new Fault("STORAGE_BUSY", "not now"));
    for (let place = 0; place < 40_000; place += 1) queue.put("a", present(`urn:uuid:${place}`));
    assert.is(queue.size, 16_384);
    queue.drop("a");
    assert.is(queue.size, 0);
    under.answer = () => Promise.reject(new Fault("INPUT_INVALID", "no"));
    queue.put("b", present("urn:uuid:refused"));
    queue.put("b", present("x".repeat(513)));
    await clock.advance(10_000);
    under.answer = async () => undefined;
    queue.put("b", present("urn:uuid:good"));
    await clock.advance(10_000);
    assert.equal(posted.flatMap(({ reports }) => reports.map(({ endpoint }) => endpoint)), ["urn:uuid:good"]);
  });

  test("are 320 a second at most, whatever is made up", async ({ defer }) => {
    const { clock, queue, posted } = start(defer);
    for (let second = 0; second < 10; second += 1) {
      for (let place = 0; place < 1000; place += 1) queue.put("a", present(`urn:uuid:${second}-${place}`));
      await clock.advance(1000);
    }
    assert.ok(posted.flatMap(({ reports }) => reports).length <= 3232);
  });
});
