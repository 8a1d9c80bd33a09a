// Shows how the driver receives a machine that publishes to the gateway itself: the endpoint stands here as what the contract says of it.

import type { DriverContext, DriverIngest, Published, PublishedHandlers } from "../../../drivers/contract/driver.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import { completeMikoConfig } from "../../../drivers/miko/config.ts";
import { miko } from "../../../drivers/miko/driver.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { assert, suite, type TestContext } from "../../support/suite.ts";
import { makeContext, makeSink, type FakeContext } from "./fake-context.ts";
import { startMachine, type FakeMachine } from "./fake-machine.ts";
import { until } from "./until.ts";

const URL_HERE = "mqtts://127.0.0.1:8883";
const ASSET = "urn:weir:Test%20Works:Cutter%207:4711";

interface Endpoint extends DriverIngest {
  readonly receiving: { readonly asset: string; readonly root: string; readonly handlers: PublishedHandlers; readonly lose: (fault: Fault) => void; readonly signal: AbortSignal }[];
}

function makeEndpoint(isEnrolled = true): Endpoint {
  const receiving: Endpoint["receiving"] = [];
  return {
    isEnrolled,
    receiving,
    isHere: ({ href }) => href === URL_HERE,
    receive: (asset, root, handlers, signal) =>
      new Promise((resolve, lose) => {
        receiving.push({ asset, root, handlers, lose, signal });
        signal.addEventListener("abort", () => resolve(), { once: true });
      }),
  };
}

async function open(machine: FakeMachine, ingest: Endpoint, { signal, defer }: TestContext, more: Partial<DriverContext> = {}) {
  const arrivals: string[] = [];
  const context: FakeContext = { ...makeContext(), ingest, arrivesBy: (via) => void arrivals.push(via), ...more };
  const session = await miko.open(completeMikoConfig({ url: machine.url, pollInterval: "100ms", eventsInterval: "1s" }, "test"), context, signal);
  defer(() => session.close());
  const sink = makeSink(context);
  const stop = new AbortController();
  const ended = session.subscribe?.(sink.accept, AbortSignal.any([signal, stop.signal])) ?? Promise.resolve();
  ended.catch(() => undefined);
  defer(() => stop.abort());
  return { context, sink, ended, arrivals, stop };
}

const publishedOf = (point: string, document: object): Published => ({ topic: `miko/v1/4711/points/${point}`, payload: Buffer.from(JSON.stringify(document)), isRetained: false });

suite("miko at the gateway", (test) => {
  test("receives below the root that the machine names, reads everything when it is there, and acknowledges what is durable", async (t) => {
    const machine = await startMachine(t.defer);
    machine.points.set("speed", { value: 1, time: "2026-03-01T12:00:05Z" });
    machine.publish = { url: URL_HERE, root: machine.root };
    const endpoint = makeEndpoint();
    const { sink, arrivals, context } = await open(machine, endpoint, t);
    await until(() => endpoint.receiving.length === 1, t.signal);
    const [link] = endpoint.receiving;
    assert.equal([link?.asset, link?.root, arrivals], [ASSET, "miko/v1/4711", ["gateway"]]);
    assert.equal(sink.readings, [], "nothing is read before the machine is there");
    link?.handlers.ready();
    await until(() => sink.of("speed").length === 1, t.signal);
    const release = sink.hold();
    let isDurable = false;
    const durable = link?.handlers.take([publishedOf("speed", { value: 2, time: "2026-03-01T12:00:01Z" }), publishedOf("speed", { value: 3, time: "2026-03-01T12:00:06Z" })]).then(() => (isDurable = true));
    await until(() => sink.of("speed").length === 3, t.signal);
    assert.equal(sink.of("speed").map(({ value, historical }) => [value, historical]), [[1, undefined], [2, true], [3, undefined]]);
    assert.not.ok(isDurable);
    release();
    await durable;
    await link?.handlers.take([{ topic: "miko/v1/4711/odd", payload: Buffer.from("x"), isRetained: false }]);
    assert.is(context.quarantined.length, 1);
    assert.equal(machine.broker.connects, []);
  });

  test("is lost with the machine's connection, and ends when it is told to", async (t) => {
    const machine = await startMachine(t.defer);
    machine.publish = { url: URL_HERE, root: machine.root };
    const endpoint = makeEndpoint();
    const first = await open(machine, endpoint, t);
    await until(() => endpoint.receiving.length === 1, t.signal);
    endpoint.receiving[0]?.lose(new Fault("PEER_CLOSED", "gone"));
    const fault = await first.ended.then(() => undefined, (error: unknown) => error);
    assert.ok(fault instanceof Fault && fault.code === "PEER_CLOSED");
    const second = await open(machine, endpoint, t);
    await until(() => endpoint.receiving.length === 2, t.signal);
    second.stop.abort();
    await second.ended;
    assert.ok(endpoint.receiving[1]?.signal.aborted);
  });

  test("polls a machine that was not enrolled, and says how to enrol it", async (t) => {
    const machine = await startMachine(t.defer);
    machine.points.set("speed", { value: 1 });
    machine.publish = { url: URL_HERE, root: machine.root };
    const endpoint = makeEndpoint(false);
    const { sink, arrivals, context } = await open(machine, endpoint, t);
    await until(() => sink.of("speed").length === 1, t.signal);
    assert.equal([arrivals, endpoint.receiving.length], [["polled"], 0]);
    assert.match(String(context.faults[0]), /weir assets enrol/);
  });

  test("notices within a minute that a machine that was polled publishes by now", async (t) => {
    const machine = await startMachine(t.defer);
    machine.points.set("speed", { value: 1 });
    machine.publish = undefined;
    const endpoint = makeEndpoint();
    // A minute of its clock is a second.
    const { ended, sink } = await open(machine, endpoint, t, { clock: { ...systemClock, uptimeMs: () => systemClock.uptimeMs() * 60 } });
    await until(() => sink.of("speed").length === 1, t.signal);
    machine.publish = { url: URL_HERE, root: machine.root };
    const fault = await ended.then(() => undefined, (error: unknown) => error);
    assert.ok(fault instanceof Fault && fault.message.includes("publishes by now"), String(fault));
  });
});
