// Shows that a conduit is typed end to end, waits for core, repeats with the same number, and ends in good order.

import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { dirname } from "node:path";

import { Fault } from "../../../drivers/contract/fault.ts";
import type { RequestIdentity } from "../../../firmware/conduit/route.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { serveConduit } from "../../../firmware/runtime/conduit-server.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { contract, makeHandlers, open, serve } from "./fixture-conduit.ts";

suite("conduit calls", (test) => {
  test("carries input and reply of a query, a post and raw bytes", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    await serve(defer, socket);
    const client = open(defer, socket);
    assert.equal(await client.call("poll", { after: 41, waitMs: 1 }, signal), { revision: 42 });
    assert.equal(await client.call("add", { left: 1.5, right: -2 }, signal), { sum: -0.5 });
    const taken = await client.call("take", {}, signal);
    assert.equal(taken.head, { name: "Größe ✓" });
    assert.equal([...taken.body], [0, 255, 7]);
  });

  test("numbers every post of an epoch and no query", async ({ signal, defer }) => {
    const seen: (RequestIdentity | undefined)[] = [];
    const socket = conduitSocket(makeTempDir(defer), "test");
    await serve(defer, socket, {
      add: (_input, { identity }) => (seen.push(identity), { sum: 0 }),
      poll: (_input, { identity }) => (seen.push(identity), { revision: 0 }),
    });
    const client = open(defer, socket);
    await client.call("add", { left: 0, right: 0 }, signal);
    await client.call("poll", { after: 0, waitMs: 0 }, signal);
    await client.call("add", { left: 0, right: 0 }, signal);
    assert.equal(seen, [{ epoch: "e-1", number: 1 }, undefined, { epoch: "e-1", number: 2 }]);
  });

  test("throws core's fault with code, place and remedy on the caller's side", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    await serve(defer, socket, {
      add: () => {
        throw new Fault("STORAGE_FULL", "no room is left", { where: "outbox.db", remedy: "Give it more." });
      },
    });
    const error = await assert.rejects(open(defer, socket).call("add", { left: 0, right: 0 }, signal), "STORAGE_FULL");
    assert.is(String(error), "outbox.db: no room is left. Give it more.");
  });

  test("tells the caller of a defect without its inside", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    await serve(defer, socket, {
      add: () => {
        throw new TypeError("inner words");
      },
    });
    const error = await assert.rejects(open(defer, socket).call("add", { left: 0, right: 0 }, signal), "DEFECT");
    assert.not.match(String(error), /inner words/);
  });

  test("long polls in any number do not hold up a post", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    await serve(defer, socket);
    const client = open(defer, socket);
    const stop = new AbortController();
    const polls = Array.from({ length: 12 }, () => client.call("poll", { after: 0, waitMs: 60_000 }, stop.signal));
    const ended = Promise.allSettled(polls);
    assert.equal(await client.call("add", { left: 1, right: 1 }, signal), { sum: 2 });
    stop.abort();
    assert.ok((await ended).every((result) => result.status === "rejected"));
  });

  test("tells the handler when the caller goes away", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    await serve(defer, socket, {
      poll: async (_input, call) => {
        call.signal.addEventListener("abort", () => resolve());
        enter();
        await systemClock.sleep(60_000, call.signal);
        return { revision: 0 };
      },
    });
    const stop = new AbortController();
    const call = open(defer, socket).call("poll", { after: 0, waitMs: 60_000 }, AbortSignal.any([stop.signal, signal]));
    await entered;
    stop.abort();
    await assert.rejects(call, "CANCELLED");
    await aborted;
  });
});

