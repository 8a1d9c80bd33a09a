// Shows that the subscriber reads MQTT however the bytes are cut, holds no more than it may, and answers as the standard says.

import fc from "fast-check";
import { generate, parser as makeParser, type Packet } from "mqtt-packet";
import { isFault } from "../../../drivers/contract/fault.ts";
import { acknowledgeAll, makeSubscriber, type Message } from "../../../firmware/protocol/mqtt-subscriber.ts";
import { assert, suite } from "../../support/suite.ts";

const connack = generate({ cmd: "connack", returnCode: 0, sessionPresent: true });
const suback = generate({ cmd: "suback", messageId: 1, granted: [1, 1] });
const publish = (messageId: number, payload: string | Buffer, topic = "a/b"): Buffer => generate({ cmd: "publish", topic, payload, qos: 1, messageId, dup: false, retain: false });
const options = { clientId: "weir-1", keepAliveSeconds: 10, filters: ["a/#", "b"] };

function parse(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  const parser = makeParser();
  parser.on("packet", (packet) => packets.push(packet));
  parser.parse(bytes);
  return packets;
}

suite("mqtt subscriber", (test) => {
  test("connects with a session that the broker keeps, then subscribes with QoS 1", () => {
    const subscriber = makeSubscriber({ ...options, credentials: { user: "u", password: "p" } });
    const [hello] = parse(subscriber.hello);
    assert.ok(hello?.cmd === "connect" && hello.clean === false && hello.clientId === "weir-1" && hello.username === "u" && hello.protocolVersion === 4);
    const turn = subscriber.receive(connack);
    const [subscribe] = parse(turn.send ?? Buffer.alloc(0));
    assert.ok(subscribe?.cmd === "subscribe");
    assert.equal(subscribe.subscriptions.map(({ topic, qos }) => [topic, qos]), [["a/#", 1], ["b", 1]]);
    assert.is(turn.isReady, false);
    assert.is(subscriber.receive(suback).isReady, true);
  });
  test("gives the messages that the broker had kept, before and after the subscription", () => {
    const subscriber = makeSubscriber(options);
    const { messages } = subscriber.receive(Buffer.concat([connack, publish(7, "old"), suback, publish(8, "new")]));
    assert.equal(messages.map(({ packetId, payload }) => [packetId, payload.toString()]), [[7, "old"], [8, "new"]]);
  });
  test("finds the same messages however the bytes are cut", () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 12 });
    const property = fc.property(payloads, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (contents, steps) => {
      const bytes = Buffer.concat([connack, suback, ...contents.map((content, index) => publish(index + 1, Buffer.from(content)))]);
      const subscriber = makeSubscriber({ ...options, maxPacketBytes: 200 });
      const found: Message[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const size = steps[turn % steps.length] ?? 1;
        found.push(...subscriber.receive(bytes.subarray(at, at + size)).messages.map((message) => ({ ...message, payload: Buffer.from(message.payload) })));
        at += size;
      }
      assert.equal(found.map(({ packetId }) => packetId), contents.map((_, index) => index + 1));
      for (const [index, message] of found.entries()) if (!message.isCut) assert.equal(message.payload, Buffer.from(contents[index] ?? []));
      assert.equal(found.map(({ isCut }) => isCut), contents.map((content) => publish(1, Buffer.from(content)).length > 200));
    });
    fc.assert(property, { numRuns: 300 });
  }, { limitMs: 60_000 });
  test("of a message of 200 MiB it keeps the beginning and the packet id, and reads on behind it", () => {
    const subscriber = makeSubscriber(options);
    subscriber.receive(Buffer.concat([connack, suback]));
    const size = 200 * 1_048_576;
    const remaining = size + 2 + 3 + 2;
    const length = [(remaining & 0x7f) | 0x80, ((remaining >> 7) & 0x7f) | 0x80, ((remaining >> 14) & 0x7f) | 0x80, remaining >> 21];
    subscriber.receive(Buffer.from([0x32, ...length, 0, 3, 0x61, 0x2f, 0x62, 0, 9]));
    const wave = Buffer.alloc(1_048_576);
    for (let sent = 0; sent < size; sent += wave.length) assert.is(subscriber.receive(wave).messages.length + (process.memoryUsage().external > 100e6 ? 1 : 0), sent + wave.length === size ? 1 : 0);
    assert.is(subscriber.receive(publish(10, "next")).messages[0]?.packetId, 10);
  });
  test("any bytes end in messages or in a fault of the peer", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      const subscriber = makeSubscriber(options);
      subscriber.receive(Buffer.concat([connack, suback]));
      try {
        subscriber.receive(Buffer.from(noise));
      } catch (error) {
        assert.ok(isFault(error) && error.kind !== "defect", String(error));
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });
  test("writes acknowledgements that another implementation reads, in their order", () => {
    assert.equal(parse(acknowledgeAll([1, 65_535, 256])).map((packet) => [packet.cmd, packet.messageId]), [["puback", 1], ["puback", 65_535], ["puback", 256]]);
  });
});
