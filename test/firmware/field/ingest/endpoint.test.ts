// Shows the endpoint with clients that people use: mosquitto_pub, mosquitto_sub and mqtt.js, over TCP and TLS.

import { connectAsync } from "mqtt";
import { startChild } from "../../../support/child.ts";
import { makePki } from "../../../support/pki.ts";
import { assert, suite } from "../../../support/suite.ts";
import { startIngest } from "./running-ingest.ts";

const versions = ["mqttv311", "mqttv5"] as const;

suite("ingest with mosquitto's clients", (test) => {
  for (const version of versions) {
    test(`takes what mosquitto_pub publishes by ${version}`, async ({ signal, defer }) => {
      const running = await startIngest(defer);
      const publisher = startChild(defer, "mosquitto_pub", ["-V", version, "-p", String(running.port), "-h", "127.0.0.1", "-u", "m1", "-P", "secret m1", "-i", "c1", "-q", "1", "-t", "miko/v1/m1/points/force", "-m", "{\"value\":1}"]);
      assert.equal((await publisher.exited).code, 0, publisher.output());
      assert.equal(running.taken.map(({ text, message, source }) => [text, message.topic, source.machine]), [["{\"value\":1}", "miko/v1/m1/points/force", "urn:test:m1"]]);
      await running.until("goodbye", () => running.presence.length === 2, signal);
      assert.equal(running.presence.map(({ isConnected, fault }) => [isConnected, fault]), [[true, undefined], [false, undefined]]);
    });
    test(`takes a thousand lines from mosquitto_pub by ${version}, each once and in order`, async ({ defer }) => {
      const running = await startIngest(defer);
      const publisher = startChild(defer, "mosquitto_pub", ["-V", version, "-p", String(running.port), "-h", "127.0.0.1", "-u", "m1", "-P", "secret m1", "-q", "1", "-t", "miko/v1/m1/points/force", "-l"]);
      const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}`);
      publisher.write(`${lines.join("\n")}\n`, { end: true });
      assert.is((await publisher.exited).code, 0, publisher.output());
      assert.equal(running.taken.map(({ text }) => text), lines);
    }, { limitMs: 30_000 });
    test(`lets mosquitto_sub have the commands of its machine by ${version} and nothing else`, async ({ signal, defer }) => {
      const running = await startIngest(defer);
      const subscriber = startChild(defer, "stdbuf", ["-oL", "mosquitto_sub", "-d", "-V", version, "-p", String(running.port), "-h", "127.0.0.1", "-u", "m1", "-P", "secret m1", "-i", "c1", "-q", "1", "-t", "miko/v1/m1/commands/#", "-F", "got %t %p"]);
      await subscriber.line(/Subscribed \(mid: 1\): 1/, signal);
      await running.ingest.send("urn:test:m1", "miko/v1/m1/commands/start", Buffer.from("go"));
      await subscriber.line(/got miko\/v1\/m1\/commands\/start go/, signal);
      const curious = startChild(defer, "mosquitto_sub", ["-V", version, "-p", String(running.port), "-h", "127.0.0.1", "-u", "m2", "-P", "secret m2", "-q", "1", "-t", "miko/v1/m1/commands/#"]);
      await curious.exited;
      assert.match(curious.output(), /All subscription requests were denied/);
      await assert.rejects(running.ingest.send("urn:test:m2", "miko/v1/m2/commands/start", Buffer.from("go")), "NOT_FOUND");
    });
    test(`takes TLS with password or client certificate from mosquitto_pub by ${version}, and refuses another CA's`, async ({ signal, defer }) => {
      const pki = makePki(defer);
      const strangers = makePki(defer, "Other CA");
      const gateway = pki.issue("gateway");
      const running = await startIngest(defer, { tls: { certificate: gateway.certificate, key: gateway.key, clientCa: pki.ca } });
      const publish = async (args: readonly string[]) => {
        const child = startChild(defer, "mosquitto_pub", ["-V", version, "-p", String(running.port), "-h", "127.0.0.1", "--cafile", pki.caFile, "-q", "1", ...args]);
        return { code: (await child.exited).code, output: child.output() };
      };
      const known = pki.issue("m7");
      const foreign = strangers.issue("m7");
      const byPassword = await publish(["-u", "m1", "-P", "secret m1", "-t", "miko/v1/m1/points/p", "-m", "password"]);
      assert.is(byPassword.code, 0, byPassword.output);
      const byCertificate = await publish(["--cert", known.certificateFile, "--key", known.keyFile, "-t", "miko/v1/m7/points/p", "-m", "certificate"]);
      assert.is(byCertificate.code, 0, byCertificate.output);
      const refused = await publish(["--cert", foreign.certificateFile, "--key", foreign.keyFile, "-t", "miko/v1/m7/points/p", "-m", "foreign"]);
      assert.is.not(refused.code, 0);
      assert.equal(running.taken.map(({ text, source }) => [text, source.machine, source.isTls]), [["password", "urn:test:m1", true], ["certificate", "urn:test:m7", true]]);
      await running.until("the report", () => running.faults.some(({ code }) => code === "CERTIFICATE_REFUSED"), signal);
      assert.match(running.claims.at(-1)?.certificate?.fingerprint ?? "", /^[0-9a-f]{64}$/);
    }, { needs: ["openssl"], limitMs: 30_000 });
    test(`tells mosquitto_pub by ${version} that its password is wrong or its machine not accepted`, async ({ defer }) => {
      const running = await startIngest(defer);
      const publish = async (user: string, password: string) => {
        const child = startChild(defer, "mosquitto_pub", ["-V", version, "-p", String(running.port), "-h", "127.0.0.1", "-u", user, "-P", password, "-q", "1", "-t", "miko/v1/m1/points/p", "-m", "x"]);
        await child.exited;
        return child.output();
      };
      assert.match(await publish("m1", "wrong"), version === "mqttv5" ? /Not authorized|Bad user/i : /bad user ?name or password|not authori[sz]ed/i);
      assert.match(await publish("pending", ""), /not authori[sz]ed/i);
      assert.equal(running.faults.map(({ code }) => code), ["CREDENTIALS_REFUSED", "ACCESS_DENIED"]);
      assert.match(running.faults[0]?.where ?? "", /127\.0\.0\.1:\d+/);
      assert.is(running.taken.length, 0);
    });
  }
}, { needs: ["mosquitto_pub", "mosquitto_sub", "stdbuf"], limitMs: 20_000 });

