// Shows who keeps which session for how long, and when a will is published.

import type { Fault } from "../../../../drivers/contract/fault.ts";
import type { Will } from "../../../../firmware/protocol/mqtt-server/read-connect.ts";
import { makeSessionTable, type SessionRequest } from "../../../../firmware/protocol/mqtt-server/session-table.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";

function setUp() {
  const clock = makeFakeClock();
  const wills: string[] = [];
  const takenOver: string[] = [];
  const table = makeSessionTable({ clock, maxExpirySeconds: 100, maxPerMachine: 3 });
  const open = (machine: string, clientId: string, more: Partial<SessionRequest> = {}) =>
    table.open({ machine, clientId, isClean: false, expirySeconds: 50, publishWill: ({ topic }) => wills.push(topic), takenOver: () => takenOver.push(clientId), ...more });
  return { clock, wills, takenOver, table, open };
}

function will(delaySeconds = 0): Will {
  return { topic: "gone", payload: Buffer.alloc(0), isRetained: false, delaySeconds };
}

suite("mqtt sessions", (test) => {
  test("keep subscriptions and commands until they expire", async () => {
    const { clock, open } = setUp();
    const faults: (Fault | undefined)[] = [];
    const first = open("m1", "c");
    assert.equal([first.isPresent, first.expirySeconds], [false, 50]);
    first.commands.subscriptions.set("x", 1);
    first.commands.offer({ topic: "x", payload: Buffer.alloc(0), settled: (fault) => faults.push(fault) });
    first.close({ isWillDue: false });
    await clock.advance(49_000);
    const second = open("m1", "c");
    assert.equal([second.isPresent, second.commands === first.commands], [true, true]);
    second.close({ isWillDue: false });
    await clock.advance(50_000);
    assert.is(faults[0]?.code, "PEER_TIMEOUT");
    assert.is(open("m1", "c").isPresent, false);
    assert.is(clock.pending, 0);
  });
  test("end at once where the client asked for none, begins anew, or changes its mind when it goes", async () => {
    const { open } = setUp();
    open("m1", "c", { expirySeconds: 0 }).close({ isWillDue: false });
    assert.is(open("m1", "c").isPresent, false);
    assert.is(open("m1", "c", { isClean: true }).isPresent, false);
    open("m1", "c").close({ isWillDue: false, expirySeconds: 0 });
    assert.is(open("m1", "c").isPresent, false);
  });
  test("last no longer than the bound", () => {
    assert.is(setUp().open("m1", "c", { expirySeconds: 0xffff_ffff }).expirySeconds, 100);
  });
  test("are taken over by the same machine; the connection before has no say any more", () => {
    const { open, takenOver, table } = setUp();
    const first = open("m1", "c");
    const second = open("m1", "c");
    assert.equal([takenOver, second.isPresent], [["c"], true]);
    first.close({ isWillDue: true, expirySeconds: 0 });
    assert.is(table.of("m1").length, 1);
    second.close({ isWillDue: false, expirySeconds: 0 });
    assert.is(table.of("m1").length, 0);
  });
  test("are not taken over by another machine while the first is connected", () => {
    const { open, takenOver } = setUp();
    const first = open("m1", "c");
    assert.match(String(assert.throws(() => open("m2", "c"), "ACCESS_DENIED")), /m1 is connected/);
    assert.equal(takenOver, []);
    first.close({ isWillDue: false });
    assert.is(open("m2", "c").isPresent, false);
    assert.throws(() => open("m1", "c"), "ACCESS_DENIED");
  });
  test("are few for a machine: an idle one goes for a new one, a connected one does not", () => {
    const { open, table } = setUp();
    open("m1", "a");
    open("m1", "b").close({ isWillDue: false });
    open("m1", "c");
    open("m1", "d");
    assert.is(table.of("m1").length, 3);
    assert.is(open("m1", "d").isPresent, true);
    assert.throws(() => open("m1", "e"), "PEER_LIMIT");
    assert.is(open("m2", "e").isPresent, false);
  });
  test("publish a will when the machine goes without a word, and not after a goodbye", () => {
    const { open, wills } = setUp();
    open("m1", "c", { will: will() }).close({ isWillDue: false });
    assert.equal(wills, []);
    const second = open("m1", "c", { will: will() });
    second.close({ isWillDue: true });
    second.close({ isWillDue: true });
    assert.equal(wills, ["gone"]);
  });
  test("wait with a will for its delay, at most until the session ends, and forget it when the machine is back", async () => {
    const { clock, open, wills } = setUp();
    open("m1", "c", { will: will(20) }).close({ isWillDue: true });
    await clock.advance(19_000);
    assert.equal(wills, []);
    open("m1", "c", { will: will(20) }).close({ isWillDue: true });
    await clock.advance(20_000);
    assert.equal(wills, ["gone"]);
    open("m1", "c", { will: will(60), expirySeconds: 5 }).close({ isWillDue: true });
    await clock.advance(5000);
    assert.equal(wills, ["gone", "gone"]);
    open("m1", "c", { will: will(20) }).close({ isWillDue: true });
    open("m1", "c", { isClean: true });
    assert.equal(wills, ["gone", "gone", "gone"]);
  });
  test("publish the will of a connection that is taken over, unless it is delayed and the session goes on", () => {
    const { open, wills } = setUp();
    open("m1", "c", { will: will(20) });
    open("m1", "c", { will: will(0) });
    assert.equal(wills, []);
    open("m1", "c", { will: will(20) });
    assert.equal(wills, ["gone"]);
    open("m1", "c", { isClean: true });
    assert.equal(wills, ["gone", "gone"]);
  });
  test("are forgotten without a will with their machine and at the end", () => {
    const { clock, open, wills, table } = setUp();
    open("m1", "a", { will: will() });
    open("m2", "b", { will: will(9) }).close({ isWillDue: true });
    const { commands } = open("m3", "c", { will: will() });
    const codes: (string | undefined)[] = [];
    commands.subscriptions.set("x", 1);
    commands.offer({ topic: "x", payload: Buffer.alloc(0), settled: (fault) => codes.push(fault?.code) });
    table.stop();
    assert.equal([wills, codes, clock.pending], [[], ["CANCELLED"], 0]);
    assert.equal(table.of("m1"), []);
  });
});
