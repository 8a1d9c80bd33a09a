// Shows who gets a password computed when many ask.

import { HashQueue, type Caller } from "../../../../firmware/core/accounts/hash-queue.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { outcomeOf } from "./people-bench.ts";

const stranger = (source: string): Caller => ({ kind: "stranger", source });
const known = (key: string): Caller => ({ kind: "known", key });

/** Work that ends when the test says so, and how much of it ran at a time. */
function makeWork() {
  const order: string[] = [];
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const work = (name: string) => async (): Promise<string> => {
    order.push(name);
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running -= 1;
    return name;
  };
  const finish = async (): Promise<void> => {
    ends.shift()?.();
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { order, work, finish, most: () => most };
}

suite("hash queue", (test) => {
  test("CR 7.1 one is computed at a time; who is known goes first, strangers go in turn", async () => {
    const queue = new HashQueue(makeFakeClock());
    const { finish, most, order, work } = makeWork();
    const all = [
      queue.run(stranger("a"), work("a1")), queue.run(stranger("a"), work("a2")), queue.run(stranger("a"), work("a3")),
      queue.run(stranger("b"), work("b1")), queue.run(known("anna"), work("anna")), queue.run(known("otto"), work("otto")),
    ];
    for (let time = 0; time < all.length; time += 1) await finish();
    assert.equal(await Promise.all(all), ["a1", "a2", "a3", "b1", "anna", "otto"]);
    assert.equal(order, ["a1", "anna", "otto", "a2", "b1", "a3"]);
    assert.is(most(), 1);
  });

  test("CR 7.1 a stranger with 200 logins a second gets ten at once and one more every six seconds, the rest PEER_LIMIT at once; others notice nothing", async () => {
    const clock = makeFakeClock();
    const queue = new HashQueue(clock);
    let computed = 0;
    let refused = 0;
    const quick = async (): Promise<void> => void (computed += 1);
    for (let tick = 0; tick < 60 * 20; tick += 1) {
      for (let time = 0; time < 10; time += 1) queue.run(stranger("203.0.113.5"), quick).catch(() => void (refused += 1));
      await clock.advance(50);
    }
    assert.ok(computed >= 10 && computed <= 21, `${computed}`);
    assert.is(computed + refused, 12_000);
    const startedMs = clock.uptimeMs();
    await queue.run(stranger("192.0.2.1"), quick);
    await queue.run(known("anna"), quick);
    assert.is(clock.uptimeMs(), startedMs);
  });

  test("CR 7.1 many strangers together get twenty at once and then four a second; who is known waits for none of them", async () => {
    const clock = makeFakeClock();
    const queue = new HashQueue(clock);
    let computed = 0;
    const quick = async (): Promise<void> => void (computed += 1);
    for (let tick = 0; tick < 100; tick += 1) {
      for (let time = 0; time < 20; time += 1) queue.run(stranger(`198.51.${time}.${tick}`), quick).catch(() => undefined);
      await clock.advance(100);
      let isDone = false;
      await queue.run(known("anna"), async () => void (isDone = true));
      assert.ok(isDone);
    }
    assert.ok(computed >= 55 && computed <= 65, `${computed}`);
    await clock.advance(20_000);
    const before = computed;
    await queue.run(stranger("192.0.2.1"), quick);
    assert.is(computed, before + 1);
    queue.close();
  });

  test("CR 7.1 whoever has a /64 of IPv6 is one stranger, and an IPv4 address in IPv6 is the same address", async () => {
    const clock = makeFakeClock();
    const queue = new HashQueue(clock);
    const quick = async (): Promise<void> => undefined;
    const codes: string[] = [];
    for (let time = 0; time < 20; time += 1) codes.push(await outcomeOf(queue.run(stranger(`2001:db8:1:2::${time + 1}`), quick)));
    assert.is(codes.filter((code) => code === "done").length, 10);
    await clock.advance(5000);
    await queue.run(stranger("2001:db8:1:3::1"), quick);
    for (let time = 0; time < 10; time += 1) await queue.run(stranger(time % 2 === 0 ? "192.0.2.7" : "::ffff:192.0.2.7"), quick);
    await assert.rejects(queue.run(stranger("192.0.2.7"), quick), "PEER_LIMIT");
  });

  test("a login that succeeds does not count against its address", async () => {
    const queue = new HashQueue(makeFakeClock());
    for (let time = 0; time < 100; time += 1) {
      await queue.run(stranger("192.0.2.1"), async () => undefined);
      queue.forgive(stranger("192.0.2.1"));
    }
  });

  test("work that fails holds up nobody", async () => {
    const queue = new HashQueue(makeFakeClock());
    await assert.rejects(queue.run(known("a"), () => Promise.reject(new Error("broken"))), /broken/);
    assert.is(await queue.run(known("a"), async () => 7), 7);
  });
});
