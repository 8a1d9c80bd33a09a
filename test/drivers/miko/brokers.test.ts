// Shows that real brokers take us: a machine whose own broker is mosquitto or aedes.

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { Aedes } from "aedes";
import { connectAsync } from "mqtt";
import { completeMikoConfig } from "../../../drivers/miko/config.ts";
import { miko } from "../../../drivers/miko/driver.ts";
import { startChild } from "../../support/child.ts";
import { findFreePort } from "../../support/free-port.ts";
import { assert, suite, type TestContext } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { makeContext, makeSink } from "./fake-context.ts";
import { startMachine } from "./fake-machine.ts";
import { until } from "./until.ts";

const COUNT = 500;

/** Two runs of the driver with the machine publishing meanwhile; the first never gets its readings durable. */
async function showKeeping(port: number, { signal, defer }: TestContext): Promise<void> {
  const machine = await startMachine(defer);
  machine.publish = { url: `mqtt://127.0.0.1:${port}`, root: "miko/v1/4711" };
  const context = makeContext();
  const config = completeMikoConfig({ url: machine.url }, "test");
  const first = await miko.open(config, context, signal);
  const lost = makeSink(context);
  void first.subscribe?.(lost.accept, signal);
  await until(() => machine.asked.includes("/events"), signal);
  lost.hold();
  const publisher = await connectAsync(`mqtt://127.0.0.1:${port}`);
  defer(() => publisher.endAsync(true));
  const send = (value: number): Promise<unknown> => publisher.publishAsync("miko/v1/4711/points/n", JSON.stringify({ value }), { qos: 1 });
  await send(0);
  await until(() => lost.of("n").length > 0, signal);
  await first.close();
  for (let value = 1; value < COUNT; value += 1) await send(value);
  const second = await miko.open(config, context, signal);
  defer(() => second.close());
  const sink = makeSink(context);
  void second.subscribe?.(sink.accept, signal);
  await until(() => new Set(sink.of("n").map(({ value }) => value)).size === COUNT, signal);
  assert.equal(sink.of("n").map(({ value }) => value), Array.from({ length: COUNT }, (_, value) => value));
}

suite("miko with real brokers", (test) => {
  test("mosquitto keeps for us what we have not acknowledged", async (t) => {
    const port = await findFreePort();
    const file = join(makeTempDir(t.defer), "mosquitto.conf");
    writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\n`);
    const child = startChild(t.defer, "mosquitto", ["-c", file, "-v"]);
    await child.line(/mosquitto version .* running/, t.signal);
    await showKeeping(port, t);
  }, { needs: ["mosquitto"], limitMs: 90_000 });

  test("aedes keeps for us what we have not acknowledged", async (t) => {
    const broker = await Aedes.createBroker();
    const server = createServer(broker.handle);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.defer(() => new Promise<void>((resolve) => broker.close(() => server.close(() => resolve()))));
    await showKeeping((server.address() as AddressInfo).port, t);
  }, { limitMs: 90_000 });
});
