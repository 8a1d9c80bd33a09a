// Shows the server's side of a connection packet by packet: who is let in, what is acknowledged when, what ends it with which reason.

import { generate } from "mqtt-packet";
import { makeCommands } from "../../../../firmware/protocol/mqtt-server/commands.ts";
import { makeConnection } from "../../../../firmware/protocol/mqtt-server/connection.ts";
import { assert, suite } from "../../../support/suite.ts";
import { admissionOf, connectOf, eventOf, kinds, LIMITS, openConnection, parse, publishOf, reasonIn, write, type Version } from "./open-connection.ts";

const VERSIONS = [4, 5] as const;

/** Packet ids and reason codes of the PUBACKs. */
function acknowledged(version: Version, bytes: Buffer | undefined): unknown[] {
  return parse(version, bytes).map((packet) => (packet.cmd === "puback" ? (version === 5 ? [packet.messageId, packet.reasonCode] : packet.messageId) : packet.cmd));
}

suite("mqtt server: connecting", (test) => {
  for (const version of VERSIONS) {
    test(`asks about a client of version ${version} with all it says, and lets it in`, () => {
      const connection = makeConnection(LIMITS);
      const turn = connection.receive(write(version, connectOf(version, { username: "u", password: Buffer.from("p"), will: { topic: "root/w", payload: Buffer.from("gone"), qos: 1, retain: true } })));
      const { request } = eventOf(turn, "connect");
      assert.equal([request.clientId, request.username, request.password?.toString(), request.isClean, request.keepAliveSeconds, request.isVersion5], ["c1", "u", "p", true, 60, version === 5]);
      assert.equal([request.will?.topic, request.will?.payload.toString(), request.will?.isRetained, request.will?.delaySeconds], ["root/w", "gone", true, 0]);
      const [connack] = parse(version, connection.admit(admissionOf(makeCommands(), { isSessionPresent: true })).send);
      assert.ok(connack?.cmd === "connack" && connack.sessionPresent && (version === 5 ? connack.reasonCode : connack.returnCode) === 0);
    });
  }
  test("tells MQTT 5 what it may do: maximum QoS 1, receive maximum, packet size, what is not offered, and what was changed", () => {
    const { turn } = openConnection(5, { clientId: "", properties: { sessionExpiryInterval: 999 } }, { clientId: "given", sessionExpirySeconds: 100, keepAliveSeconds: 30 });
    const [connack] = parse(5, turn.send);
    assert.ok(connack?.cmd === "connack");
    assert.equal(
      { ...connack.properties },
      {
        sessionExpiryInterval: 100,
        receiveMaximum: 10,
        maximumQoS: 1,
        maximumPacketSize: 1000,
        assignedClientIdentifier: "given",
        topicAliasMaximum: 0,
        wildcardSubscriptionAvailable: true,
        subscriptionIdentifiersAvailable: false,
        sharedSubscriptionAvailable: false,
        serverKeepAlive: 30,
      },
    );
  });
  test("holds what a client sends before it is let in, and takes it afterwards", () => {
    const connection = makeConnection(LIMITS);
    assert.equal(kinds(connection.receive(write(4, connectOf(4), publishOf(1)))), ["connect"]);
    assert.equal(kinds(connection.receive(write(4, publishOf(2)))), []);
    const turn = connection.admit(admissionOf(makeCommands()));
    assert.equal(eventOf(turn, "publish").delivery.messages.map(({ packetId }) => packetId), [1, 2]);
  });
  test("refuses with the code of each version", () => {
    for (const [reason, returnCode] of [[0x84, 1], [0x85, 2], [0x88, 3], [0x86, 4], [0x87, 5]] as const) {
      for (const version of VERSIONS) {
        const connection = makeConnection(LIMITS);
        connection.receive(write(version, connectOf(version)));
        const [connack] = parse(version, connection.refuse(reason, "no"));
        assert.ok(connack?.cmd === "connack" && (version === 5 ? connack.reasonCode === reason : connack.returnCode === returnCode));
        assert.equal(connection.receive(write(version, publishOf(1))).events, []);
      }
    }
  });
  test("answers MQTT 3.1 and unknown levels with return code 1", () => {
    const old = generate({ cmd: "connect", protocolId: "MQIsdp", protocolVersion: 3, clientId: "c", clean: true, keepalive: 1 });
    const future = write(4, connectOf(4));
    future[8] = 6;
    for (const bytes of [old, future]) {
      const turn = makeConnection(LIMITS).receive(bytes);
      assert.equal(turn.send, Buffer.from([0x20, 2, 0, 1]));
      assert.is(eventOf(turn, "broken").fault.code, "NOT_SUPPORTED");
    }
  });
  test("answers no byte to a stranger, and knows it by its first one", () => {
    for (const bytes of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01", "\x00", "\xff", "\x30\x05", "\x10\x0a\x00\x04HTTP"]) {
      const turn = makeConnection(LIMITS).receive(Buffer.from(bytes, "latin1"));
      const isWhole = !bytes.startsWith("\x10");
      if (isWhole) assert.equal(kinds(turn), ["broken"], JSON.stringify(bytes));
      assert.is(turn.send, undefined);
    }
  });
  test("takes no CONNECT beyond its limit, and says so before its end came", () => {
    const bytes = write(5, connectOf(5, { username: "u".repeat(500) }));
    const turn = makeConnection(LIMITS).receive(bytes.subarray(0, 10));
    assert.is(eventOf(turn, "broken").fault.code, "PEER_LIMIT");
  });
  test("names in CONNACK of MQTT 5 what is wrong with the CONNECT", () => {
    const cases: readonly (readonly [object, number])[] = [
      [{ will: { topic: "a/#", payload: "", qos: 0 } }, 0x90],
      [{ will: { topic: "a", payload: "", qos: 2 } }, 0x9b],
      [{ properties: { authenticationMethod: "SCRAM" } }, 0x8c],
      [{ clientId: "x".repeat(257) }, 0x85],
    ];
    for (const [more, reason] of cases) {
      const turn = makeConnection({ ...LIMITS, maxConnectBytes: 4096 }).receive(write(5, connectOf(5, more)));
      assert.is(reasonIn(turn), reason, JSON.stringify(more));
      assert.equal(kinds(turn), ["broken"]);
    }
  });
  test("refuses a lasting session without client id by return code 2, and takes a will of QoS 2, in MQTT 3.1.1", () => {
    const bytes = write(4, connectOf(4));
    // Clean session off and the client id emptied, by hand: no writer does it.
    const anonymous = Buffer.concat([Buffer.from([0x10, 12]), bytes.subarray(2, 9), Buffer.from([0, 0, 60, 0, 0])]);
    const turn = makeConnection(LIMITS).receive(anonymous);
    assert.equal(turn.send, Buffer.from([0x20, 2, 0, 2]));
    assert.equal(kinds(makeConnection(LIMITS).receive(write(4, connectOf(4, { will: { topic: "root/w", payload: "x", qos: 2 } })))), ["connect"]);
  });
  test("ends a connection that connects twice", () => {
    for (const version of VERSIONS) {
      const turn = openConnection(version).feed(connectOf(version));
      assert.equal(kinds(turn), ["broken"]);
      assert.is(reasonIn(turn), version === 5 ? 0x82 : undefined);
    }
  });
});

