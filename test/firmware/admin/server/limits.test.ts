// Shows how the page shares itself out: connections, requests, calls to core, streams.

import type { Socket } from "node:net";
import { EventEmitter } from "node:events";
import { Buckets } from "../../../../firmware/admin/server/buckets.ts";
import { Gate } from "../../../../firmware/admin/server/gate.ts";
import { KnownPeople } from "../../../../firmware/admin/server/known-people.ts";
import { Lane } from "../../../../firmware/admin/server/lane.ts";
import { RequestRates } from "../../../../firmware/admin/server/request-limits.ts";
import { Slots } from "../../../../firmware/admin/server/slots.ts";
import { addressOf, sourceOf } from "../../../../firmware/admin/server/source-address.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";

const LIMITS = { connections: 6, connectionsEach: 3, newEach: 100, newStrangers: 100, newKnown: 100 };
let lastPort = 0;

/** As much of a socket as the gate looks at. */
class Connection extends EventEmitter {
  readonly remotePort = (lastPort += 1);
  readonly localAddress = "127.0.0.1";
  readonly localPort = 9797;
  readonly remoteAddress: string;
  destroyed = false;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }

  get socket(): Socket {
    return this as unknown as Socket;
  }
}

suite("gate", (test) => {
  const open = (gate: Gate, address: string): Connection | undefined => {
    const connection = new Connection(address);
    return gate.admit(connection.socket) ? connection : undefined;
  };
  test("one address has its share; for a new connection of it its oldest one goes", () => {
    const gate = new Gate(makeFakeClock(), () => false, LIMITS);
    const [first, second, third, fourth] = [1, 2, 3, 4].map(() => open(gate, "192.0.2.1"));
    assert.equal([first, second, third, fourth].map((one) => one?.destroyed), [true, false, false, false]);
    assert.is(gate.size, 3);
  });
  test("where there is no room in all, the crowd gives way and the one who comes alone gets in", () => {
    const gate = new Gate(makeFakeClock(), () => false, LIMITS);
    const crowd = [1, 2, 3].map(() => open(gate, "192.0.2.1"));
    const others = ["192.0.2.2", "192.0.2.3", "192.0.2.4"].map((address) => open(gate, address));
    assert.is.not(open(gate, "192.0.2.5"), undefined);
    assert.equal(crowd.map((one) => one?.destroyed), [true, false, false]);
    assert.equal(others.map((one) => one?.destroyed), [false, false, false]);
  });
  test("nobody who is known goes for somebody else; without strangers there is no room", () => {
    const gate = new Gate(makeFakeClock(), () => false, LIMITS);
    const all = ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.3", "192.0.2.3"].map((address) => open(gate, address));
    for (const one of all) if (one !== undefined) gate.mark(one.socket, true);
    assert.is(open(gate, "192.0.2.9"), undefined);
    assert.equal(all.map((one) => one?.destroyed), all.map(() => false));
    if (all[0] !== undefined) gate.mark(all[0].socket, false);
    assert.is.not(open(gate, "192.0.2.9"), undefined);
    assert.is(all[0]?.destroyed, true);
  });
  test("new connections come at a rate, strangers' together too, and a colleague's address has its own", async () => {
    const clock = makeFakeClock();
    const gate = new Gate(clock, (source) => source === "192.0.2.7", { ...LIMITS, connections: 1000, connectionsEach: 1000, newEach: 2, newStrangers: 4, newKnown: 10 });
    const count = (address: string): number => Array.from({ length: 100 }, () => open(gate, address)).filter((one) => one !== undefined).length;
    assert.is(count("192.0.2.1"), 6, "three seconds' worth at once");
    assert.is(count("192.0.2.2"), 6);
    assert.is(count("192.0.2.3"), 0, "what strangers have together is used up");
    assert.is(count("192.0.2.7"), 30);
    await clock.advance(1000);
    assert.is(count("192.0.2.1"), 2);
  });
  test("addresses of one IPv6 network count as one, IPv4 in IPv6's clothes as itself", () => {
    assert.is(sourceOf("2001:db8:1:2:3::1"), sourceOf("2001:db8:1:2:ffff::2"));
    assert.is.not(sourceOf("2001:db8:1:2::1"), sourceOf("2001:db8:1:3::1"));
    assert.is(sourceOf("::ffff:192.0.2.1"), "192.0.2.1");
    assert.is(addressOf("fe80::1%eth0"), "fe80::1");
    assert.is(sourceOf(undefined), "unknown");
  });
});

