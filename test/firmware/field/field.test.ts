// Shows the zone field between real machines on the wire and a core that delays, refuses, dies and comes back.

import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import { isEvent } from "../../../drivers/contract/reading.ts";
import { startMachine, type FakeMachine } from "../../drivers/miko/fake-machine.ts";
import { until } from "../../drivers/miko/until.ts";
import { processorWaitMs } from "../../support/processor-wait.ts";
import { assert, suite } from "../../support/suite.ts";
import { assignMiko, runField, startCore } from "./fake-core.ts";

const assetOf = (serial: string): string => `urn:weir:Test%20Works:Cutter%207:${serial}`;

suite("field", (test) => {
  test("REL-1 acknowledges nothing to the machine before core has committed it", async ({ signal, defer }) => {
    const machine = await startMachine(defer);
    const core = await startCore(defer);
    runField(core, defer, signal);
    core.assign([assignMiko("one", machine.url)]);
    await machine.broker.subscribed(signal);
    await until(() => core.cursors[assetOf("4711")] !== undefined, signal);
    const gate = Promise.withResolvers<void>();
    let isHeld = false;
    core.beforeReadings = () => {
      isHeld = true;
      return gate.promise;
    };
    for (let value = 0; value < 100; value += 1) machine.broker.publish("miko/v1/4711/points/n", JSON.stringify({ value }));
    await until(() => isHeld, signal);
    await systemClock.sleep(100, signal);
    assert.equal(machine.broker.acknowledged, []);
    gate.resolve();
    await until(() => machine.broker.acknowledged.length === 100, signal);
    assert.equal(core.of(assetOf("4711")).map(({ value }) => value), Array.from({ length: 100 }, (_, value) => value));
    assert.ok(core.batches.length <= 6, `100 readings came in ${core.batches.length} requests`);
  });

  test("leaves unacknowledged what core never answered, and the next process receives it again", async ({ signal, defer }) => {
    const machine = await startMachine(defer);
    const core = await startCore(defer);
    const stop = runField(core, defer, signal);
    core.assign([assignMiko("one", machine.url)]);
    await machine.broker.subscribed(signal);
    await until(() => core.cursors[assetOf("4711")] !== undefined, signal);
    core.beforeReadings = () => new Promise(() => undefined);
    machine.broker.publish("miko/v1/4711/points/n", '{"value":1}');
    await systemClock.sleep(50, signal);
    await stop();
    await core.stop();
    assert.equal(machine.broker.acknowledged, []);
    core.beforeReadings = async () => undefined;
    await core.start();
    runField(core, defer, signal);
    await until(() => machine.broker.acknowledged.length === 1, signal);
    assert.is(core.of(assetOf("4711"))[0]?.value, 1);
    assert.is(machine.broker.connects[0]?.clientId, machine.broker.connects.at(-1)?.clientId);
  });

  test("waits through a restart of core without losing its machine", async ({ signal, defer }) => {
    const machine = await startMachine(defer);
    const core = await startCore(defer);
    runField(core, defer, signal);
    core.assign([assignMiko("one", machine.url)]);
    await machine.broker.subscribed(signal);
    await until(() => core.cursors[assetOf("4711")] !== undefined, signal);
    await core.stop();
    machine.broker.publish("miko/v1/4711/points/n", '{"value":7}');
    await core.start();
    await until(() => machine.broker.acknowledged.length === 1, signal);
    assert.is(machine.broker.connects.length, 1);
  });

  test("tells of a loss after all that was received is committed, and reads within 5 s of the machine's return", async ({ signal, defer }) => {
    const machine = await startMachine(defer);
    machine.points.set("a", { value: 1 }).set("b", { value: 2 });
    const core = await startCore(defer);
    runField(core, defer, signal);
    core.assign([assignMiko("one", machine.url)]);
    await until(() => core.links.at(-1)?.state === "connected" && core.of(assetOf("4711")).length === 2, signal);
    const gate = Promise.withResolvers<void>();
    let isHeld = false;
    core.beforeReadings = () => {
      isHeld = true;
      return gate.promise;
    };
    machine.broker.publish("miko/v1/4711/points/a", '{"value":3}');
    await until(() => isHeld, signal);
    await machine.lose();
    await systemClock.sleep(500, signal);
    assert.is(core.links.at(-1)?.state, "connected", "what was received is not committed yet");
    gate.resolve();
    await until(() => core.links.at(-1)?.state === "lost", signal);
    assert.match(core.links.at(-1)?.fault?.message ?? "", /closed the connection|connection broke/);
    assert.is(core.of(assetOf("4711")).length, 3);
    await systemClock.sleep(6000, signal);
    assert.is(core.of(assetOf("4711")).length, 3);
    // Others' load on the processor is not the zone's time.
    const soFarMs = (): number => systemClock.uptimeMs() - processorWaitMs(process.pid);
    const backMs = soFarMs();
    await machine.comeBack();
    await until(() => core.of(assetOf("4711")).length >= 5, signal);
    const tookMs = soFarMs() - backMs;
    console.log(`good again after ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < 5000, `took ${tookMs} ms`);
    await until(() => core.links.at(-1)?.state === "connected", signal);
  }, { limitMs: 60_000 });

  test("reads a lost machine again only when core has answered the report of its loss", async ({ signal, defer }) => {
    const machine = await startMachine(defer);
    machine.points.set("a", { value: 1 });
    const core = await startCore(defer);
    const gate = Promise.withResolvers<void>();
    core.beforeLink = ({ state }) => (state === "lost" ? gate.promise : Promise.resolve());
    runField(core, defer, signal);
    core.assign([assignMiko("one", machine.url)]);
    await until(() => core.of(assetOf("4711")).length === 1, signal);
    await machine.lose();
    await machine.comeBack();
    await systemClock.sleep(1000, signal);
    assert.is(core.of(assetOf("4711")).length, 1);
    gate.resolve();
    await until(() => core.of(assetOf("4711")).length === 2, signal);
  }, { limitMs: 60_000 });

  test("tells a core that begins anew how its links stand", async ({ signal, defer }) => {
    const [on, off] = [await startMachine(defer, { serial: "on" }), await startMachine(defer, { serial: "off" })];
    const core = await startCore(defer);
    runField(core, defer, signal);
    core.assign([assignMiko("on", on.url), assignMiko("off", off.url), { ...assignMiko("odd", on.url), driver: "nonesuch" }]);
    const newest = (): unknown[] => ["on", "off", "odd"].map((name) => core.links.findLast(({ assignment }) => assignment === name)?.state);
    await Promise.all([on.broker.subscribed(signal), off.broker.subscribed(signal)]);
    await off.lose();
    await until(() => newest().join() === "connected,lost,stopped", signal);
    await core.stop();
    core.links.length = 0;
    core.beginAnew();
    await core.start();
    await until(() => newest().join() === "connected,lost,stopped", signal);
  }, { limitMs: 60_000 });

  test("a machine that names a wrong broker, lies or hangs stops no other", async ({ signal, defer }) => {
    const good = await startMachine(defer, { serial: "good" });
    const hanging = await startMachine(defer, { serial: "hang" });
    const lying = await startMachine(defer, { serial: "lie" });
    const core = await startCore(defer);
    runField(core, defer, signal);
    hanging.answers.set("/points", () => undefined);
    lying.answers.set("/identification", (_, response) => void response.end("[[[["));
    core.assign([assignMiko("hang", hanging.url, { answerTimeout: "2s" }), assignMiko("lie", lying.url), assignMiko("good", good.url)]);
    await good.broker.subscribed(signal);
    for (let value = 0; value < 20; value += 1) good.broker.publish("miko/v1/good/points/n", JSON.stringify({ value }));
    await until(() => good.broker.acknowledged.length === 20, signal);
    await until(() => ["hang", "lie"].every((name) => core.links.some(({ assignment, state }) => assignment === name && state === "lost")), signal);
    const faultOf = (name: string) => core.links.find(({ assignment, fault }) => assignment === name && fault !== undefined)?.fault;
    assert.is(faultOf("hang")?.code, "PEER_TIMEOUT");
    assert.match(faultOf("hang")?.where ?? "", new RegExp(`${hanging.url}points`));
    assert.is(faultOf("lie")?.code, "PEER_PROTOCOL");
    assert.match(faultOf("lie")?.where ?? "", new RegExp(`${lying.url}identification`));
  });

  test("a changed assignment starts only its own machine anew, a removed one ends", async ({ signal, defer }) => {
    const one = await startMachine(defer, { serial: "1" });
    const two = await startMachine(defer, { serial: "2" });
    const core = await startCore(defer);
    runField(core, defer, signal);
    core.assign([assignMiko("one", one.url), assignMiko("two", two.url)]);
    await Promise.all([one.broker.subscribed(signal), two.broker.subscribed(signal)]);
    core.assign([{ ...assignMiko("one", one.url), cursors: { x: "moved" } }, assignMiko("two", two.url, { keepAlive: "5s" })]);
    await until(() => two.broker.connects.length === 2, signal);
    assert.is(one.broker.connects.length, 1);
    core.assign([assignMiko("one", one.url)]);
    await until(() => countOpen(two) === 0, signal);
    assert.is(countOpen(one), 1);
  });

  test("a configuration at fault stops only its own assignment and says why", async ({ signal, defer }) => {
    const machine = await startMachine(defer);
    const core = await startCore(defer);
    runField(core, defer, signal);
    const secretless = { ...assignMiko("tls", machine.url.replace("http:", "https:"), { tls: { ca: { secret: "plant-ca" } } }) };
    core.assign([secretless, { ...assignMiko("odd", machine.url), driver: "nonesuch" }, assignMiko("one", machine.url)]);
    await machine.broker.subscribed(signal);
    await until(() => core.links.filter(({ state }) => state === "stopped").length === 2, signal);
    const stopped = core.links.filter(({ state }) => state === "stopped").map(({ assignment, fault }) => [assignment, fault?.code]);
    assert.equal(stopped.toSorted((a, b) => String(a).localeCompare(String(b))), [["odd", "NOT_SUPPORTED"], ["tls", "SECRET_MISSING"]]);
  });

  test("reads a machine only once core has accepted it", async ({ signal, defer }) => {
    const machine = await startMachine(defer);
    const core = await startCore(defer);
    core.accepts = false;
    runField(core, defer, signal);
    core.assign([assignMiko("one", machine.url)]);
    await until(() => core.identified.length === 1, signal);
    await systemClock.sleep(200, signal);
    assert.is(machine.broker.connects.length, 0);
    core.accepts = true;
    await machine.broker.subscribed(signal);
  }, { limitMs: 60_000 });

  test("a reading that core refuses for its form is set apart and blocks nothing", async ({ signal, defer }) => {
    const machine = await startMachine(defer);
    const core = await startCore(defer);
    core.beforeReadings = async (readings) => {
      if (readings.some((reading) => !isEvent(reading) && reading.value === 13)) throw new Fault("INPUT_INVALID", "unlucky");
    };
    runField(core, defer, signal);
    core.assign([assignMiko("one", machine.url)]);
    await machine.broker.subscribed(signal);
    for (let value = 0; value < 40; value += 1) machine.broker.publish("miko/v1/4711/points/n", JSON.stringify({ value }));
    await until(() => machine.broker.acknowledged.length === 40, signal);
    assert.equal(core.of(assetOf("4711")).map(({ value }) => value), Array.from({ length: 40 }, (_, value) => value).filter((value) => value !== 13));
    assert.match(core.quarantined[0]?.reason ?? "", /unlucky/);
  });

  test("keeps on while core says that its storage is full", async ({ signal, defer }) => {
    const machine = await startMachine(defer);
    const core = await startCore(defer);
    let refusals = 3;
    core.beforeReadings = async () => {
      if (refusals-- > 0) throw new Fault("STORAGE_FULL", "full");
    };
    runField(core, defer, signal);
    core.assign([assignMiko("one", machine.url)]);
    await machine.broker.subscribed(signal);
    machine.broker.publish("miko/v1/4711/points/n", '{"value":1}');
    await until(() => machine.broker.acknowledged.length === 1, signal);
    assert.is(machine.broker.connects.length, 1);
  });
});

function countOpen(machine: FakeMachine): number {
  return machine.broker.open;
}