suite("mqtt server: messages", (test) => {
  for (const version of VERSIONS) {
    test(`acknowledges by version ${version} only what is durable, in the order it came`, () => {
      const { connection, feed } = openConnection(version);
      const deliveries = [feed(publishOf(5)), feed(publishOf(2), publishOf(9)), feed(publishOf(1))].map((turn) => eventOf(turn, "publish").delivery);
      assert.is(connection.takeAcknowledgements(), undefined);
      const [first, second, third] = deliveries;
      if (first === undefined || second === undefined || third === undefined) throw new Error("three deliveries");
      connection.settle(third.receipt);
      connection.settle(second.receipt);
      assert.is(connection.takeAcknowledgements(), undefined);
      assert.is(connection.load().messages, 1);
      connection.settle(first.receipt);
      connection.settle(first.receipt);
      assert.equal(acknowledged(version, connection.takeAcknowledgements()), version === 5 ? [[5, 0], [2, 0], [9, 0], [1, 0]] : [5, 2, 9, 1]);
      assert.is(connection.load().messages, 0);
      assert.is(connection.takeAcknowledgements(), undefined);
    });
    test(`hands on by version ${version} QoS, retain, duplicate, payload and topic as they came`, () => {
      const { feed } = openConnection(version);
      const turn = feed(publishOf(1, { dup: true, retain: true, topic: "root/größe/℃", payload: Buffer.from([0, 255, 0]) }), publishOf(0, { qos: 0, topic: "root/q0", payload: "" }));
      const { messages } = eventOf(turn, "publish").delivery;
      assert.equal(messages.map(({ topic, payload, qos, packetId, isRetained, isDuplicate }) => [topic, [...payload], qos, packetId, isRetained, isDuplicate]), [
        ["root/größe/℃", [0, 255, 0], 1, 1, true, true],
        ["root/q0", [], 0, 0, false, false],
      ]);
    });
    test(`sets apart by version ${version} what a machine publishes beside its root`, () => {
      const { connection, feed } = openConnection(version);
      const { delivery } = eventOf(feed(publishOf(1), publishOf(2, { topic: "other/p" }), publishOf(3, { topic: "root" }), publishOf(4, { topic: "rootless/p" }), publishOf(5)), "publish");
      assert.equal(delivery.messages.map(({ packetId }) => packetId), [1, 5]);
      assert.equal(delivery.refused.map(({ packetId }) => packetId), [2, 3, 4]);
      connection.settle(delivery.receipt);
      assert.equal(acknowledged(version, connection.takeAcknowledgements()), version === 5 ? [[1, 0], [2, 0x87], [3, 0x87], [4, 0x87], [5, 0]] : [1, 2, 3, 4, 5]);
    });
    test(`ends version ${version} at QoS 2, and still hands on what came before`, () => {
      const turn = openConnection(version).feed(publishOf(1), publishOf(2, { qos: 2 }), publishOf(3));
      assert.equal(kinds(turn), ["publish", "broken"]);
      assert.equal(eventOf(turn, "publish").delivery.messages.map(({ packetId }) => packetId), [1]);
      assert.is(reasonIn(turn), version === 5 ? 0x9b : undefined);
    });
    test(`takes from version ${version} a packet of the limit and ends it above`, () => {
      const { feed } = openConnection(version);
      const fits = publishOf(1, { payload: "x".repeat(1000 - 3 - 8 - 2 - (version === 5 ? 1 : 0)) });
      assert.is(write(version, fits).length, 1000);
      assert.equal(kinds(feed(fits)), ["publish"]);
      const turn = feed(write(version, publishOf(2, { payload: "x".repeat(1000) })).subarray(0, 6));
      assert.equal(kinds(turn), ["broken"]);
      assert.is(reasonIn(turn), version === 5 ? 0x95 : undefined);
    });
  }
  test("ends MQTT 5 that has more in flight than the receive maximum, and counts only what is not acknowledged", () => {
    const { connection, feed } = openConnection(5);
    const ids = Array.from({ length: 10 }, (_, index) => publishOf(index + 1));
    const { delivery } = eventOf(feed(...ids), "publish");
    connection.settle(delivery.receipt);
    connection.takeAcknowledgements();
    assert.equal(kinds(feed(...ids)), ["publish"]);
    const turn = feed(publishOf(11));
    assert.is(reasonIn(turn), 0x93);
  });
  test("lets MQTT 3.1.1 have more in flight, since nobody told it a bound", () => {
    const { feed } = openConnection(4);
    const turn = feed(...Array.from({ length: 50 }, (_, index) => publishOf(index + 1)));
    assert.is(eventOf(turn, "publish").delivery.messages.length, 50);
  });
  test("ends a client that reuses a packet id in flight, but takes an MQTT 3.1.1 duplicate", () => {
    assert.is(reasonIn(openConnection(5).feed(publishOf(7), publishOf(7))), 0x82);
    assert.is(reasonIn(openConnection(5).feed(publishOf(7), publishOf(7, { dup: true }))), 0x82);
    assert.equal(kinds(openConnection(4).feed(publishOf(7), publishOf(7))), ["publish", "broken"]);
    const { connection, feed } = openConnection(4);
    const { delivery } = eventOf(feed(publishOf(7), publishOf(7, { dup: true })), "publish");
    connection.settle(delivery.receipt);
    assert.equal(acknowledged(4, connection.takeAcknowledgements()), [7, 7]);
    assert.equal(kinds(feed(publishOf(7))), ["publish"]);
  });
});