suite("conduit while core is away", (test) => {
  test("waits until core is there", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    const sum = open(defer, socket).call("add", { left: 2, right: 3 }, signal);
    await systemClock.sleep(60, signal);
    await serve(defer, socket);
    assert.equal(await sum, { sum: 5 });
  });

  test("waits while core restarts and goes on with the next number", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    const numbers: (number | undefined)[] = [];
    const count = { add: (_input: object, call: { identity?: RequestIdentity }) => (numbers.push(call.identity?.number), { sum: 0 }) };
    const first = await serve(defer, socket, count);
    const client = open(defer, socket);
    await client.call("add", { left: 0, right: 0 }, signal);
    await first.close();
    const second = client.call("add", { left: 0, right: 0 }, signal);
    await serve(defer, socket, count);
    await second;
    assert.equal(numbers, [1, 2]);
  });

  test("repeats with the same number when core dies between receiving and answering", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    mkdirSync(dirname(socket), { mode: 0o700 });
    const { promise: received, resolve: note } = Promise.withResolvers<unknown>();
    const dying = createServer((incoming) => {
      note([incoming.headers["weir-epoch"], incoming.headers["weir-number"]]);
      incoming.resume();
      incoming.on("end", () => {
        dying.close();
        dying.closeAllConnections();
      });
    });
    dying.listen(socket);
    const sum = open(defer, socket).call("add", { left: 4, right: 3 }, signal);
    assert.equal(await received, ["e-1", "1"]);
    if (dying.listening) await once(dying, "close");
    const identities: unknown[] = [];
    await serve(defer, socket, { add: ({ left, right }, { identity }) => (identities.push(identity), { sum: left + right }) });
    assert.equal(await sum, { sum: 7 });
    assert.equal(identities, [{ epoch: "e-1", number: 1 }]);
  });

  test("ends with CANCELLED as soon as the caller gives up", async ({ defer }) => {
    const stop = new AbortController();
    const call = open(defer, conduitSocket(makeTempDir(defer), "test")).call("add", { left: 0, right: 0 }, stop.signal);
    stop.abort();
    await assert.rejects(call, "CANCELLED");
  });
});

suite("conduit server's end", (test) => {
  test("aborts long polls long before its deadline, and their callers come again", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const poll60s = async ({ waitMs }: { readonly waitMs: number }, call: { readonly signal: AbortSignal }): Promise<{ revision: number }> => {
      enter();
      await systemClock.sleep(waitMs, call.signal);
      return { revision: 1 };
    };
    const server = await serveConduit(contract, makeHandlers({ poll: poll60s }), { socket, log: silentLog, closeMs: 30_000 });
    const poll = open(defer, socket).call("poll", { after: 0, waitMs: 60_000 }, signal);
    await entered;
    const startedMs = systemClock.uptimeMs();
    await server.close();
    const tookMs = systemClock.uptimeMs() - startedMs;
    assert.ok(tookMs < 10_000, `close took ${tookMs} ms`);
    assert.not(existsSync(socket));
    await serve(defer, socket, { poll: () => ({ revision: 9 }) });
    assert.equal(await poll, { revision: 9 });
  });

  test("lets a running post finish and answers it", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const { promise: committed, resolve: commit } = Promise.withResolvers<void>();
    const server = await serve(defer, socket, {
      add: async () => {
        enter();
        await committed;
        return { sum: 77 };
      },
    });
    const sum = open(defer, socket).call("add", { left: 0, right: 0 }, signal);
    await entered;
    const closed = server.close();
    commit();
    assert.equal(await sum, { sum: 77 });
    await closed;
  });

  test("does not wait longer than its deadline for a handler that hangs", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const server = await serveConduit(contract, makeHandlers({ add: () => (enter(), new Promise(() => undefined)) }), { socket, log: silentLog, closeMs: 50 });
    const call = assert.rejects(open(defer, socket).call("add", { left: 0, right: 0 }, signal), "CANCELLED");
    await entered;
    await server.close();
    // It goes on trying until its signal ends it, with the test.
    defer(() => call);
  });

  test("closes with its signal", async ({ defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    const stop = new AbortController();
    const server = await serveConduit(contract, makeHandlers(), { socket, log: silentLog, signal: stop.signal });
    stop.abort();
    await server.close();
    assert.not(existsSync(socket));
  });
});
