// Shows how the driver follows a machine that publishes: order of start, acknowledgement, events, loss and return.

import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { completeMikoConfig } from "../../../drivers/miko/config.ts";
import { miko } from "../../../drivers/miko/driver.ts";
import { isEvent } from "../../../drivers/contract/reading.ts";
import { assert, suite, type TestContext } from "../../support/suite.ts";
import { makeContext, makeSink } from "./fake-context.ts";
import { startMachine, type FakeMachine } from "./fake-machine.ts";
import { until } from "./until.ts";

const ASSET = "urn:weir:Test%20Works:Cutter%207:4711";
const at = (second: number): string => new Date(Date.UTC(2026, 2, 1, 12, 0, second)).toISOString();

async function open(machine: FakeMachine, { signal, defer }: TestContext, context = makeContext(), written: object = {}) {
  const config = completeMikoConfig({ url: machine.url, ...written }, "test");
  const session = await miko.open(config, context, signal);
  defer(() => session.close());
  const stop = new AbortController();
  const sink = makeSink(context);
  const ended = session.subscribe?.(sink.accept, AbortSignal.any([signal, stop.signal])) ?? Promise.resolve();
  ended.catch(() => undefined);
  defer(() => stop.abort());
  return { session, context, sink, ended, stop };
}

suite("miko session", (test) => {
  test("gives every point once at the start, then what is published", async (t) => {
    const machine = await startMachine(t.defer);
    machine.points.set("speed", { value: 1, time: at(1), unit: "m/s" }).set("axis 1/temp", { value: 40.5, time: at(1) });
    const { sink, session } = await open(machine, t);
    assert.equal(await machine.broker.subscribed(t.signal), ["miko/v1/4711/points/+", "miko/v1/4711/events", "miko/v1/4711/status"]);
    await until(() => sink.readings.length === 2, t.signal);
    machine.broker.publish("miko/v1/4711/points/axis%201%2Ftemp", JSON.stringify({ value: 41, quality: "uncertain", time: at(2) }));
    const reading = await sink.find((found) => "point" in found && found.value === 41, t.signal);
    const { gatewayTime, ...rest } = reading as { gatewayTime: string };
    assert.ok(Math.abs(Date.parse(gatewayTime) - systemClock.now()) < 5000);
    assert.equal(rest, { asset: ASSET, point: "axis 1/temp", value: 41, quality: "uncertain", reason: "the machine says so", sourceTime: at(2), timeQuality: "free" });
    assert.equal((await session.browse(ASSET, t.signal)).map(({ id, unit }) => [id, unit]), [["speed", "m/s"], ["axis 1/temp", undefined]]);
  });

  test("acknowledges only after accept resolved, in the order of arrival, with many in flight", async (t) => {
    const machine = await startMachine(t.defer);
    const { sink } = await open(machine, t);
    await machine.broker.subscribed(t.signal);
    await until(() => machine.asked.includes("/events"), t.signal);
    const release = sink.hold();
    const ids = Array.from({ length: 50 }, (_, index) => machine.broker.publish("miko/v1/4711/points/n", JSON.stringify({ value: index })));
    await until(() => sink.of("n").length === 50, t.signal);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    assert.equal(machine.broker.acknowledged, []);
    release();
    await until(() => machine.broker.acknowledged.length === 50, t.signal);
    assert.equal(machine.broker.acknowledged, ids);
  });

  test("what was not acknowledged comes again under the same client id, and older values are marked as history", async (t) => {
    const machine = await startMachine(t.defer);
    machine.points.set("n", { value: 0, time: at(0) });
    const context = makeContext();
    const first = await open(machine, t, context);
    await first.sink.find((found) => "point" in found, t.signal);
    first.sink.hold();
    machine.broker.publish("miko/v1/4711/points/n", JSON.stringify({ value: 1, time: at(1) }));
    await until(() => first.sink.of("n").length === 2, t.signal);
    await first.session.close();
    assert.is(machine.broker.acknowledged.length, 0);
    machine.points.set("n", { value: 9, time: at(9) });
    const second = await open(machine, t, context);
    await until(() => machine.broker.acknowledged.length === 1, t.signal);
    await second.sink.find((found) => "point" in found && found.value === 9, t.signal);
    const again = second.sink.of("n").find(({ value }) => value === 1);
    assert.ok(again !== undefined);
    const [one, two] = machine.broker.connects;
    assert.is(one?.clientId, two?.clientId);
    assert.is(one?.clean, false);
    machine.broker.publish("miko/v1/4711/points/n", JSON.stringify({ value: 3, time: at(3) }));
    machine.broker.publish("miko/v1/4711/points/n", JSON.stringify({ value: 10, time: at(10) }));
    machine.broker.publish("miko/v1/4711/points/n", JSON.stringify({ value: 4, time: at(4) }));
    await second.sink.find((found) => "point" in found && found.value === 4, t.signal);
    const marked = second.sink.of("n").map(({ value, historical }) => [value, historical === true]);
    assert.equal(marked.slice(-3), [[3, true], [10, false], [4, false]], "after a value newer than what was read, a clock set back is no history");
  });

  test("reads events page by page after the cursor and gives none twice", async (t) => {
    const machine = await startMachine(t.defer, { pageSize: 3 });
    for (let number = 1; number <= 7; number += 1) machine.events.push({ id: `e${number}`, type: "stop", severity: 700, time: at(number) });
    const context = makeContext();
    const first = await open(machine, t, context);
    await until(() => machine.asked.includes("/events?after=e7"), t.signal);
    assert.equal(machine.asked.filter((path) => path.startsWith("/events")), ["/events", "/events?after=e3", "/events?after=e6", "/events?after=e7"]);
    assert.equal(first.sink.readings.filter(isEvent).map(({ event }) => event.id), ["e1", "e2", "e3", "e4", "e5", "e6", "e7"]);
    await first.session.close();
    machine.events.push({ id: "e8", type: "stop" });
    const second = await open(machine, t, context, { eventsInterval: "1s" });
    await until(() => (context.cursors.get(ASSET) ?? "").endsWith(" e8"), t.signal);
    machine.broker.publish("miko/v1/4711/events", JSON.stringify({ id: "e9", type: "go", severity: 1, active: true }));
    machine.events.push({ id: "e9", type: "go" });
    await until(() => (context.cursors.get(ASSET) ?? "").endsWith(" e9"), t.signal);
    assert.equal(second.sink.readings.filter(isEvent).map(({ event }) => event.id), ["e8", "e9"]);
  });

  test("starts from the oldest event when the machine no longer knows the cursor", async (t) => {
    const machine = await startMachine(t.defer);
    machine.events.push({ id: "new1", type: "x" });
    const context = makeContext();
    context.cursors.set(ASSET, "weir-0123456789abcdef gone");
    const { sink } = await open(machine, t, context);
    await sink.find((found) => isEvent(found) && found.event.id === "new1", t.signal);
    assert.is(machine.broker.connects[0]?.clientId, "weir-0123456789abcdef");
    assert.match(String(context.faults[0]), /no longer knows the event/);
  });

  test("quarantines what cannot be mapped, acknowledges it and goes on", async (t) => {
    const machine = await startMachine(t.defer);
    const { sink, context } = await open(machine, t);
    await machine.broker.subscribed(t.signal);
    const bad = ["not json", "{}", '{"value":{"a":1}}', "[]", '{"value":[[1]]}'].map((payload) => machine.broker.publish("miko/v1/4711/points/a", payload));
    bad.push(machine.broker.publish("miko/v1/4711/points/%E0%A4", '{"value":1}'), machine.broker.publish("elsewhere", '{"value":1}'));
    bad.push(machine.broker.publish("miko/v1/4711/points/a", Buffer.alloc(3_000_000, 0x20)));
    bad.push(machine.broker.publish("miko/v1/4711/points/a", '{"value":1}'));
    await sink.find((found) => "point" in found && found.value === 1, t.signal);
    await until(() => machine.broker.acknowledged.length === bad.length, t.signal);
    assert.equal(machine.broker.acknowledged, bad);
    assert.is(context.quarantined.length, 8);
    assert.match(context.quarantined[7]?.reason ?? "", /longer than 1 MiB/);
    assert.is(context.quarantined[7]?.payload.length, 65_536);
  });

  test("turns all points bad when the machine says it is offline, and reads them anew when it is back", async (t) => {
    const machine = await startMachine(t.defer);
    machine.points.set("n", { value: 5 });
    const { sink } = await open(machine, t);
    await sink.find((found) => "point" in found && found.value === 5, t.signal);
    machine.broker.publish("miko/v1/4711/status", '{"state":"offline"}', { retain: true });
    await sink.find((found) => "point" in found && found.quality === "bad", t.signal);
    machine.points.set("n", { value: 6 });
    machine.broker.publish("miko/v1/4711/status", '{"state":"running"}', { retain: true });
    await sink.find((found) => "point" in found && found.value === 6, t.signal);
    assert.is(sink.of("n")[1]?.reason, "the machine's status is offline");
  });

  test("notices within keep-alive that a broker is silent, and names it", async (t) => {
    const machine = await startMachine(t.defer);
    const { ended } = await open(machine, t, makeContext(), { keepAlive: "1s" });
    await machine.broker.subscribed(t.signal);
    machine.broker.answersPings = false;
    const startMs = systemClock.uptimeMs();
    const fault = await assert.rejects(ended, "PEER_TIMEOUT");
    const tookMs = systemClock.uptimeMs() - startMs;
    assert.ok(tookMs < 10_000, `took ${tookMs} ms`);
    assert.match(String(fault), /mqtt broker 127\.0\.0\.1:\d+/);
    assert.ok(machine.broker.pings.length > 0);
  });

  test("a lost machine ends the subscription with a fault that names it", async (t) => {
    const machine = await startMachine(t.defer);
    const { ended } = await open(machine, t);
    await machine.broker.subscribed(t.signal);
    await machine.lose();
    assert.match(String(await assert.rejects(ended, "PEER_CLOSED")), /127\.0\.0\.1/);
  });

  test("polls a machine that does not publish, and gives on only what has changed", async (t) => {
    const machine = await startMachine(t.defer);
    machine.publish = undefined;
    machine.points.set("a", { value: 1 }).set("b", { value: 1 });
    const { sink } = await open(machine, t, makeContext(), { pollInterval: "100ms" });
    await until(() => machine.asked.filter((path) => path === "/points").length >= 5, t.signal);
    machine.points.set("b", { value: 2 });
    await sink.find((found) => "point" in found && found.value === 2, t.signal);
    assert.equal(sink.readings.map((found) => ("point" in found ? [found.point, found.value] : [])), [["a", 1], ["b", 1], ["b", 2]]);
  });

  test("polls instead of connecting to a broker outside the segment, and reports it", async (t) => {
    const machine = await startMachine(t.defer);
    machine.points.set("a", { value: 1 });
    machine.publish = { url: "mqtt://127.0.0.2:1883", root: "x" };
    const { sink, context } = await open(machine, t);
    await sink.find((found) => "point" in found, t.signal);
    assert.equal(context.faults.map(({ code }) => code), ["ADDRESS_REFUSED"]);
    assert.match(String(context.faults[0]), /mqtt:\/\/127\.0\.0\.2:1883/);
    assert.is(machine.broker.connects.length, 0);
  });

  test("a clock that jumps a year on either side breaks nothing", async (t) => {
    const year = 31_536_000_000;
    let offset = 0;
    const machine = await startMachine(t.defer);
    machine.points.set("n", { value: 0 });
    const context = { ...makeContext(), clock: { ...systemClock, now: () => systemClock.now() + offset } };
    const { sink, ended } = await open(machine, t, context, { keepAlive: "3s", eventsInterval: "1s" });
    await machine.broker.subscribed(t.signal);
    let value = 0;
    for (const gateway of [year, -year, 0]) {
      for (const source of [year, -year, 0]) {
        offset = gateway;
        value += 1;
        machine.broker.publish("miko/v1/4711/points/n", JSON.stringify({ value, time: new Date(systemClock.now() + source).toISOString() }));
        const seen = value;
        const reading = await sink.find((found) => "point" in found && found.value === seen, t.signal);
        assert.ok("gatewayTime" in reading && Math.abs(Date.parse(reading.gatewayTime) - systemClock.now() - gateway) < 5000);
        assert.ok(!("historical" in reading));
      }
      // Each of these times lives through a ping.
      const pings = machine.broker.pings.length;
      await until(() => machine.broker.pings.length > pings, t.signal);
    }
    await until(() => machine.broker.acknowledged.length === 9, t.signal);
    assert.is(machine.broker.connects.length, 1);
    assert.is(await Promise.race([ended.then(() => "ended"), systemClock.sleep(10, t.signal).then(() => "goes on")]), "goes on");
  });

  test("keeps every digit of 64-bit integers and decimals", async (t) => {
    const machine = await startMachine(t.defer);
    machine.points.set("count", { value: 0, dataType: "int64" }).set("price", { value: 0, dataType: "decimal" });
    machine.answers.set("/points", (_, response) => void response.end('{"points":[{"id":"count","dataType":"int64","value":9007199254740993},{"id":"price","dataType":"decimal","value":0.10}]}'));
    const { sink } = await open(machine, t);
    await sink.find((found) => "point" in found && found.point === "price", t.signal);
    assert.equal(sink.readings.map((found) => ("point" in found ? found.value : undefined)), ["9007199254740993", "0.10"]);
    machine.broker.publish("miko/v1/4711/points/count", '{"value":18014398509481985}');
    await sink.find((found) => "point" in found && found.value === "18014398509481985", t.signal);
  });
});