suite("rates", (test) => {
  test("a bucket gives its burst, then its rate, and tells how long to wait; a jump of the wall clock changes nothing", async () => {
    const clock = makeFakeClock();
    const buckets = new Buckets(clock, { perSecond: 0.5, burst: 3 });
    assert.equal([1, 2, 3].map(() => buckets.take("a")), [0, 0, 0]);
    assert.is(buckets.take("a"), 2);
    clock.jumpWall(86_400_000);
    assert.is(buckets.take("a"), 2);
    assert.is(buckets.take("b"), 0);
    await clock.advance(2000);
    assert.is(buckets.take("a"), 0);
  });
  test("U4.7.1 guesses are few for everybody, and a known session is not held up by a stranger at its address", () => {
    const clock = makeFakeClock();
    const people = new KnownPeople(clock);
    const rates = new RequestRates(clock, people, { known: { perSecond: 1, burst: 5 }, strangers: { perSecond: 1, burst: 4 }, proofs: { perSecond: 1, burst: 2 } });
    const asker = (bearer?: string) => ({ credentials: bearer === undefined ? ({ kind: "nobody" } as const) : ({ kind: "session", bearer } as const), address: "192.0.2.1", source: "192.0.2.1", socket: new Connection("192.0.2.1").socket });
    people.learn("ws_known", "192.0.2.1");
    assert.equal([1, 2, 3].map(() => rates.find(asker(), true)?.status), [undefined, undefined, 429]);
    assert.equal([1, 2].map(() => rates.find(asker("ws_forged"), false)?.status), [undefined, 429], "a session that nobody knows is a stranger");
    assert.equal([1, 2, 3, 4, 5, 6].map(() => rates.find(asker("ws_known"), false)?.status), [undefined, undefined, undefined, undefined, undefined, 429]);
  });
  test("who is known is forgotten after a while, a colleague's address after a shift", async () => {
    const clock = makeFakeClock();
    const people = new KnownPeople(clock);
    people.learn("ws_a", "192.0.2.1", "csrf");
    assert.is(people.csrfOf("ws_a"), "csrf");
    await clock.advance(45 * 60_000);
    assert.is(people.has("ws_a"), false);
    assert.is(people.hasSource("192.0.2.1"), true);
    await clock.advance(12 * 3_600_000);
    assert.is(people.hasSource("192.0.2.1"), false);
  });
});

suite("lane to core", (test) => {
  const LANE = { most: 2, mostEach: 1, mostWaiting: 3, mostWaitingEach: 2 };
  const never = new AbortController().signal;
  test("runs so many at a time, one for each, in the order they came", async () => {
    const lane = new Lane(LANE);
    const order: string[] = [];
    const gates = new Map<string, () => void>();
    const start = (name: string, who: string): Promise<void> =>
      lane.run(who, never, async () => {
        order.push(name);
        await new Promise<void>((resolve) => gates.set(name, resolve));
      });
    const runs = [start("a1", "a"), start("a2", "a"), start("b1", "b"), start("c1", "c")];
    assert.equal(order, ["a1", "b1"]);
    gates.get("b1")?.();
    await runs[2];
    assert.equal(order, ["a1", "b1", "c1"], "a2 waits for its own, not for others");
    gates.get("a1")?.();
    await runs[0];
    assert.equal(order, ["a1", "b1", "c1", "a2"]);
    for (const open of gates.values()) open();
    await Promise.all(runs);
  });
  test("CR 7.1 what waits is bounded in all and for each; what fails or is given up makes room", async () => {
    const lane = new Lane(LANE);
    const leaving = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const running = lane.run("a", never, () => promise);
    const waiting = [lane.run("a", never, async () => undefined), lane.run("a", leaving.signal, async () => undefined)];
    await assert.rejects(lane.run("a", never, async () => undefined), "PEER_OVERLOADED");
    leaving.abort();
    await assert.rejects(waiting[1] ?? Promise.resolve(), "CANCELLED");
    const again = lane.run("a", never, () => Promise.reject(new Error("it failed")));
    const failed = assert.rejects(again, /it failed/);
    resolve();
    await Promise.all([running, waiting[0], failed]);
    await lane.run("a", never, async () => undefined);
  });
  test("slots are counted for each and given back once", () => {
    const slots = new Slots(3, 2);
    const [one, two] = [slots.take("a"), slots.take("a")];
    assert.is(slots.take("a"), undefined);
    const three = slots.take("b");
    assert.is(slots.take("c"), undefined);
    one?.();
    one?.();
    assert.is.not(slots.take("c"), undefined);
    assert.is(slots.take("d"), undefined);
    two?.();
    three?.();
  });
});
