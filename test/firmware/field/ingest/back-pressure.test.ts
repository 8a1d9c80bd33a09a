// Shows that a machine is read no faster than its messages become durable, and that one that does not read is not waited for.

import { assert, suite } from "../../../support/suite.ts";
import { connected, connectOf, openRaw, publishOf, type RawClient } from "./raw-client.ts";
import { startIngest } from "./running-ingest.ts";

suite("ingest: back-pressure", (test) => {
  test("reads no more from a machine than its bound while nothing becomes durable, and all of it afterwards", async ({ signal, defer }) => {
    const waiting: (() => void)[] = [];
    let isOpen = false;
    const running = await startIngest(defer, { limits: { maxInFlightBytes: 65_536 }, ports: { accept: () => new Promise<void>((resolve) => void (isOpen ? resolve() : waiting.push(resolve))) } });
    const client = openRaw(defer, running.port);
    client.send(connectOf("m1"));
    await connected(client, signal);
    const count = 20_000;
    client.send(...Array.from({ length: count }, (_, index) => publishOf("m1", index + 1, Buffer.alloc(1000))));
    await running.until("something", () => running.taken.length > 0, signal);
    // A second connection shows that the endpoint goes on, and gives the first one time to be read too far.
    const other = openRaw(defer, running.port);
    other.send(connectOf("m2"));
    await connected(other, signal);
    for (let turn = 0; turn < 50; turn += 1) {
      other.send({ cmd: "pingreq" });
      await other.next(signal);
    }
    assert.ok(running.taken.length < 400, `${running.taken.length} messages of 1,000 bytes are held`);
    assert.ok(running.ingest.figures().inFlightBytes > 65_536 && running.ingest.figures().inFlightBytes < 400_000);
    isOpen = true;
    for (const release of waiting) release();
    await running.until("all", () => running.taken.length === count, signal);
    while (client.received.length < count + 1) await client.next(signal);
    assert.is(running.ingest.figures().inFlightBytes, 0);
    assert.equal(client.received.slice(1).map(({ messageId }) => messageId), Array.from({ length: count }, (_, index) => index + 1));
  }, { limitMs: 60_000 });
  test("stops reading from all when all together hold too much, and goes on when half of it is free", async ({ signal, defer }) => {
    const waiting: (() => void)[] = [];
    let isOpen = false;
    const running = await startIngest(defer, { limits: { maxTotalInFlightBytes: 100_000 }, ports: { accept: () => new Promise<void>((resolve) => void (isOpen ? resolve() : waiting.push(resolve))) } });
    const clients = Array.from({ length: 4 }, () => openRaw(defer, running.port));
    for (const [index, client] of clients.entries()) {
      client.send(connectOf(`m${index}`));
      await connected(client, signal);
    }
    for (const [index, client] of clients.entries()) client.send(publishOf(`m${index}`, 1, Buffer.alloc(60_000)));
    await running.until("two", () => running.taken.length >= 2, signal);
    const late = clients[3];
    late?.send({ cmd: "pingreq" });
    isOpen = true;
    for (const release of waiting) release();
    await running.until("all", () => running.taken.length === 4, signal);
    await Promise.all(clients.map((client) => client.next(signal)));
  });
  test("ends a client that does not read what it is sent, and keeps its commands for the one that comes back", async ({ signal, defer }) => {
    const running = await startIngest(defer, { limits: { maxUnsentBytes: 4096, maxStallMs: 300 } });
    const client = openRaw(defer, running.port);
    client.send(connectOf("m1", { clean: false }));
    await connected(client, signal);
    client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "miko/v1/m1/commands/#", qos: 1 }] });
    assert.is((await client.next(signal)).cmd, "suback");
    client.socket.pause();
    // More than the buffers of the kernel between us take.
    const commands = Array.from({ length: 19 }, () => running.ingest.send("urn:test:m1", "miko/v1/m1/commands/x", Buffer.alloc(262_144)));
    await running.until("the end", () => running.presence.length === 2, signal);
    assert.is(running.faults[0]?.code, "PEER_OVERLOADED");
    assert.match(running.faults[0]?.where ?? "", /urn:test:m1/);
    const next = openRaw(defer, running.port);
    next.send(connectOf("m1", { clean: false }));
    await connected(next, signal);
    for (let count = 0; count < 19; count += 1) {
      const command = await next.next(signal);
      assert.is(command.cmd, "publish");
      next.send({ cmd: "puback", messageId: command.messageId ?? 0 });
    }
    await Promise.all(commands);
  }, { limitMs: 60_000 });
  test("ends those who hold most in packets that they do not complete", async ({ signal, defer }) => {
    const running = await startIngest(defer, { limits: { maxTotalHeldBytes: 300_000 } });
    const begin = async (name: string, bytes: number): Promise<RawClient> => {
      const client = openRaw(defer, running.port);
      client.send(connectOf(name));
      await connected(client, signal);
      client.send(Buffer.concat([Buffer.from([0x30, 0xff, 0xff, 0x3e]), Buffer.alloc(bytes)]));
      return client;
    };
    const small = await begin("m1", 1000);
    const big = await begin("m2", 200_000);
    await begin("m3", 150_000);
    await big.closed;
    small.send(Buffer.alloc(10));
    assert.match(String(running.faults[0]), /urn:test:m2.*does not complete/);
    assert.ok(running.ingest.connections().some(({ machine }) => machine === "urn:test:m1"));
  });
});
