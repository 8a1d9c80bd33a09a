// Shows that one reading that a broker does not take is found and set apart, and that a link that takes nothing costs no reading.

import { assert, suite } from "../../../support/suite.ts";
import { startBroker, type Verdict } from "../../../support/broker.ts";
import type { IPublishPacket } from "mqtt-packet";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { makeLink, startCore } from "../core.ts";

function seqsOf(packet: IPublishPacket): readonly number[] {
  return packet.topic.endsWith("/telemetry") ? (JSON.parse(packet.payload.toString()) as { readings: { seq: number }[] }).readings.map(({ seq }) => seq) : [];
}

function refuseIf(isGuilty: (seqs: readonly number[]) => boolean, verdict: Verdict): (packet: IPublishPacket) => Verdict {
  return (packet) => (isGuilty(seqsOf(packet)) ? verdict : "confirm");
}

suite(
  "uplink, refused content",
  (test) => {
    for (const refuse of [0x99, 0x80, 0x83]) {
      test(`finds the guilty readings when the broker refuses with 0x${refuse.toString(16)}`, async ({ signal, defer }) => {
        const core = await startCore(defer);
        const guilty = [3, 77, 78, 100];
        const broker = await startBroker(defer, { publish: refuseIf((seqs) => seqs.some((seq) => guilty.includes(seq)), { refuse, reason: "bad value" }) });
        core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`));
        core.add("live", 100);
        core.start();
        await core.until("all but the last", () => core.accepted.size === 96 && core.rejected.size >= 3, signal);
        core.add("live", 1);
        await core.until("the last one too, once another is confirmed after it", () => core.accepted.size === 97 && core.rejected.size === 4, signal);
        assert.equal([...core.rejected.keys()].sort((a, b) => a - b), guilty);
        assert.match(core.rejected.get(77) ?? "", /\(0x[89]\d\): bad value/);
        const order = broker.confirmed.flatMap(seqsOf);
        assert.equal(order, [...order].sort((a, b) => a - b));
      });
    }
    test("a reading that is alone and refused is neither rejected nor lost, and does not block what comes after", async ({ signal, defer }) => {
      const core = await startCore(defer);
      const broker = await startBroker(defer, { publish: refuseIf((seqs) => seqs.includes(1), { refuse: 0x99 }) });
      core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`));
      core.start();
      core.add("live", 1);
      await core.until("tried twice and more", () => broker.count("publish") >= 4, signal);
      assert.is(core.rejected.size, 0);
      core.add("events", 1);
      await core.until("witness", () => core.rejected.has(1) && core.accepted.has(2), signal);
    });
    test("when everything is refused it is the link: nothing is rejected, and all arrives when the broker takes it", async ({ signal, defer }) => {
      const core = await startCore(defer);
      let isBroken = true;
      const broker = await startBroker(defer, { publish: refuseIf((seqs) => isBroken && seqs.length > 0, { refuse: 0x83 }) });
      core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`));
      core.start();
      core.add("live", 40);
      await core.until("the link is named", () => core.states.some(({ fault }) => fault?.kind === "denied" && fault.message.includes("every reading")), signal);
      assert.is(core.rejected.size, 0);
      isBroken = false;
      await core.until("all accepted", () => core.accepted.size === 40, signal);
      assert.is(core.rejected.size, 0);
    });
    for (const [refuse, code] of [[0x87, "ACCESS_DENIED"], [0x97, "PEER_LIMIT"]] as const) {
      test(`0x${refuse.toString(16)} is the link's and keeps every reading`, async ({ signal, defer }) => {
        const core = await startCore(defer);
        let left = 3;
        const broker = await startBroker(defer, { publish: (packet) => (seqsOf(packet).length > 0 && (left -= 1) >= 0 ? { refuse } : "confirm") });
        core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`, { batch: { maxCount: 5 } }));
        core.start();
        core.add("live", 40);
        await core.until("all accepted", () => core.accepted.size === 40, signal);
        assert.is(core.rejected.size, 0);
        assert.ok(core.states.some(({ fault }) => fault?.code === code));
      });
    }
    test("keeps to Maximum Packet Size and Receive Maximum, and sets apart what alone is larger", async ({ signal, defer }) => {
      const core = await startCore(defer);
      const sizes: number[] = [];
      let open = 0;
      let most = 0;
      const broker = await startBroker(defer, {
        connack: () => ({ properties: { maximumPacketSize: 3000, receiveMaximum: 5 } }),
        publish: (packet, connection) => {
          sizes.push(packet.payload.length);
          most = Math.max(most, ++open);
          systemClock.after(5, () => {
            open -= 1;
            if (packet.messageId !== undefined) connection.send({ cmd: "puback", messageId: packet.messageId, reasonCode: 0 });
          });
          return "ignore";
        },
      });
      core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`));
      core.start();
      core.add("live", 200, (seq) => (seq === 50 ? { reason: "x".repeat(4000) } : {}));
      await core.until("done", () => core.accepted.size === 199 && core.rejected.size === 1, signal);
      assert.match(core.rejected.get(50) ?? "", /bytes are more than the 3000 that the broker takes/);
      assert.ok(Math.max(...sizes) < 3000);
      assert.ok(most <= 5, `${most} in flight`);
    });
    test("a broker that closes at a reading is searched over connections, and only that reading is set apart", async ({ signal, defer }) => {
      const core = await startCore(defer);
      const broker = await startBroker(defer, { publish: refuseIf((seqs) => seqs.includes(137), "close") });
      core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`, { mqttVersion: "3.1.1" }));
      core.add("live", 300);
      core.add("backlog", 300);
      core.start();
      await core.until("all others", () => core.accepted.size === 599, signal);
      let stopFeed = (): void => undefined;
      const feed = (): void => {
        core.add("live", 1);
        stopFeed = systemClock.after(100, feed);
      };
      feed();
      defer(() => stopFeed());
      await core.until("found", () => core.rejected.size === 1, signal);
      assert.equal([...core.rejected.keys()], [137]);
      assert.match(core.rejected.get(137) ?? "", /closed the connection each time/);
      console.log(`    found after ${broker.connections.length} connections`);
    });
    test("a broker that closes at everything, or at the documents alone, costs no reading", async ({ signal, defer }) => {
      const core = await startCore(defer);
      let isBroken = true;
      const broker = await startBroker(defer, { publish: (packet) => (seqsOf(packet).length === 0 || isBroken ? "close" : "confirm") });
      core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`, { mqttVersion: "3.1.1" }));
      core.add("live", 20);
      core.start();
      await core.until("many closes", () => broker.connections.length > 30, signal);
      isBroken = false;
      await core.until("all accepted", () => core.accepted.size === 20, signal);
      assert.is(core.rejected.size, 0);
    });
  },
  { limitMs: 60_000 },
);
