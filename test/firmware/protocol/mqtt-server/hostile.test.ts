// Shows that bytes of any shape end in a reason, never in an exception: cut at each byte, mutated, with properties and packet ids abused.

import fc from "fast-check";
import type { Packet } from "mqtt-packet";
import { makeCommands } from "../../../../firmware/protocol/mqtt-server/commands.ts";
import { makeConnection } from "../../../../firmware/protocol/mqtt-server/connection.ts";
import { assert, suite } from "../../../support/suite.ts";
import { admissionOf, connectOf, kinds, LIMITS, openConnection, parse, publishOf, reasonIn, write, type Version } from "./open-connection.ts";

const VERSIONS = [4, 5] as const;
const WIDE = { receiveMaximum: 1000, maxPacketBytes: 100_000, maxConnectBytes: 4096 };

/** A talk with one packet of each kind. */
function talkOf(version: Version): Packet[] {
  const options = { nl: false, rap: false, rh: 0 } as const;
  return [
    connectOf(version, { username: "ü", password: Buffer.from("p"), will: { topic: "root/w", payload: "x", qos: 1, ...(version === 5 ? { properties: { willDelayInterval: 3 } } : {}) }, ...(version === 5 ? { properties: { receiveMaximum: 5, userProperties: { a: "b" } } } : {}) }),
    publishOf(1, version === 5 ? { properties: { contentType: "json", userProperties: { k: ["v", "w"] }, messageExpiryInterval: 5 } } : {}),
    { cmd: "subscribe", messageId: 2, subscriptions: [{ topic: "root/commands/#", qos: 1, ...options }, { topic: "x", qos: 0, ...options }] },
    publishOf(3, { payload: Buffer.alloc(300, 7) }),
    { cmd: "puback", messageId: 9, reasonCode: 0 },
    { cmd: "unsubscribe", messageId: 4, unsubscriptions: ["root/commands/#"] },
    { cmd: "pingreq" },
    publishOf(0, { qos: 0 }),
    version === 5 ? { cmd: "disconnect", reasonCode: 0, properties: { reasonString: "bye" } } : { cmd: "disconnect" },
  ];
}

interface Heard {
  readonly messages: [number, string][];
  readonly kinds: string[];
  readonly sent: Buffer;
}

/** Lets the client in as soon as it asks; takes its bytes in pieces of the given sizes. */
function hear(bytes: Buffer, sizes: readonly number[], limits = WIDE): Heard {
  const connection = makeConnection(limits);
  const heard: Heard = { messages: [], kinds: [], sent: Buffer.alloc(0) };
  const sent: Buffer[] = [];
  const take = (turn: ReturnType<typeof connection.receive>): void => {
    if (turn.send !== undefined) sent.push(turn.send);
    for (const event of turn.events) {
      if (event.kind !== "publish") heard.kinds.push(event.kind);
      else for (const { packetId, payload } of event.delivery.messages) heard.messages.push([packetId, payload.toString("hex")]);
      if (event.kind === "connect") take(connection.admit(admissionOf(makeCommands())));
    }
  };
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = Math.max(1, sizes[index % sizes.length] ?? 1);
    take(connection.receive(Buffer.from(bytes.subarray(at, at + size))));
    at += size;
  }
  return { ...heard, sent: Buffer.concat(sent) };
}

