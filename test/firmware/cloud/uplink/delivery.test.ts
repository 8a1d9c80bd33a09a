// Shows on the wire, against mosquitto, that what is accepted at core reaches the broker through pauses, crashes and slow lines.

import { execFileSync } from "node:child_process";

import { connectAsync } from "mqtt";

import Value from "typebox/value";
import { LinkStatusSchema } from "../../../../firmware/protocol/cloud-payloads.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { startMosquitto } from "../../../support/mosquitto.ts";
import { startSlowPipe } from "../../../support/proxy.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";
import { startSubscriber, tapIngress } from "../collector.ts";
import { GATEWAY, makeLink, startCore } from "../core.ts";

const ROOT = "weir/v1/hall%2F1";

suite(
  "uplink delivery",
  (test) => {
    for (const mqttVersion of ["5", "3.1.1"]) {
      test(`all lanes arrive in their order over MQTT ${mqttVersion}`, async ({ signal, defer }) => {
        const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
        const ingress = await tapIngress(defer, core, broker);
        core.setLink(makeLink(ingress.url, { mqttVersion, batch: { maxCount: 7 } }));
        core.start();
        core.add("backlog", 500);
        core.add("events", 20);
        core.add("live", 100);
        await core.until("everything accepted", () => core.accepted.size === 620, signal);
        assert.is(ingress.seen.size, 620);
        assert.is(ingress.order.length, 620);
        for (const [from, to] of [[1, 500], [501, 520], [521, 620]] as const) {
          const lane = ingress.order.filter((seq) => seq >= from && seq <= to);
          assert.equal(lane, [...lane].sort((a, b) => a - b));
        }
        assert.equal([...ingress.topics], [`${ROOT}/telemetry`]);
      });
    }
    for (const compression of ["deflate", "zstd"]) {
      test(`payloads packed with ${compression} carry it in the topic`, async ({ signal, defer }) => {
        const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
        const ingress = await tapIngress(defer, core, broker);
        core.setLink(makeLink(ingress.url, { compression, order: "strict" }));
        core.start();
        core.add("live", 300);
        await core.until("everything accepted", () => core.accepted.size === 300, signal);
        assert.is(ingress.seen.size, 300);
        assert.equal([...ingress.topics], [`${ROOT}/telemetry/${compression}`]);
      });
    }
    test("status and inventory are retained, follow changes, and the status says offline after a stop and after a crash", async ({ signal, defer }) => {
      const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const { documents } = await startSubscriber(defer, core, url);
      const status = (): unknown => Object(documents.get(`${ROOT}/status`)).state;
      core.setLink(makeLink(url));
      const stop = core.start();
      await core.until("online", () => status() === "online", signal);
      core.setInventory({ gateway: GATEWAY, assets: ["a"] });
      await core.until("inventory", () => JSON.stringify(documents.get(`${ROOT}/inventory`)) === `{"gateway":"hall/1","assets":["a"]}`, signal);
      await stop();
      await core.until("offline after a stop", () => status() === "offline", signal);
      core.start();
      await core.until("online again", () => status() === "online", signal);
      const thief = await connectAsync(url, { clientId: GATEWAY, protocolVersion: 5, reconnectPeriod: 0 });
      defer(() => thief.endAsync(true));
      await core.until("offline by the will", () => status() === "offline", signal);
    });
    test("CR 3.9 the status says where the audit log ends, and says it again when it has gone on", async ({ signal, defer }) => {
      const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const { documents } = await startSubscriber(defer, core, url);
      const mark = (): unknown => Object(Object(documents.get(`${ROOT}/status`)).audit).number;
      core.setAuditMark({ number: 7, chain: "ab".repeat(32) });
      core.setLink(makeLink(url));
      core.start();
      await core.until("the mark", () => mark() === 7, signal);
      core.setAuditMark({ number: 9, chain: "cd".repeat(32) });
      await core.until("the next mark", () => mark() === 9, signal);
      assert.ok(Value.Check(LinkStatusSchema, documents.get(`${ROOT}/status`)));
    });
    test("an inventory that is larger than the broker takes is told to core, readings go on, and a smaller one ends it", async ({ signal, defer }) => {
      const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal, { global: ["allow_anonymous true", "max_packet_size 8000"] })];
      core.setInventory({ gateway: GATEWAY, assets: ["a".repeat(9000)] });
      core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`, { batch: { maxBytes: 4000 } }));
      core.start();
      core.add("live", 100);
      await core.until("told", () => /more than the 8000/.test(core.refused.get("inventory") ?? ""), signal);
      await core.until("readings", () => core.accepted.size === 100, signal);
      core.setInventory({ gateway: GATEWAY, assets: [] });
      await core.until("taken", () => core.refused.get("inventory") === "", signal);
      assert.is(core.refused.get("status"), "");
    });
    test("a changed link restarts the uplink and loses nothing", async ({ signal, defer }) => {
      const [core, first, second] = [await startCore(defer), await startMosquitto(defer, signal), await startMosquitto(defer, signal)];
      const [one, two] = [await tapIngress(defer, core, first), await tapIngress(defer, core, second)];
      core.setLink(makeLink(one.url));
      core.start();
      core.add("live", 100);
      await core.until("first broker", () => core.accepted.size === 100, signal);
      core.setLink(makeLink(two.url));
      core.add("live", 100);
      await core.until("both", () => core.accepted.size === 200, signal);
      core.setLink(makeLink(two.url, { batch: { maxCount: 5 } }));
      core.add("live", 100);
      await core.until("settled", () => core.accepted.size === 300, signal);
      assert.is(new Set([...one.order, ...two.order]).size, 300);
      core.setLink(null);
      await core.until("stopped", () => core.states.at(-1)?.state === "stopped", signal);
    });
  },
  { needs: ["mosquitto"], limitMs: 60_000 },
);

suite(
  "uplink against a troubled broker",
  (test) => {
    test("a broker that is paused longer than the limit and resumed gets everything; nothing is confirmed without it", async ({ signal, defer }) => {
      const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
      const ingress = await tapIngress(defer, core, broker);
      core.setLink(makeLink(ingress.url, { batch: { maxCount: 10 } }));
      core.start({ silenceMs: 800, unconfirmedMs: 2400 });
      core.add("live", 50);
      await core.until("before", () => core.accepted.size === 50, signal);
      broker.pause();
      core.add("live", 200);
      await core.until("silence noticed", () => core.states.some(({ state, fault }) => state === "lost" && fault?.code === "PEER_TIMEOUT" && fault.message.includes("has not answered")), signal);
      broker.resume();
      await core.until("after", () => core.accepted.size === 250, signal);
      assert.is(ingress.seen.size, 250);
    });
    test("a broker that is killed and started again under load gets everything, with repeats only of the same numbers", async ({ signal, defer }) => {
      const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
      const ingress = await tapIngress(defer, core, broker);
      core.setLink(makeLink(ingress.url, { batch: { maxCount: 20 } }));
      core.start({}, undefined);
      for (let round = 1; round <= 3; round += 1) {
        core.add("backlog", 2000);
        core.add("live", 200);
        await core.until("some", () => core.accepted.size > (round - 1) * 2200 + 300, signal);
        await broker.kill();
        await broker.restart(signal);
      }
      await core.until("everything accepted", () => core.accepted.size === 6600, signal);
      assert.is(core.waiting, 0);
      // What it does with that when it is killed is its own promise.
      assert.equal([...core.accepted].filter((seq) => !ingress.seen.has(seq)), [], "settled, and not confirmed at the ingress");
      assert.is(ingress.seen.size, 6600);
    });
    test("over a slow line everything that core has settled was confirmed, and a live reading waits for a small part of the backlog only", async ({ signal, defer }) => {
      const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
      const ingress = await tapIngress(defer, core, broker);
      const pipe = await startSlowPipe(defer, ingress.port, 400_000);
      core.setLink(makeLink(`mqtt://127.0.0.1:${pipe.port}`));
      core.start({ silenceMs: 30_000, unconfirmedMs: 90_000 });
      const backlog = core.add("backlog", 20_000, () => ({ reason: "x".repeat(200) }));
      await core.until("draining", () => core.accepted.size > 2000, signal);
      const delays: number[] = [];
      const ahead: number[] = [];
      for (let round = 0; round < 8; round += 1) {
        const before = ingress.order.length;
        const [seq = 0] = core.add("live", 1);
        const startMs = systemClock.uptimeMs();
        await core.until("live reading", () => ingress.seen.has(seq), signal);
        delays.push(systemClock.uptimeMs() - startMs);
        ahead.push(ingress.order.indexOf(seq) - before);
      }
      console.log(`live beside a backlog on 400 kB/s: ${delays.map((ms) => ms.toFixed(0)).join(" ")} ms, behind ${ahead.join(" ")} readings, drained ${core.accepted.size}`);
      assert.ok(core.accepted.size < backlog.length, "the backlog is not through yet");
      assert.equal([...core.accepted].filter((seq) => !ingress.seen.has(seq)), []);
      // 400 kB/s carry some 1,100 of them in a second: counted, since a loaded machine stretches the time.
      assert.ok(Math.max(...ahead) < 1600, `behind ${ahead.join(" ")} readings`);
    });
    test(
      "a broker whose disk is full gets everything in the end, and nothing counts as sent that it has not confirmed",
      async ({ signal, defer }) => {
        const folder = makeTempDir(defer);
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
        defer(() => execFileSync("umount", ["-l", folder]));
        const global = ["allow_anonymous true", "persistence true", `persistence_location ${folder}/`, "autosave_interval 5", "autosave_on_changes true"];
        const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal, { folder, global })];
        const url = `mqtt://127.0.0.1:${broker.port}`;
        await (await connectAsync(url, { clientId: "absent", clean: false, reconnectPeriod: 0 }).then(async (client) => (await client.subscribeAsync("weir/v1/#", { qos: 1 }), client))).endAsync();
        const ingress = await tapIngress(defer, core, broker);
        core.setLink(makeLink(ingress.url, { batch: { maxCount: 20 } }));
        core.start();
        core.add("live", 1000);
        await core.until("disk full", () => /No space left|Error saving/.test(broker.output()), signal);
        core.add("live", 500);
        await core.until("everything accepted", () => core.accepted.size === 1500, signal);
        assert.is(ingress.seen.size, 1500);
      },
      { needs: ["root", "mount"] },
    );
  },
  { needs: ["mosquitto"], limitMs: 60_000 },
);
