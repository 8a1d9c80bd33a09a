// Shows the uplink on a second broker, RabbitMQ with its MQTT plugin: acknowledged, counted, resumed; and an older one named.

import { assert, suite } from "../../../support/suite.ts";
import { startRabbitmq } from "../../../support/rabbitmq.ts";
import { startSubscriber } from "../collector.ts";
import { makeLink, startCore } from "../core.ts";

suite(
  "uplink on RabbitMQ",
  (test) => {
    test("delivers everything over 3.1.1, names wrong credentials, and either speaks MQTT 5 or is named as not speaking it", async ({ signal, defer }) => {
      const broker = await startRabbitmq(defer, signal);
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const core = await startCore(defer);
      const collector = await startSubscriber(defer, core, url, { username: "guest", password: "guest", protocolVersion: 4 });
      const account = { user: "guest", password: { secret: "p" } };
      core.setLink(makeLink(url, { ...account, mqttVersion: "3.1.1", batch: { maxCount: 50 } }), { p: "guest" });
      const stop = core.start({ silenceMs: 10_000 });
      core.add("backlog", 5000);
      core.add("live", 500);
      await core.until("everything", () => core.accepted.size === 5500 && collector.seen.size === 5500, signal);
      await stop();
      const wrong = await startCore(defer);
      wrong.setLink(makeLink(url, { ...account, mqttVersion: "3.1.1" }), { p: "wrong" });
      wrong.start();
      await wrong.until("refused", () => wrong.states.some(({ fault }) => fault?.code === "CREDENTIALS_REFUSED"), signal);
      const newer = await startCore(defer);
      newer.setLink(makeLink(url, account), { p: "guest" });
      newer.start();
      newer.add("live", 10);
      await newer.until("accepted or named", () => newer.accepted.size === 10 || newer.states.some(({ fault }) => fault?.remedy?.includes('mqttVersion: "3.1.1"') === true), signal);
      const fault = newer.states.find((state) => state.fault !== undefined)?.fault;
      console.log(`    MQTT 5: ${fault === undefined ? "spoken" : `${fault.code}: ${fault.message}. ${fault.remedy ?? ""}`}`);
      assert.is(newer.rejected.size, 0);
    });
  },
  { needs: ["rabbitmq-server", "epmd"], limitMs: 150_000 },
);