suite("mqtt server: bytes of any shape", (test) => {
  for (const version of VERSIONS) {
    test(`hears the same talk of version ${version} wherever it is cut`, () => {
      const bytes = write(version, ...talkOf(version));
      const whole = hear(bytes, [bytes.length]);
      assert.equal(whole.kinds, ["connect", "filtersRefused", "goodbye"]);
      assert.equal(whole.messages.map(([id]) => id), [1, 3, 0]);
      for (let cut = 1; cut < bytes.length; cut += 1) {
        const { messages, kinds: heard, sent } = hear(bytes, [cut, bytes.length]);
        assert.equal([messages, heard, sent.toString("hex")], [whole.messages, whole.kinds, whole.sent.toString("hex")], `cut at ${cut}`);
      }
      fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => assert.equal(hear(bytes, sizes), whole)), { numRuns: 100 });
    });
    test(`waits for the rest of a talk of version ${version} that stops anywhere`, () => {
      const bytes = write(version, ...talkOf(version));
      for (let end = 1; end < bytes.length; end += 1) assert.not(hear(bytes.subarray(0, end), [7]).kinds.includes("broken"), `stopped at ${end}`);
    });
    test(`never throws at a mutated talk of version ${version}, and answers with packets that can be read`, () => {
      const bytes = write(version, ...talkOf(version));
      const mutation = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255), kind: fc.constantFrom("set", "insert", "remove", "flip") });
      const property = fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 200 }), (mutations, size) => {
        const list = [...bytes];
        for (const { at, value, kind } of mutations) {
          if (kind === "set") list[at] = value;
          if (kind === "flip") list[at] = (list[at] ?? 0) ^ (1 << (value & 7));
          if (kind === "insert") list.splice(at, 0, value);
          if (kind === "remove") list.splice(at, 1);
        }
        const { kinds: heard, sent } = hear(Buffer.from(list), [size]);
        assert.ok(heard.filter((kind) => kind === "broken" || kind === "goodbye").length <= 1);
        // A mutated level may have made it another version.
        assert.ok([version, 9 - version].some((dialect) => isReadable(dialect as Version, sent)), sent.toString("hex"));
      });
      fc.assert(property, { numRuns: 3000 });
    }, { limitMs: 60_000 });
    test(`never throws at random bytes behind a CONNECT of version ${version}`, () => {
      const connect = write(version, connectOf(version));
      fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => void hear(Buffer.concat([connect, noise]), [50])), { numRuns: 2000 });
      fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => void hear(Buffer.from(noise), [50])), { numRuns: 1000 });
    }, { limitMs: 60_000 });
  }
  test("holds of an incomplete packet no more than came, and of complete ones nothing", () => {
    const { connection, feed } = openConnection(4, {}, {}, WIDE);
    const big = write(4, publishOf(1, { payload: Buffer.alloc(90_000) }));
    for (let at = 0; at < big.length - 1; at += 1000) feed(Buffer.from(big.subarray(at, Math.min(at + 1000, big.length - 1))));
    assert.is(connection.load().heldBytes, big.length - 1);
    assert.equal(kinds(feed(big.subarray(-1))), ["publish"]);
    assert.is(connection.load().heldBytes, 0);
  });
});

