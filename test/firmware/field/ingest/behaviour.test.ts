// Shows on the wire what the endpoint promises: durable before acknowledged, one session per client, wills, deadlines, bounds.

import { Fault } from "../../../../drivers/contract/fault.ts";
import { makePenalties } from "../../../../firmware/field/ingest/penalties.ts";
import { makeReports } from "../../../../firmware/field/ingest/reports.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { connected, connectOf, openRaw, publishOf, type RawClient } from "./raw-client.ts";
import { startIngest } from "./running-ingest.ts";

async function codeOf(client: RawClient, signal: AbortSignal): Promise<number | undefined> {
  const packet = await client.next(signal);
  if (packet.cmd === "connack") return packet.returnCode ?? packet.reasonCode;
  return packet.cmd === "disconnect" ? packet.reasonCode : undefined;
}

suite("ingest: durable before acknowledged", (test) => {
  for (const version of [4, 5] as const) {
    test(`acknowledges by version ${version} when accept has resolved, and in order`, async ({ signal, defer }) => {
      const waiting: (() => void)[] = [];
      const running = await startIngest(defer, { ports: { accept: () => new Promise<void>((resolve) => waiting.push(resolve)) } });
      const client = openRaw(defer, running.port, { version });
      client.send(connectOf("m1", {}, version));
      await connected(client, signal);
      for (const id of [3, 1, 2]) {
        client.send(publishOf("m1", id));
        await running.until(`message ${id}`, () => running.taken.at(-1)?.message.packetId === id, signal);
      }
      waiting[1]?.();
      waiting[2]?.();
      client.send({ cmd: "pingreq" });
      assert.is((await client.next(signal)).cmd, "pingresp");
      waiting[0]?.();
      const acknowledged = [await client.next(signal), await client.next(signal), await client.next(signal)];
      assert.equal(acknowledged.map((packet) => [packet.cmd, packet.messageId]), [["puback", 3], ["puback", 1], ["puback", 2]]);
    });
    test(`ends a connection of version ${version} whose messages could not be kept, and acknowledges none`, async ({ signal, defer }) => {
      const running = await startIngest(defer, { ports: { accept: () => Promise.reject(new Fault("STORAGE_BUSY", "too much waits")) } });
      const client = openRaw(defer, running.port, { version });
      client.send(connectOf("m1", {}, version), publishOf("m1", 1));
      await connected(client, signal);
      if (version === 5) assert.is(await codeOf(client, signal), 0x89);
      await client.closed;
      assert.not(client.received.some(({ cmd }) => cmd === "puback"));
      assert.equal(running.faults.map(({ code, where }) => [code, /urn:test:m1, client "client-m1" at 127\.0\.0\.1:\d+/.test(where ?? "")]), [["STORAGE_BUSY", true]]);
    });
  }
  test("acknowledges MQTT 3.1.1 a message beside its root when it was set apart, and reports it", async ({ signal, defer }) => {
    let release = (): void => undefined;
    const running = await startIngest(defer, { ports: { setApart: () => new Promise<void>((resolve) => void (release = resolve)) } });
    const client = openRaw(defer, running.port);
    client.send(connectOf("m1"), publishOf("m1", 1, "x", { topic: "miko/v1/m2/points/p" }), publishOf("m1", 2));
    await connected(client, signal);
    await running.until("set apart", () => running.apart.length === 1 && running.taken.length === 1, signal);
    client.send({ cmd: "pingreq" });
    assert.is((await client.next(signal)).cmd, "pingresp");
    release();
    assert.equal([(await client.next(signal)).messageId, (await client.next(signal)).messageId], [1, 2]);
    assert.equal(running.faults.map(({ code }) => code), ["ACCESS_DENIED"]);
    assert.match(String(running.faults[0]), /miko\/v1\/m2\/points\/p/);
  });
  test("settles and acknowledges what it received before it closes, and says so", async ({ signal, defer }) => {
    let release = (): void => undefined;
    const running = await startIngest(defer, { ports: { accept: () => new Promise<void>((resolve) => void (release = resolve)) } });
    const client = openRaw(defer, running.port, { version: 5 });
    client.send(connectOf("m1", { will: { topic: "miko/v1/m1/status", payload: "gone", qos: 1 } }, 5), publishOf("m1", 1));
    await connected(client, signal);
    await running.until("the message", () => running.taken.length === 1, signal);
    const closed = running.ingest.close();
    release();
    const [puback, disconnect] = [await client.next(signal), await client.next(signal)];
    assert.equal([puback.cmd, disconnect.cmd === "disconnect" && disconnect.reasonCode], ["puback", 0x8b]);
    await closed;
    assert.is(running.taken.length, 1);
  });
});

