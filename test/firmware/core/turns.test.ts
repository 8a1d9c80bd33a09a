// Shows that pieces of work share the event loop one by one.

import { Fault } from "../../../drivers/contract/fault.ts";
import { Turns } from "../../../firmware/core/turns.ts";
import { makeFakeClock } from "../../support/fake-clock.ts";
import { assert, suite } from "../../support/suite.ts";
import type { Defer } from "../../support/suite.ts";

/** Counts the turns of the event loop until the test ends. */
function countTurns(defer: Defer): () => number {
  let turn = 0;
  let isOver = false;
  const next = (): void => {
    turn += 1;
    if (!isOver) setImmediate(next);
  };
  setImmediate(next);
  defer(() => void (isOver = true));
  return () => turn;
}

suite("turns", (test) => {
  test("no two pieces run in one turn, whoever asked, and they come in the order of asking", async ({ defer }) => {
    const turn = countTurns(defer);
    const turns = new Turns(makeFakeClock());
    const ran: [string, number][] = [];
    const asked = ["a", "b", "c"].map((name) => new Promise<void>((resolve) => void turns.take(() => resolve(void ran.push([name, turn()])))));
    await Promise.all([...asked, turns.next().then(() => ran.push(["d", turn()]))]);
    assert.equal(ran.map(([name]) => name), ["a", "b", "c", "d"]);
    assert.is(new Set(ran.map(([, when]) => when)).size, 4);
  });
  test("a piece that is called off does not run and takes no turn from the next one", async () => {
    const turns = new Turns(makeFakeClock());
    let ran = 0;
    const callOff = turns.take(() => void (ran += 1));
    callOff();
    await turns.next();
    assert.is(ran, 0);
  });
  test("what ends something goes before all others that wait", async () => {
    const turns = new Turns(makeFakeClock());
    const ran: string[] = [];
    turns.take(() => void ran.push("first"));
    const callOff = turns.take(() => void ran.push("called off"));
    turns.takeNext(() => void ran.push("end"));
    callOff();
    await turns.next();
    assert.equal(ran, ["end", "first"]);
  });
  test("a piece that fails does not keep the others from their turns", async () => {
    const turns = new Turns(makeFakeClock());
    const isMet = new Promise<unknown>((resolve) => process.once("uncaughtException", resolve));
    turns.take(() => {
      throw new Error("a defect");
    });
    await turns.next();
    assert.match(String(await isMet), /a defect/);
  });
  test("many items go on in another turn after about the time of a commit, and a failing one ends it", async ({ defer }) => {
    const turn = countTurns(defer);
    const seen: number[] = [];
    let nowMs = 0;
    const turns = new Turns({ ...makeFakeClock(), uptimeMs: () => (nowMs += 1) });
    await turns.each([1, 2, 3, 4, 5, 6, 7, 8], () => void seen.push(turn()));
    assert.is(seen.length, 8);
    const most = Math.max(...[...Map.groupBy(seen, (when) => when).values()].map((same) => same.length));
    assert.ok(most > 1 && most < 5, `${most} items in one turn`);
    const failing = turns.each([1, 2], () => {
      throw new Fault("NOT_FOUND", "gone");
    });
    await assert.rejects(failing, "NOT_FOUND");
    await turns.each([], () => assert.unreachable());
  });
});