suite("mqtt server: subscriptions, commands and the end", (test) => {
  for (const version of VERSIONS) {
    test(`grants version ${version} the commands of its own root and nothing else`, () => {
      const { feed, commands } = openConnection(version);
      const filters = ["root/commands", "root/commands/#", "root/commands/+/x", "#", "root/#", "root/points", "root/commands#", "$share/g/root/commands", "other/commands"];
      const turn = feed({ cmd: "subscribe", messageId: 3, subscriptions: filters.map((topic, index) => ({ topic, qos: index === 1 ? 2 : index === 2 ? 0 : 1, nl: false, rap: false, rh: 0 })) });
      const [suback] = parse(version, turn.send);
      const no = (code: number): number => (version === 5 ? code : 0x80);
      assert.ok(suback?.cmd === "suback" && suback.messageId === 3);
      assert.equal(suback.granted, [1, 1, 0, no(0x87), no(0x87), no(0x87), no(0x8f), no(0x9e), no(0x87)]);
      assert.equal(eventOf(turn, "filtersRefused").filters, filters.slice(3));
      assert.equal([...commands.subscriptions], [["root/commands", 1], ["root/commands/#", 1], ["root/commands/+/x", 0]]);
      const [unsuback] = parse(version, feed({ cmd: "unsubscribe", messageId: 4, unsubscriptions: ["root/commands/#", "root/never"] }).send);
      assert.ok(unsuback?.cmd === "unsuback" && unsuback.messageId === 4);
      if (version === 5) assert.equal(unsuback.granted, [0, 0x11]);
      assert.is(commands.subscriptions.size, 2);
    });
    test(`answers the pings of version ${version} and lets it go`, () => {
      const { feed } = openConnection(version);
      assert.equal(feed(Buffer.from([0xc0, 0])).send, Buffer.from([0xd0, 0]));
      const turn = feed(version === 5 ? { cmd: "disconnect", reasonCode: 4 } : Buffer.from([0xe0, 0]));
      assert.is(eventOf(turn, "goodbye").isWillDue, version === 5);
      assert.equal(feed(publishOf(1)), { events: [], send: undefined });
    });
  }
  test("grants no more than 16 subscriptions", () => {
    const { feed, commands } = openConnection(5);
    const turn = feed({ cmd: "subscribe", messageId: 1, subscriptions: Array.from({ length: 20 }, (_, index) => ({ topic: `root/commands/${index}`, qos: 1, nl: false, rap: false, rh: 0 })) });
    const [suback] = parse(5, turn.send);
    assert.ok(suback?.cmd === "suback");
    assert.equal(suback.granted.slice(15), [1, 0x97, 0x97, 0x97, 0x97]);
    assert.is(commands.subscriptions.size, 16);
  });
  test("ends MQTT 5 that asks for a lasting session only when it goes", () => {
    assert.is(reasonIn(openConnection(5).feed({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 10 } })), 0x82);
    const turn = openConnection(5, { properties: { sessionExpiryInterval: 5 } }).feed({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 10 } });
    assert.is(eventOf(turn, "goodbye").sessionExpirySeconds, 10);
  });
  test("sends commands within the client's window, again and in order after it came back, and settles them", () => {
    const settled: string[] = [];
    const commands = makeCommands();
    const first = openConnection(5, { properties: { receiveMaximum: 2, sessionExpiryInterval: 10 } }, { commands });
    first.feed({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "root/commands/#", qos: 1, nl: false, rap: false, rh: 0 }] });
    for (const name of ["a", "b", "c"]) commands.offer({ topic: `root/commands/${name}`, payload: Buffer.from(name), settled: (fault) => settled.push(`${name}${fault?.code ?? ""}`) });
    const list = (bytes: Buffer | undefined) => parse(5, bytes).flatMap((packet) => (packet.cmd === "publish" ? [[packet.topic, packet.messageId, packet.dup]] : []));
    assert.equal(list(commands.take()), [["root/commands/a", 1, false], ["root/commands/b", 2, false]]);
    assert.equal(list(first.feed({ cmd: "puback", messageId: 2, reasonCode: 0 }).send), [["root/commands/c", 3, false]]);
    commands.detach();
    const second = openConnection(5, { properties: { receiveMaximum: 2 } }, { commands, isSessionPresent: true });
    assert.equal(list(second.turn.send), [["root/commands/a", 1, true], ["root/commands/c", 3, true]]);
    second.feed({ cmd: "puback", messageId: 3, reasonCode: 0x80 }, { cmd: "puback", messageId: 1, reasonCode: 0 }, { cmd: "puback", messageId: 77, reasonCode: 0 });
    assert.equal(settled, ["b", "cACCESS_DENIED", "a"]);
  });
  test("bounds what waits for a machine, and refuses what it does not subscribe to or cannot take", () => {
    const { commands, feed } = openConnection(5, { properties: { maximumPacketSize: 60 } });
    const offer = (payload: string, settled: (fault?: { readonly code: string }) => void = () => undefined): void => commands.offer({ topic: "root/commands/x", payload: Buffer.from(payload), settled });
    assert.throws(() => offer("x"), "NOT_FOUND");
    feed({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "root/commands/+", qos: 1, nl: false, rap: false, rh: 0 }] });
    let code = "";
    offer("x".repeat(100), (fault) => void (code = fault?.code ?? "none"));
    assert.is(commands.take(), undefined);
    assert.is(code, "PEER_LIMIT");
    for (let count = 0; count < 64; count += 1) offer(`${count}`);
    assert.throws(() => offer("one more"), "PEER_OVERLOADED");
    commands.take();
    assert.is(code, "PEER_LIMIT");
  });
});
