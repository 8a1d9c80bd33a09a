// Shows that the tap tells exactly what a broker confirmed, and changes nothing on the wire.

import { once } from "node:events";
import { connect } from "node:net";
import { connectAsync } from "mqtt";

import { startBroker } from "./broker.ts";
import { startIngressTap } from "./ingress-tap.ts";
import { assert, suite, type Defer } from "./suite.ts";

async function tap(defer: Defer, port: number) {
  const told: string[] = [];
  const { port: near, close } = await startIngressTap(port, (topic, payload) => told.push(`${topic} ${payload.toString()}`));
  defer(close);
  return { told, url: `mqtt://127.0.0.1:${near}`, near };
}

suite("ingress tap", (test) => {
  for (const version of [4, 5] as const) {
    test(`tells what was confirmed, and not what was refused or never answered (MQTT version ${version})`, async ({ defer }) => {
      const broker = await startBroker(defer, { publish: ({ payload }) => (String(payload) === "bad" ? (version === 5 ? { refuse: 0x99 } : "ignore") : String(payload) === "silent" ? "ignore" : "confirm") });
      const { told, url } = await tap(defer, broker.port);
      const client = await connectAsync(url, { protocolVersion: version, reconnectPeriod: 0 });
      defer(() => client.endAsync(true));
      const big = "x".repeat(300_000);
      for (const text of ["bad", "silent"]) client.publish("a/b", text, { qos: 1 }, () => undefined);
      for (const text of ["one", big, "two"]) await client.publishAsync("a/b", text, { qos: 1 });
      assert.equal(told.map((line) => line.length), [7, big.length + 4, 7]);
      assert.is(told[0], "a/b one");
      assert.is(broker.confirmed.length, 3);
    });
  }
  test("closes the gateway's connection where the broker closes, and where it is away", async ({ defer }) => {
    const broker = await startBroker(defer, { connack: () => "close" });
    for (const port of [broker.port, 1]) {
      const socket = connect((await tap(defer, port)).near, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(Buffer.from([0x10, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 1, 97]));
      socket.resume();
      await once(socket, "close");
    }
  });
});
