// Shows that a conduit's socket is its owner's alone and that nothing a caller sends harms the server.

import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";

import { Pool, request } from "undici";

import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { serveConduit } from "../../../firmware/runtime/conduit-server.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import type { Defer } from "../../support/attempt.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { contract, makeHandlers, open, serve } from "./fixture-conduit.ts";

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
    const fits = await request("http://core/v1/add", { method: "POST", body: '{"left":1,"right":2}', headers: { "content-type": "application/json" }, dispatcher: poolOn(defer, socket) });
    assert.equal(await fits.body.json(), { sum: 3 });
  });

  test("ends a body that never comes to its end and serves others meanwhile", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "test");
    await serve(defer, socket);
    const slow = send(socket, "POST /v1/add HTTP/1.1\r\nhost: core\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{");
    assert.equal(await open(defer, socket).call("add", { left: 1, right: 1 }, signal), { sum: 2 });
    assert.match(await slow, /^HTTP\/1.1 408 /);
  });
});

function poolOn(defer: Defer, socket: string): Pool {
  const pool = new Pool("http://core", { socketPath: socket });
  defer(() => pool.destroy());
  return pool;
}
