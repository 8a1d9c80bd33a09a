// Shows on the wire, against mosquitto, that what is accepted at core reaches the broker through pauses, crashes and slow lines.
// limit: 180s

import { execFileSync } from "node:child_process";

import { connectAsync } from "mqtt";

import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { startMosquitto } from "../../../support/mosquitto.ts";
import { startSlowPipe } from "../../../support/proxy.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";
import { startCollector } from "../collector.ts";
import { GATEWAY, makeLink, startCore } from "../core.ts";

const ROOT = "weir/v1/hall%2F1";

suite(
  "uplink delivery",
  (test) => {
    for (const mqttVersion of ["5", "3.1.1"]) {
      test(`all lanes arrive in their order over MQTT ${mqttVersion}`, async ({ signal, defer }) => {
        const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
        const collector = await startCollector(defer, core, `mqtt://127.0.0.1:${broker.port}`);
        core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`, { mqttVersion, batch: { maxCount: 7 } }));
        core.start();
        core.add("backlog", 500);
        core.add("events", 20);
        core.add("live", 100);
        await core.until("everything accepted", () => core.accepted.size === 620, signal);
        await core.until("everything seen", () => collector.seen.size === 620, signal);
        assert.is(collector.order.length, 620);
        for (const [from, to] of [[1, 500], [501, 520], [521, 620]] as const) {
          const lane = collector.order.filter((seq) => seq >= from && seq <= to);
          assert.equal(lane, [...lane].sort((a, b) => a - b));
        }
        assert.equal([...collector.topics], [`${ROOT}/telemetry`]);
      });
    }
    for (const compression of ["deflate", "zstd"]) {
      test(`payloads packed with ${compression} carry it in the topic`, async ({ signal, defer }) => {
        const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
        const collector = await startCollector(defer, core, `mqtt://127.0.0.1:${broker.port}`);
        core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`, { compression, order: "strict" }));
        core.start();
        core.add("live", 300);
        await core.until("everything seen", () => collector.seen.size === 300, signal);
        assert.equal([...collector.topics], [`${ROOT}/telemetry/${compression}`]);
      });
    }
    test("status and inventory are retained, follow changes, and the status says offline after a stop and after a crash", async ({ signal, defer }) => {
      const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const { documents } = await startCollector(defer, core, url);
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
      const collectors = [await startCollector(defer, core, `mqtt://127.0.0.1:${first.port}`), await startCollector(defer, core, `mqtt://127.0.0.1:${second.port}`)] as const;
      core.setLink(makeLink(`mqtt://127.0.0.1:${first.port}`));
      core.start();
      core.add("live", 100);
      await core.until("first broker", () => core.accepted.size === 100, signal);
      core.setLink(makeLink(`mqtt://127.0.0.1:${second.port}`));
      core.add("live", 100);
      await core.until("both", () => core.accepted.size === 200 && collectors[0].seen.size + collectors[1].seen.size >= 200, signal);
      core.setLink(makeLink(`mqtt://127.0.0.1:${second.port}`, { batch: { maxCount: 5 } }));
      core.add("live", 100);
      await core.until("settled", () => core.accepted.size === 300, signal);
      core.setLink(null);
      await core.until("stopped", () => core.states.at(-1)?.state === "stopped", signal);
    });
  },
  { needs: ["mosquitto"], limitMs: 8_000 },
);

suite(
  "uplink against a troubled broker",
  (test) => {
    test("a broker that is paused longer than the limit and resumed gets everything; nothing is confirmed without it", async ({ signal, defer }) => {
      const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
      const collector = await startCollector(defer, core, `mqtt://127.0.0.1:${broker.port}`);
      core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`, { batch: { maxCount: 10 } }));
      core.start();
      core.add("live", 50);
      await core.until("before", () => core.accepted.size === 50, signal);
      broker.pause();
      core.add("live", 200);
      await core.until("silence noticed", () => core.states.some(({ state, fault }) => state === "lost" && fault?.code === "PEER_TIMEOUT" && fault.message.includes("has not answered")), signal);
      broker.resume();
      await core.until("after", () => core.accepted.size === 250 && collector.seen.size === 250, signal);
    });
    test("a broker that is killed and started again under load gets everything, with repeats only of the same numbers", async ({ signal, defer }) => {
      const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
      const collector = await startCollector(defer, core, `mqtt://127.0.0.1:${broker.port}`);
      core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`, { batch: { maxCount: 20 } }));
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
      // What the broker confirmed and had not handed on when it was killed is its own promise; all that arrived is ours.
      assert.ok([...collector.seen.keys()].every((seq) => core.accepted.has(seq)));
    });
    test("over a slow line live readings pass a backlog within bounds", async ({ signal, defer }) => {
      const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
      const pipe = await startSlowPipe(defer, broker.port, 400_000);
      const collector = await startCollector(defer, core, `mqtt://127.0.0.1:${broker.port}`);
      core.setLink(makeLink(`mqtt://127.0.0.1:${pipe.port}`));
      core.start({ silenceMs: 5000 });
      core.add("backlog", 20_000, () => ({ reason: "x".repeat(200) }));
      await core.until("draining", () => core.accepted.size > 2000, signal);
      const delays: number[] = [];
      for (let round = 0; round < 8; round += 1) {
        const [seq] = core.add("live", 1);
        const startMs = systemClock.uptimeMs();
        await core.until("live reading", () => collector.seen.has(seq ?? 0), signal);
        delays.push(systemClock.uptimeMs() - startMs);
      }
      console.log(`live beside a backlog on 400 kB/s: ${delays.map((ms) => ms.toFixed(0)).join(" ")} ms, drained ${core.accepted.size}`);
      const worst = Math.max(...delays);
      assert.ok(worst < 1500, `${worst} ms`);
    });
    test(
      "a broker whose disk is full goes on confirming or not, and what it confirms has reached its subscribers",
      async ({ signal, defer }) => {
        const folder = makeTempDir(defer);
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
        defer(() => execFileSync("umount", ["-l", folder]));
        const global = ["allow_anonymous true", "persistence true", `persistence_location ${folder}/`, "autosave_interval 5", "autosave_on_changes true"];
        const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal, { folder, global })];
        const url = `mqtt://127.0.0.1:${broker.port}`;
        await (await connectAsync(url, { clientId: "absent", clean: false, reconnectPeriod: 0 }).then(async (client) => (await client.subscribeAsync("weir/v1/#", { qos: 1 }), client))).endAsync();
        const collector = await startCollector(defer, core, url);
        core.setLink(makeLink(url, { batch: { maxCount: 20 } }));
        core.start();
        core.add("live", 1000);
        await core.until("disk full", () => /No space left|Error saving/.test(broker.output()), signal);
        core.add("live", 500);
        await core.until("everything seen", () => core.accepted.size === 1500 && collector.seen.size === 1500, signal);
      },
      { needs: ["root", "mount"] },
    );
  },
  { needs: ["mosquitto"], limitMs: 15_000 },
);
