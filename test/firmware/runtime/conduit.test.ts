// Shows that a conduit is typed end to end, waits for core, repeats with the same number, and refuses what does not fit.

import { once } from "node:events";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";

import Type from "typebox";
import { request } from "undici";

import { Fault } from "../../../drivers/contract/fault.ts";
import { get, post, postForBytes } from "../../../firmware/conduit/route.ts";
import type { RequestIdentity } from "../../../firmware/conduit/route.ts";
import { openConduit } from "../../../firmware/runtime/conduit-client.ts";
import type { ConduitClient } from "../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { serveConduit } from "../../../firmware/runtime/conduit-server.ts";
import type { ConduitServer, Handlers } from "../../../firmware/runtime/conduit-server.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import type { Defer } from "../../support/attempt.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const Nothing = Type.Object({}, { additionalProperties: false });
const contract = {
  poll: get("/v1/poll", { input: Type.Object({ after: Type.Integer({ minimum: 0 }), waitMs: Type.Integer() }, { additionalProperties: false }), reply: Type.Object({ revision: Type.Integer() }) }),
  add: post("/v1/add", { input: Type.Object({ left: Type.Number(), right: Type.Number() }, { additionalProperties: false }), reply: Type.Object({ sum: Type.Number() }), bodyLimit: 1024 }),
  take: postForBytes("/v1/take", { input: Nothing, head: Type.Object({ name: Type.String() }) }),
} as const;

function makeHandlers(changes: Partial<Handlers<typeof contract>> = {}): Handlers<typeof contract> {
  return {
    poll: async ({ after, waitMs }, { signal }) => {
      await systemClock.sleep(waitMs, signal);
      return { revision: after + 1 };
    },
    add: ({ left, right }) => ({ sum: left + right }),
    take: () => ({ head: { name: "Größe ✓" }, body: new Uint8Array([0, 255, 7]) }),
    ...changes,
  };
}

async function serve(defer: Defer, socket: string, changes: Partial<Handlers<typeof contract>> = {}): Promise<ConduitServer> {
  const server = await serveConduit(contract, makeHandlers(changes), { socket, log: silentLog });
  defer(() => server.close());
  return server;
}

function open(defer: Defer, socket: string): ConduitClient<typeof contract> {
  const client = openConduit(contract, { socket, clock: systemClock, epoch: "e-1", log: silentLog });
  defer(() => client.close());
  return client;
}

async function send(socket: string, raw: string): Promise<string> {
  const peer = connect(socket);
  peer.setEncoding("utf8");
  peer.write(raw);
  let text = "";
  for await (const chunk of peer) {
    text += String(chunk);
    if (/\r\n\r\n[^]*\}$/.test(text)) break;
  }
  peer.destroy();
  return text;
}

const postText = (body: string, headers = ""): string => `POST /v1/add HTTP/1.1\r\nhost: core\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;

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
  test("aborts long polls within 100 ms, and their callers come again", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const server = await serve(defer, socket, {
      poll: async ({ waitMs }, call) => {
        enter();
        await systemClock.sleep(waitMs, call.signal);
        return { revision: 1 };
      },
    });
    const poll = open(defer, socket).call("poll", { after: 0, waitMs: 60_000 }, signal);
    await entered;
    const startedMs = systemClock.uptimeMs();
    await server.close();
    assert.ok(systemClock.uptimeMs() - startedMs < 100, `close took ${systemClock.uptimeMs() - startedMs} ms`);
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
    const startedMs = systemClock.uptimeMs();
    await server.close();
    assert.ok(systemClock.uptimeMs() - startedMs < 500);
    defer(() => call);
  }, { limitMs: 3000 });

  test("closes with its signal", async ({ defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    const stop = new AbortController();
    const server = await serveConduit(contract, makeHandlers(), { socket, log: silentLog, signal: stop.signal });
    stop.abort();
    await server.close();
    assert.not(existsSync(socket));
  });
});

suite("conduit socket", (test) => {
  test("is for its owner alone", async ({ defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    await serve(defer, socket);
    assert.is(statSync(socket).mode & 0o777, 0o600);
    assert.is(statSync(dirname(socket)).mode & 0o777, 0o700);
  });

  test("refuses a second server while the first lives", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    await serve(defer, socket);
    const error = await assert.rejects(serveConduit(contract, makeHandlers(), { socket, log: silentLog }), "CONFIG_INVALID");
    assert.ok(String(error).includes(socket));
    assert.equal(await open(defer, socket).call("add", { left: 1, right: 1 }, signal), { sum: 2 });
  });

  test("refuses to replace a file that is no socket", async ({ defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    mkdirSync(dirname(socket), { mode: 0o700 });
    writeFileSync(socket, "mine");
    await assert.rejects(serveConduit(contract, makeHandlers(), { socket, log: silentLog }), "CONFIG_INVALID");
    assert.ok(existsSync(socket));
  });
});

suite("conduit against hostile callers", (test) => {
  test("answers what is no JSON, has the wrong shape, or names no request with INPUT_INVALID", async ({ defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    await serve(defer, socket);
    const bodies = ["{", "[]", "null", '"x"', "", "{}", '{"left":"1","right":2}', '{"left":1,"right":2,"more":3}', '{"left":1,"right":2,"__proto__":{"x":1}}', "\u0000", "[".repeat(500)];
    for (const body of bodies) assert.match(await send(socket, postText(body)), /^HTTP\/1.1 400 [^]*"code":"INPUT_INVALID"/, body);
    for (const number of ["0", "-1", "1e3", "x", "99999999999999999999"]) {
      assert.match(await send(socket, postText('{"left":1,"right":2}', `weir-epoch: e\r\nweir-number: ${number}\r\n`)), /^HTTP\/1.1 400 /, number);
    }
    assert.match(await send(socket, "GET /v1/poll?after=-1&waitMs=x HTTP/1.1\r\nhost: core\r\n\r\n"), /^HTTP\/1.1 400 [^]*INPUT_INVALID/);
    assert.match(await send(socket, "GET /v1/none HTTP/1.1\r\nhost: core\r\n\r\n"), /^HTTP\/1.1 404 [^]*NOT_FOUND/);
  });

  test("refuses a body beyond the route's limit, said or not", async ({ defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    await serve(defer, socket);
    const large = `{"left":1,"right":${" ".repeat(2000)}2}`;
    assert.match(await send(socket, postText(large)), /"code":"INPUT_INVALID"/);
    const chunked = `POST /v1/add HTTP/1.1\r\nhost: core\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n${" ".repeat(2000)}\r\n`;
    assert.match(await send(socket, chunked), /"code":"INPUT_INVALID"/);
    const fits = await request("http://core/v1/add", { method: "POST", body: '{"left":1,"right":2}', headers: { "content-type": "application/json" }, dispatcher: await poolOn(defer, socket) });
    assert.equal(await fits.body.json(), { sum: 3 });
  });

  test("ends a body that never comes to its end and serves others meanwhile", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    await serve(defer, socket);
    const slow = send(socket, "POST /v1/add HTTP/1.1\r\nhost: core\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{");
    assert.equal(await open(defer, socket).call("add", { left: 1, right: 1 }, signal), { sum: 2 });
    assert.match(await slow, /^HTTP\/1.1 408 /);
  }, { limitMs: 20_000 });
});

async function poolOn(defer: Defer, socket: string): Promise<import("undici").Pool> {
  const { Pool } = await import("undici");
  const pool = new Pool("http://core", { socketPath: socket });
  defer(() => pool.destroy());
  return pool;
}