suite("ingest with mqtt.js", (test) => {
  for (const protocolVersion of [4, 5] as const) {
    test(`takes messages, gives commands and takes a wish for no more by version ${protocolVersion}`, async ({ defer }) => {
      const running = await startIngest(defer);
      const client = await connectAsync(running.url, { protocolVersion, clientId: "js", username: "m1", password: "secret m1", reconnectPeriod: 0, clean: true });
      defer(() => client.endAsync(true));
      await Promise.all(Array.from({ length: 200 }, (_, index) => client.publishAsync("miko/v1/m1/points/p", `value ${index}`, { qos: 1 })));
      assert.equal(running.taken.map(({ text }) => text), Array.from({ length: 200 }, (_, index) => `value ${index}`));
      const [granted] = await client.subscribeAsync("miko/v1/m1/commands/+", { qos: 1 });
      assert.is(granted?.qos, 1);
      const got = new Promise<string>((resolve) => client.once("message", (topic, payload) => resolve(`${topic} ${payload.toString()}`)));
      await running.ingest.send("urn:test:m1", "miko/v1/m1/commands/stop", Buffer.from("now"));
      assert.is(await got, "miko/v1/m1/commands/stop now");
      await client.unsubscribeAsync("miko/v1/m1/commands/+");
      await assert.rejects(running.ingest.send("urn:test:m1", "miko/v1/m1/commands/stop", Buffer.from("now")), "NOT_FOUND");
    });
  }
  test("tells a client of MQTT 5 what it may do, and that a topic is not its own", async ({ defer }) => {
    const running = await startIngest(defer);
    const client = await connectAsync(running.url, { protocolVersion: 5, clientId: "", username: "m1", password: "secret m1", reconnectPeriod: 0, keepalive: 0, properties: { sessionExpiryInterval: 4_000_000_000 } });
    defer(() => client.endAsync(true));
    await assert.rejects(client.publishAsync("miko/v1/m2/points/p", "x", { qos: 1 }), /Not authorized/);
    assert.is(running.taken.length, 0);
    assert.is(running.apart.length, 0);
  });
});