suite("ingest: who is let in", (test) => {
  test("answers each refusal with its code in both versions, and names the peer", async ({ signal, defer }) => {
    const running = await startIngest(defer);
    const wrong = { password: Buffer.from("guess") };
    for (const [name, more, old, code] of [["m1", wrong, 4, 0x86], ["pending", {}, 5, 0x87], ["later", {}, 3, 0x88], ["m1", { will: { topic: "miko/v1/m2/status", payload: "", qos: 0 } }, 5, 0x87]] as const) {
      for (const version of [4, 5] as const) {
        const client = openRaw(defer, running.port, { version });
        client.send(connectOf(name, more, version));
        assert.is(await codeOf(client, signal), version === 5 ? code : old, `${name} by version ${version}`);
        await client.closed;
      }
    }
    assert.ok(running.faults.every(({ where }) => /127\.0\.0\.1:\d+/.test(where ?? "")), running.faults.map(String).join("\n"));
  });
  test("refuses a root that would let a machine publish anywhere", async ({ signal, defer }) => {
    for (const root of ["", "#", "a/+", "a/", "$SYS"]) {
      const running = await startIngest(defer, { ports: { authenticate: async () => ({ machine: "m", root }) } });
      const client = openRaw(defer, running.port);
      client.send(connectOf("m1"));
      assert.is(await codeOf(client, signal), 3);
      assert.is(running.faults[0]?.code, "DEFECT");
    }
  });
  test("slows an address down after three refusals, and never locks it out", async () => {
    const clock = makeFakeClock();
    const penalties = makePenalties(clock);
    const delays = Array.from({ length: 10 }, () => {
      penalties.refused("a");
      return penalties.delayMs("a");
    });
    assert.equal(delays, [0, 0, 250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
    assert.is(penalties.delayMs("b"), 0);
    await clock.advance(600_001);
    assert.is(penalties.delayMs("a"), 0);
    for (let count = 0; count < 5000; count += 1) penalties.refused(`address ${count}`);
  });
  test("lets an address that guessed wait, and a good machine behind it in", async ({ signal, defer }) => {
    const clock = makeFakeClock();
    const running = await startIngest(defer, { clock });
    for (let guess = 0; guess < 3; guess += 1) {
      const client = openRaw(defer, running.port);
      client.send(connectOf("m1", { password: Buffer.from(`guess ${guess}`) }));
      assert.is(await codeOf(client, signal), 4);
      await client.closed;
    }
    const startedMs = clock.uptimeMs();
    const good = openRaw(defer, running.port);
    good.send(connectOf("m1"));
    const answer = connected(good, signal);
    while (good.received.length === 0 && !signal.aborted) await clock.advance(10);
    await answer;
    assert.ok(clock.uptimeMs() - startedMs >= 250, `${clock.uptimeMs() - startedMs} ms`);
    assert.equal(running.claims.length, 4);
  });
  test("reports a fault that repeats once in ten seconds with its count", async () => {
    const clock = makeFakeClock();
    const reported: string[] = [];
    const report = makeReports(clock, (fault) => reported.push(String(fault)));
    const say = (address: string): void => report(new Fault("PEER_PROTOCOL", "no MQTT"), { address });
    for (let count = 0; count < 100; count += 1) say("a");
    say("b");
    await clock.advance(10_000);
    say("a");
    assert.equal(reported, ["a: no MQTT", "b: no MQTT", "a: no MQTT (and 99 faults like it before)"]);
  });
  test("turns away connections beyond its bounds, in all and by address", async ({ signal, defer }) => {
    for (const limits of [{ maxConnections: 2 }, { maxConnectionsPerAddress: 2 }]) {
      const running = await startIngest(defer, { limits });
      const clients = [openRaw(defer, running.port), openRaw(defer, running.port)];
      for (const [index, client] of clients.entries()) {
        client.send(connectOf(`m${index}`));
        await connected(client, signal);
      }
      const third = openRaw(defer, running.port);
      await third.closed;
      assert.is(running.faults[0]?.code, "PEER_LIMIT");
      clients[0]?.socket.destroy();
      await running.until("one is gone", () => running.presence.length === 3, signal);
      const fourth = openRaw(defer, running.port);
      fourth.send(connectOf("m4"));
      await connected(fourth, signal);
    }
  });
  test("ends who is not let in before the deadline, silent or slow", async ({ signal, defer }) => {
    const running = await startIngest(defer, { limits: { handshakeMs: 300 }, ports: { authenticate: () => new Promise(() => undefined) } });
    const silent = openRaw(defer, running.port);
    const slow = openRaw(defer, running.port);
    slow.send(Buffer.from([0x10, 100, 0]));
    const undecided = openRaw(defer, running.port);
    undecided.send(connectOf("m1"));
    await Promise.all([silent.closed, slow.closed]);
    assert.is(await codeOf(undecided, signal), 3);
    assert.equal(new Set(running.faults.map(({ code }) => code)), new Set(["PEER_TIMEOUT"]));
  });
  test("ends who sends more than 4 KiB before it is known, and answers a stranger no byte", async ({ signal, defer }) => {
    const running = await startIngest(defer);
    const long = openRaw(defer, running.port);
    long.send(connectOf("m1", { password: Buffer.alloc(5000) }));
    const stranger = openRaw(defer, running.port);
    stranger.send(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    await Promise.all([long.closed, stranger.closed]);
    assert.equal([long.socket.bytesRead, stranger.socket.bytesRead], [0, 0]);
    await running.until("reports", () => running.faults.length === 2, signal);
    assert.equal(running.faults.map(({ code }) => code).sort(), ["PEER_LIMIT", "PEER_PROTOCOL"]);
  });
});

suite("ingest: sessions", (test) => {
  test("lets the same machine take its session over, and refuses another machine the client id", async ({ signal, defer }) => {
    const running = await startIngest(defer);
    const first = openRaw(defer, running.port, { version: 5 });
    first.send(connectOf("m1", { clientId: "c", clean: false, properties: { sessionExpiryInterval: 60 } }, 5));
    await connected(first, signal);
    const thief = openRaw(defer, running.port, { version: 5 });
    thief.send(connectOf("m2", { clientId: "c" }, 5));
    const refusal = await thief.next(signal);
    assert.ok(refusal.cmd === "connack" && refusal.reasonCode === 0x85);
    assert.not.match(JSON.stringify(refusal), /urn:test/);
    assert.match(String(running.faults[0]), /client id "c", under which urn:test:m1 is connected/);
    const second = openRaw(defer, running.port, { version: 5 });
    second.send(connectOf("m1", { clientId: "c", clean: false, properties: { sessionExpiryInterval: 60 } }, 5));
    const connack = await second.next(signal);
    assert.ok(connack.cmd === "connack" && connack.sessionPresent);
    assert.is(await codeOf(first, signal), 0x8e);
    second.send(publishOf("m1", 1));
    assert.is((await second.next(signal)).cmd, "puback");
    assert.equal(running.ingest.connections().map(({ machine }) => machine), ["urn:test:m1"]);
  });
  test("takes the will of a machine that goes without a word, and none after its goodbye", async ({ signal, defer }) => {
    for (const version of [4, 5] as const) {
      const running = await startIngest(defer);
      const will = { topic: "miko/v1/m1/status", payload: "offline", qos: 1, retain: true };
      const polite = openRaw(defer, running.port, { version });
      polite.send(connectOf("m1", { will }, version));
      await connected(polite, signal);
      polite.send({ cmd: "disconnect", reasonCode: 0 });
      await polite.closed;
      const lost = openRaw(defer, running.port, { version });
      lost.send(connectOf("m1", { will }, version));
      await connected(lost, signal);
      lost.socket.resetAndDestroy();
      await running.until("the will", () => running.taken.length > 0, signal);
      assert.equal(running.taken.map(({ text, message, source }) => [text, message.topic, message.isRetained, source.machine]), [["offline", "miko/v1/m1/status", true, "urn:test:m1"]]);
      await running.until("presence", () => running.presence.length === 4, signal);
      assert.equal(running.presence.map(({ isConnected, fault }) => [isConnected, fault?.code]), [[true, undefined], [false, undefined], [true, undefined], [false, "PEER_CLOSED"]]);
    }
  });
  test("waits with a delayed will, and forgets it when the machine is back in time", async ({ signal, defer }) => {
    const clock = makeFakeClock();
    const running = await startIngest(defer, { clock });
    const connect = (payload: string) => connectOf("m1", { clean: false, will: { topic: "miko/v1/m1/status", payload, qos: 1, properties: { willDelayInterval: 30 } }, properties: { sessionExpiryInterval: 60 } }, 5);
    for (const [index, payload] of ["first", "second"].entries()) {
      const client = openRaw(defer, running.port, { version: 5 });
      client.send(connect(payload));
      const connack = await client.next(signal);
      assert.ok(connack.cmd === "connack" && connack.sessionPresent === (index === 1));
      client.socket.destroy();
      await running.until("gone", () => running.presence.length === 2 * (index + 1), signal);
      await clock.advance(29_000);
    }
    assert.equal(running.taken, []);
    await clock.advance(1000);
    assert.equal(running.taken.map(({ text }) => text), ["second"]);
    await running.ingest.close();
  });
  test("ends a machine that is silent for one and a half times its keep-alive, and takes its will", async ({ signal, defer }) => {
    const clock = makeFakeClock();
    const running = await startIngest(defer, { clock });
    const client = openRaw(defer, running.port, { version: 5 });
    client.send(connectOf("m1", { keepalive: 10, will: { topic: "miko/v1/m1/status", payload: "offline", qos: 1 } }, 5));
    await connected(client, signal);
    await clock.advance(14_000);
    client.send({ cmd: "pingreq" });
    assert.is((await client.next(signal)).cmd, "pingresp");
    await clock.advance(14_900);
    assert.is(running.presence.length, 1);
    await clock.advance(500);
    assert.is(await codeOf(client, signal), 0x8d);
    assert.equal([running.taken.map(({ text }) => text), running.faults.map(({ code }) => code)], [["offline"], ["PEER_TIMEOUT"]]);
  });
  test("sends a command again to a machine that came back without having acknowledged it", async ({ signal, defer }) => {
    const running = await startIngest(defer);
    const open = async (): Promise<RawClient> => {
      const client = openRaw(defer, running.port);
      client.send(connectOf("m1", { clean: false }));
      await connected(client, signal);
      return client;
    };
    const first = await open();
    first.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "miko/v1/m1/commands/+", qos: 1 }] });
    assert.is((await first.next(signal)).cmd, "suback");
    const done = running.ingest.send("urn:test:m1", "miko/v1/m1/commands/go", Buffer.from("!"));
    const sent = await first.next(signal);
    assert.ok(sent.cmd === "publish" && !sent.dup);
    first.socket.destroy();
    await running.until("gone", () => running.presence.length === 2, signal);
    const second = await open();
    const again = await second.next(signal);
    assert.ok(again.cmd === "publish" && again.dup && again.messageId === sent.messageId);
    second.send({ cmd: "puback", messageId: again.messageId ?? 0 });
    await done;
    await assert.rejects(running.ingest.send("urn:test:m1", "miko/v1/m1/points/p", Buffer.alloc(0)), "INPUT_INVALID");
    const orphan = running.ingest.send("urn:test:m1", "miko/v1/m1/commands/go", Buffer.from("?"));
    running.ingest.dismiss("urn:test:m1", "the machine was refused");
    await assert.rejects(orphan, "ACCESS_DENIED");
    await second.closed;
  });
});