/** A packet from its first byte and its body; lengths below 128. */
function packet(head: number, ...body: readonly (number | string | readonly number[])[]): Buffer {
  const bytes = Buffer.concat(body.map((part) => (typeof part === "string" ? text(part) : Buffer.from(typeof part === "number" ? [part] : [...part]))));
  return Buffer.concat([Buffer.from([head, bytes.length]), bytes]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function connect5(properties: readonly number[], flags = 2, rest: readonly number[] = [0, 1, 99]): Buffer {
  return packet(0x10, "MQTT", 5, flags, [0, 60], properties.length, properties, rest);
}

suite("mqtt server: abuse", (test) => {
  test("answers each abuse of CONNECT properties with the reason that the standard gives it", () => {
    const cases: readonly (readonly [string, Buffer, number | undefined])[] = [
      ["unknown property", connect5([0x7f, 0]), 0x81],
      ["a property of a PUBLISH", connect5([0x23, 0, 1]), 0x82],
      ["a property of the server", connect5([0x12, 0, 1, 97]), 0x82],
      ["twice", connect5([0x21, 0, 5, 0x21, 0, 5]), 0x82],
      ["receive maximum 0", connect5([0x21, 0, 0]), 0x82],
      ["maximum packet size 0", connect5([0x27, 0, 0, 0, 0]), 0x82],
      ["a flag that is 2", connect5([0x17, 2]), 0x82],
      ["a value beyond the properties", connect5([0x21, 0]), 0x81],
      ["properties beyond the packet", packet(0x10, "MQTT", 5, 2, [0, 60], 100, [0, 1, 99]), 0x81],
      ["an endless property length", packet(0x10, "MQTT", 5, 2, [0, 60], [0xff, 0xff, 0xff, 0xff, 1], [0, 1, 99]), 0x81],
      ["user property that is no UTF-8", connect5([0x26, 0, 1, 0xff, 0, 0]), 0x81],
      ["authentication data alone", connect5([0x16, 0, 1, 1]), 0x82],
      ["reserved flag", connect5([], 3), 0x81],
      ["will QoS without will", connect5([], 0x0a), 0x81],
      ["will QoS 3", connect5([], 0x1e), 0x81],
      ["client id with U+0000", connect5([], 2, [0, 1, 0]), 0x81],
      ["client id that is a surrogate", connect5([], 2, [0, 3, 0xed, 0xa0, 0x80]), 0x81],
      ["bytes behind the fields", connect5([], 2, [0, 1, 99, 0]), 0x81],
      ["no client id at all", connect5([], 2, []), 0x81],
      ["user properties, several", connect5([0x26, 0, 1, 97, 0, 1, 98, 0x26, 0, 1, 97, 0, 1, 98]), undefined],
    ];
    for (const [name, bytes, reason] of cases) {
      const turn = makeConnection(LIMITS).receive(bytes);
      assert.equal([reasonIn(turn), kinds(turn)], [reason, [reason === undefined ? "connect" : "broken"]], name);
    }
  });
  test("answers each abuse of a connected client with the reason that the standard gives it", () => {
    const topic = "root/p";
    const cases: readonly (readonly [string, Buffer, number])[] = [
      ["packet id 0", packet(0x32, topic, [0, 0], 0), 0x82],
      ["topic alias where none is offered", packet(0x32, topic, [0, 1], 3, [0x23, 0, 1]), 0x94],
      ["topic alias without topic", packet(0x32, "", [0, 1], 3, [0x23, 0, 1]), 0x94],
      ["no topic", packet(0x32, "", [0, 1], 0), 0x82],
      ["wildcard", packet(0x32, "root/+", [0, 1], 0), 0x90],
      ["topic with U+0000", packet(0x32, "root/\0", [0, 1], 0), 0x81],
      ["topic that is no UTF-8", packet(0x32, [0, 6], [...Buffer.from("root/")], 0xc0, [0, 1], 0), 0x81],
      ["topic beyond the packet", packet(0x32, [0, 200], 97), 0x81],
      ["both QoS bits", packet(0x36, topic, [0, 1], 0), 0x81],
      ["DUP with QoS 0", packet(0x38, topic, 0), 0x82],
      ["no property length", packet(0x32, topic, [0, 1]), 0x81],
      ["properties beyond the packet", packet(0x32, topic, [0, 1], 50), 0x81],
      ["subscription identifier", packet(0x32, topic, [0, 1], 2, [0x0b, 1]), 0x82],
      ["response topic with wildcard", packet(0x32, topic, [0, 1], 4, [0x08, 0, 1, 0x23]), 0x82],
      ["payload format 2", packet(0x32, topic, [0, 1], 2, [0x01, 2]), 0x82],
      ["content type twice", packet(0x32, topic, [0, 1], 8, [0x03, 0, 1, 97, 0x03, 0, 1, 97]), 0x82],
      ["SUBSCRIBE with packet id 0", packet(0x82, [0, 0], 0, "a", 1), 0x82],
      ["SUBSCRIBE without filters", packet(0x82, [0, 1], 0), 0x81],
      ["SUBSCRIBE with flags 0", packet(0x80, [0, 1], 0, "a", 1), 0x81],
      ["SUBSCRIBE with QoS 3", packet(0x82, [0, 1], 0, "a", 3), 0x81],
      ["SUBSCRIBE with reserved options", packet(0x82, [0, 1], 0, "a", 0x41), 0x81],
      ["SUBSCRIBE with identifier 0", packet(0x82, [0, 1], 2, [0x0b, 0], "a", 1), 0x82],
      ["UNSUBSCRIBE without filters", packet(0xa2, [0, 1], 0), 0x81],
      ["PUBACK with packet id 0", packet(0x40, [0, 0]), 0x82],
      ["PUBACK of one byte", packet(0x40, 1), 0x81],
      ["PUBREC", packet(0x50, [0, 1]), 0x82],
      ["PUBREL", packet(0x62, [0, 1]), 0x82],
      ["CONNACK", packet(0x20, [0, 0]), 0x82],
      ["AUTH", packet(0xf0), 0x82],
      ["type 0", packet(0x00), 0x82],
      ["PINGREQ with a body", packet(0xc0, 1), 0x81],
      ["DISCONNECT with a server's reason", packet(0xe0, 0x8e), 0x82],
      ["DISCONNECT with a receive maximum", packet(0xe0, 0, 3, [0x21, 0, 1]), 0x82],
      ["length of five bytes", Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1]), 0x81],
    ];
    for (const [name, bytes, reason] of cases) {
      const turn = openConnection(5).feed(bytes);
      assert.equal([reasonIn(turn), kinds(turn)], [reason, ["broken"]], name);
    }
  });
  test("refuses subscription identifiers by filter, as they are not offered", () => {
    const turn = openConnection(5).feed(packet(0x82, [0, 1], 2, [0x0b, 7], "root/commands", 1));
    const [suback] = parse(5, turn.send);
    assert.ok(suback?.cmd === "suback");
    assert.equal(suback.granted, [0xa1]);
  });
  test("ends a client that floods with pings, each of which would cost an answer", () => {
    const { feed } = openConnection(5);
    const pings = (count: number): Buffer => Buffer.alloc(count * 2, Buffer.from([0xc0, 0]));
    assert.is(feed(pings(256)).send?.length, 512);
    assert.is(reasonIn(feed(pings(20_000))), 0x96);
  });
  test("leaves a reason's text out where the client takes only small packets", () => {
    const turn = openConnection(5, { properties: { maximumPacketSize: 10 } }).feed(packet(0xf0));
    assert.equal(turn.send, Buffer.from([0xe0, 2, 0x82, 0]));
  });
});

function isReadable(version: Version, bytes: Buffer): boolean {
  try {
    parse(version, bytes);
    return true;
  } catch {
    return false;
  }
}
