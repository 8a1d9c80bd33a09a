// Shows the whole way of a message: a machine's client, the ingest endpoint of the zone field, the driver's session of the machine, core.

import { findFreePort } from "../../../support/free-port.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { until } from "../../../drivers/miko/until.ts";
import { runField, startCore, type FakeCore } from "../fake-core.ts";
import { enrol, loopback, type Enrolled } from "./enrolled.ts";
import { publishOf } from "./raw-client.ts";

interface Running extends Enrolled {
  readonly core: FakeCore;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** One machine that was enrolled and publishes over plain TCP. */
async function start(defer: Defer, signal: AbortSignal): Promise<Running> {
  const core = await startCore(defer);
  const port = await findFreePort();
  const enrolled = await enrol(defer, { url: `mqtt://127.0.0.1:${port}` });
  core.segments = [loopback({ ingestPlain: port })];
  const stop = runField(core, defer, signal);
  core.assign([enrolled.assignment]);
  await until(() => isOpen(core, port), signal);
  return { ...enrolled, core, port, stop };
}

function isOpen({ standings }: FakeCore, port: number): boolean {
  return standings.at(-1)?.listeners.some((listener) => listener.port === port && listener.fault === undefined) === true;
}

const valuesOf = ({ core, asset }: Pick<Running, "core" | "asset">): unknown[] => core.of(asset).map(({ value }) => value);
const sample = (value: number): string => JSON.stringify({ value, time: "2026-01-02T00:00:00Z" });

suite("ingest, wired into the zone", (test) => {
  for (const version of ["mqttv311", "mqttv5"]) {
    test(`what mosquitto_pub publishes by ${version} is a reading at core before it is acknowledged`, async ({ signal, defer }) => {
      const running = await start(defer, signal);
      assert.is(await running.publishAgain(running.port, "points/n", sample(7), "-V", version), 0);
      assert.ok(valuesOf(running).includes(7));
      assert.ok(running.core.links.some(({ via }) => via === "gateway"));
    });
  }

  test("reads every point and the events when the machine connects, and marks as history what is older", async ({ signal, defer }) => {
    const running = await start(defer, signal);
    const { machine, core, asset } = running;
    machine.points.set("n", { value: 3, time: "2026-01-02T00:00:03Z" });
    machine.events.push({ id: "e1", type: "job-done", severity: 100, message: "done", time: "2026-01-02T00:00:00Z" });
    const client = await running.connect(running.port, signal);
    await until(() => valuesOf(running).includes(3) && core.cursors[asset] !== undefined, signal);
    client.send(publishOf("4711", 1, sample(2), { topic: "miko/v1/4711/points/n" }));
    await until(() => valuesOf(running).includes(2), signal);
    assert.is(core.of(asset).find(({ value }) => value === 2)?.historical, true);
  });

  test("acknowledges and sets apart what cannot be mapped, and what MQTT 3.1.1 publishes beside the root", async ({ signal, defer }) => {
    const running = await start(defer, signal);
    const { core, port } = running;
    assert.is(await running.publishAgain(port, "points/n", "no JSON"), 0);
    assert.is(await running.publishAgain(port, "points/n", sample(1), "-t", "miko/v1/4712/points/n"), 0);
    assert.equal(core.quarantined.map(({ reason }) => reason.split(":")[0]), ["miko/v1/4711/points/n", "miko/v1/4712/points/n"]);
    await running.publishAgain(port, "points/n", sample(1), "-V", "mqttv5", "-t", "miko/v1/4712/points/n");
    await until(() => core.peers.some(({ code, where }) => code === "ACCESS_DENIED" && where?.includes("127.0.0.1") === true), signal);
    assert.is(core.quarantined.length, 2, "MQTT 5 has a word for it");
    assert.not.ok(valuesOf(running).includes(1));
  });

  test("refuses a wrong password, an unknown user and a machine that was not enrolled in the same words, and tells core", async ({ signal, defer }) => {
    const running = await start(defer, signal);
    const { core, port } = running;
    const other = await enrol(defer, { url: `mqtt://127.0.0.1:${port}`, serial: "4712" });
    core.assign([running.assignment, { ...other.assignment, ingest: undefined } as never]);
    await until(() => core.links.some(({ assignment, fault }) => assignment === "4712" && fault?.remedy?.includes("weir assets enrol") === true), signal);
    await until(() => core.links.some(({ assignment, via }) => assignment === "4712" && via === "polled"), signal);
    const said: string[] = [];
    for (const args of [["-P", "wrong"], ["-u", "nobody"], ["-u", "4712", "-P", "secret of 4712"]]) {
      const child = running.publish(port, "points/n", sample(1), ...args);
      assert.is((await child.exited).code, 4);
      said.push(child.output());
    }
    assert.is(new Set(said).size, 1, said.join());
    await until(() => core.peers.some(({ code, where }) => code === "CREDENTIALS_REFUSED" && where?.includes("127.0.0.1") === true), signal);
    assert.not.ok(valuesOf(running).includes(1));
  });

  test("ends a machine's connections when it is suspended or gets another password, and does not let it in again", async ({ signal, defer }) => {
    const running = await start(defer, signal);
    const { core, port, assignment } = running;
    const first = await running.connect(port, signal);
    core.assign([{ ...assignment, ingest: { passwordSha256: "0".repeat(64), certificates: [] } }]);
    await first.closed;
    assert.is((await running.publish(port, "points/n", sample(1)).exited).code, 4);
    core.assign([assignment]);
    await until(() => core.links.some(({ state }) => state === "lost"), signal);
    const second = await running.connect(port, signal);
    core.assign([]);
    await second.closed;
    assert.is((await running.publish(port, "points/n", sample(1)).exited).code, 4);
    assert.not.ok(valuesOf(running).includes(1));
  });

  test("knows a machine as lost when the last of its connections is gone, and reads it again when it comes back", async ({ signal, defer }) => {
    const running = await start(defer, signal);
    const { core, port } = running;
    const one = await running.connect(port, signal, "one");
    const other = await running.connect(port, signal, "other");
    await until(() => core.links.at(-1)?.state === "connected", signal);
    one.socket.destroy();
    other.send(publishOf("4711", 1, sample(5), { topic: "miko/v1/4711/points/n" }));
    await until(() => valuesOf(running).includes(5), signal);
    assert.is(core.links.at(-1)?.state, "connected");
    other.socket.destroy();
    await until(() => core.links.some(({ state, fault }) => state === "lost" && fault?.code === "PEER_CLOSED"), signal);
    const back = await running.connect(port, signal, "one");
    back.send(publishOf("4711", 1, sample(6), { topic: "miko/v1/4711/points/n" }));
    await until(() => valuesOf(running).includes(6), signal);
    await until(() => core.links.at(-1)?.state === "connected", signal);
  });

  test("tells a machine that is not being read to come again, which is no fault of the machine", async ({ signal, defer }) => {
    const running = await start(defer, signal);
    const { core, port, machine } = running;
    await machine.lose();
    core.beginAnew();
    core.assign([{ ...running.assignment, config: { ...(running.assignment.config as object), eventsInterval: 2000 } }]);
    await until(() => core.links.at(-1)?.state === "lost", signal);
    const publisher = running.publish(port, "points/n", sample(1));
    assert.is((await publisher.exited).code, 3, publisher.output());
    assert.equal(core.peers, []);
  });

  test("a client id that is taken over by a new connection is no loss", async ({ signal, defer }) => {
    const running = await start(defer, signal);
    const { core, port } = running;
    const first = await running.connect(port, signal);
    await until(() => core.links.at(-1)?.state === "connected", signal);
    const second = await running.connect(port, signal);
    await first.closed;
    second.send(publishOf("4711", 1, sample(8), { topic: "miko/v1/4711/points/n" }));
    await until(() => valuesOf(running).includes(8), signal);
    assert.not.ok(core.links.some(({ state }) => state === "lost"));
  });

  test("takes a message for the machine that is connected, also where another machine claims its root or a part of it", async ({ signal, defer }) => {
    const running = await start(defer, signal);
    const { core, port, assignment } = running;
    const nested = await enrol(defer, { url: `mqtt://127.0.0.1:${port}`, serial: "4712", root: "miko/v1/4711/points" });
    const first = await running.connect(port, signal);
    core.assign([assignment, nested.assignment]);
    await until(() => core.identified.some((found) => found.assignment === "4712"), signal);
    first.send(publishOf("4711", 1, sample(9), { topic: "miko/v1/4711/points/n" }));
    await until(() => valuesOf(running).includes(9), signal);
    assert.equal([...new Set(core.readings.filter((reading) => "value" in reading && reading.value === 9).map(({ asset }) => asset.slice(-4)))], ["4711"]);
    assert.not.ok(core.links.some(({ state }) => state === "stopped"));
  });

  test("makes durable and acknowledges at its end what it has received", async ({ signal, defer }) => {
    const running = await start(defer, signal);
    const { core, port } = running;
    const client = await running.connect(port, signal);
    await until(() => core.links.at(-1)?.state === "connected", signal);
    const gate = Promise.withResolvers<void>();
    let isHeld = false;
    core.beforeReadings = () => {
      isHeld = true;
      return gate.promise;
    };
    for (let id = 1; id <= 50; id += 1) client.send(publishOf("4711", id, sample(100 + id), { topic: "miko/v1/4711/points/n" }));
    await until(() => isHeld, signal);
    const ended = running.stop();
    gate.resolve();
    await ended;
    await client.closed;
    const acknowledged = client.received.flatMap((packet) => (packet.cmd === "puback" ? [packet.messageId ?? 0] : []));
    assert.ok(acknowledged.length > 0);
    const taken = new Set(valuesOf(running));
    for (const id of acknowledged) assert.ok(taken.has(100 + id), `${id} was acknowledged and is not at core`);
    assert.is(core.links.filter(({ state }) => state === "lost").length, 0, "its own end is no loss");
  });
}, { needs: ["mosquitto_pub"], limitMs: 60_000 });
