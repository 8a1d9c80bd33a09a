// Shows that a machine can answer and publish whatever it likes: the driver ends with a fault that names it, in bounded time and memory.

import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { generate } from "mqtt-packet";
import { isFault, type FaultCode } from "../../../drivers/contract/fault.ts";
import { completeMikoConfig } from "../../../drivers/miko/config.ts";
import { miko } from "../../../drivers/miko/driver.ts";
import { assert, suite, type Defer, type TestContext } from "../../support/suite.ts";
import { makeContext, makeSink } from "./fake-context.ts";
import { startMachine, type Answerer, type FakeMachine } from "./fake-machine.ts";
import { until } from "./until.ts";

/** For machines that leave us waiting; the others get time enough on a loaded machine. */
const short = { answerTimeout: "1s", connectTimeout: "1s" };
const patient = { answerTimeout: "30s", connectTimeout: "30s" };

async function startRaw(defer: Defer, onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  defer(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => void server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function refuses(url: string, code: FaultCode, t: TestContext, why?: RegExp): Promise<void> {
  const startMs = systemClock.uptimeMs();
  const fault = await assert.rejects(miko.open(completeMikoConfig({ url, ...(code === "PEER_TIMEOUT" ? short : patient) }, "test"), makeContext(), t.signal), code);
  assert.ok(systemClock.uptimeMs() - startMs < 20_000, `took ${systemClock.uptimeMs() - startMs} ms`);
  assert.match(String(fault), new RegExp(new URL(url).host));
  if (why !== undefined) assert.match(String(fault), why);
}

suite("hostile request interface", (test) => {
  const raw: readonly [string, FaultCode, RegExp | undefined, (socket: Socket) => void][] = [
    ["never answers", "PEER_TIMEOUT", undefined, () => undefined],
    ["sends one byte of headers now and then", "PEER_TIMEOUT", undefined, (socket) => drip(socket, "HTTP/1.1 200 OK\r\nx-a: ", "a")],
    ["never ends its headers", "PEER_LIMIT", /headers/, (socket) => flood(socket, "HTTP/1.1 200 OK\r\n", `x-a: ${"a".repeat(1000)}\r\n`)],
    ["never ends its body, slowly", "PEER_TIMEOUT", undefined, (socket) => drip(socket, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\n[\r\n")],
    ["never ends its body, fast", "PEER_LIMIT", /8388608 bytes/, (socket) => flood(socket, "HTTP/1.1 200 OK\r\n\r\n", "[".repeat(60_000))],
    ["announces more than it sends", "PEER_CLOSED", undefined, (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{}")],
    ["announces more than it sends and waits", "PEER_TIMEOUT", undefined, (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{}")],
    ["announces less than it sends", "PEER_PROTOCOL", undefined, (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{"manufacturer":"a"}')],
    ["announces 9 GiB", "PEER_LIMIT", undefined, (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9663676416\r\n\r\n{}")],
    ["speaks no HTTP", "PEER_PROTOCOL", /no HTTP/, (socket) => socket.end("220 smtp ready\r\n")],
    ["closes at once", "PEER_CLOSED", undefined, (socket) => socket.end()],
    ["redirects to another host", "PEER_PROTOCOL", /redirects \(302\) to "http:\/\/192\.0\.2\.66\/"/, (socket) => socket.end("HTTP/1.1 302 Found\r\nlocation: http://192.0.2.66/\r\ncontent-length: 0\r\n\r\n")],
    ["answers with an empty body", "PEER_PROTOCOL", /no JSON/, (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")],
    ["answers with deep JSON", "PEER_PROTOCOL", undefined, (socket) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`)],
    ["asks to switch protocols", "PEER_CLOSED", undefined, (socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")],
  ];
  for (const [name, code, why, onRequest] of raw) {
    test(`a machine that ${name} is named in ${code}`, async (t) => {
      const url = await startRaw(t.defer, (socket) => void socket.once("data", () => onRequest(socket)));
      await refuses(url, code, t, why);
    });
  }
  test("a machine that is off is unreachable", (t) => refuses("http://127.0.0.1:9/", "PEER_UNREACHABLE", t));

  test("any JSON in any answer ends in readings or in a fault that names the machine, never in a defect", async (t) => {
    const machine = await startMachine(t.defer);
    let body = "null";
    let status = 200;
    const answer: Answerer = (_, response) => void response.writeHead(status, { "content-type": "application/json" }).end(body);
    const paths = ["/identification", "/points", "/publish", "/events"];
    machine.points.set("a", { value: 1 });
    machine.events.push({ id: "e1", type: "x" });
    const json = fc.oneof(fc.json(), fc.json().map((text) => `{"points":${text},"events":${text},"url":${text},"root":"x"}`), fc.json().map((text) => `{"points":[{"id":"a","value":${text},"time":${text},"quality":${text},"unit":${text}}],"events":[{"id":"b","type":"x","severity":${text},"time":${text}}]}`));
    const property = fc.asyncProperty(json, fc.constantFrom(...paths), fc.constantFrom(200, 200, 200, 404, 410, 500), async (text, path, code) => {
      body = text;
      status = code;
      machine.answers.clear();
      machine.answers.set(path, answer);
      await tryOnce(machine, t);
    });
    await fc.assert(property, { numRuns: 120, interruptAfterTimeLimit: 15_000 });
  }, { limitMs: 90_000 });
});

/** Opens, follows until the first readings or a short while, closes; throws what is no fault of the peer. */
async function tryOnce(machine: FakeMachine, { signal }: TestContext): Promise<void> {
  const context = makeContext();
  const sink = makeSink(context);
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  try {
    const session = await miko.open(completeMikoConfig({ url: machine.url, ...short }, "test"), context, both);
    const ended = session.subscribe?.(sink.accept, both);
    await Promise.race([ended, until(() => sink.readings.length > 0, both), systemClock.sleep(30, signal)]).finally(() => stop.abort());
    await session.close();
    await ended;
  } catch (error) {
    if (!isFault(error) || error.kind === "defect") throw error;
    assert.match(String(error), /127\.0\.0\.1/);
  }
}

suite("hostile broker", (test) => {
  const connack = generate({ cmd: "connack", returnCode: 0, sessionPresent: false });
  const suback = generate({ cmd: "suback", messageId: 1, granted: [1, 1, 1] });
  const cases: readonly [string, FaultCode, Buffer][] = [
    ["sends noise", "PEER_PROTOCOL", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["sends a length of five bytes", "PEER_PROTOCOL", Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1])],
    ["sends a huge packet that is no message", "PEER_PROTOCOL", Buffer.from([0x90, 0xff, 0xff, 0xff, 0x7f])],
    ["refuses the protocol version", "NOT_SUPPORTED", generate({ cmd: "connack", returnCode: 1, sessionPresent: false })],
    ["refuses the credentials", "CREDENTIALS_REFUSED", generate({ cmd: "connack", returnCode: 5, sessionPresent: false })],
    ["publishes before it accepted", "PEER_PROTOCOL", generate({ cmd: "publish", topic: "a", payload: "x", qos: 0, dup: false, retain: false })],
    ["refuses the subscription", "ACCESS_DENIED", Buffer.concat([connack, generate({ cmd: "suback", messageId: 1, granted: [128, 1, 1] })])],
    ["sends a message with packet id 0", "PEER_PROTOCOL", Buffer.concat([connack, suback, Buffer.from([0x32, 5, 0, 1, 0x61, 0, 0])])],
    ["sends a message with QoS 2", "PEER_PROTOCOL", Buffer.concat([connack, suback, generate({ cmd: "publish", topic: "a", payload: "x", qos: 2, messageId: 1, dup: false, retain: false })])],
    ["sends a topic longer than its packet", "PEER_PROTOCOL", Buffer.concat([connack, suback, Buffer.from([0x30, 3, 0xff, 0xff, 0x61])])],
    ["speaks as a client", "PEER_PROTOCOL", Buffer.concat([connack, suback, generate({ cmd: "subscribe", messageId: 3, subscriptions: [{ topic: "#", qos: 1 }] })])],
    ["never grants the subscription", "PEER_TIMEOUT", connack],
  ];
  for (const [name, code, bytes] of cases) {
    test(`a broker that ${name} ends in ${code}`, async (t) => {
      const machine = await startMachine(t.defer);
      machine.broker.onConnect = (socket) => socket.write(bytes) || true;
      const context = makeContext();
      const session = await miko.open(completeMikoConfig({ url: machine.url, ...(code === "PEER_TIMEOUT" ? { answerTimeout: "2s" } : patient) }, "test"), context, t.signal);
      t.defer(() => session.close());
      const fault = await assert.rejects(session.subscribe?.(makeSink(context).accept, t.signal) ?? Promise.resolve(), code);
      assert.match(String(fault), /mqtt broker 127\.0\.0\.1/);
      await until(() => machine.broker.open === 0, t.signal);
    });
  }

  test("a flood is held back at the socket while nothing is durable, and memory stays bounded", async (t) => {
    const machine = await startMachine(t.defer);
    let written = 0;
    const ending = new AbortController();
    machine.broker.onConnect = (socket) => {
      socket.write(Buffer.concat([connack, suback]));
      const bytes = Buffer.concat(Array.from({ length: 200 }, (_, index) => generate({ cmd: "publish", topic: "miko/v1/4711/points/n", payload: `{"value":${index}}`, qos: 1, messageId: index + 1, dup: false, retain: false })));
      const more = (): void => {
        while (!ending.signal.aborted && !socket.destroyed && socket.write(bytes)) written += bytes.length;
        written += bytes.length;
      };
      socket.on("drain", more);
      more();
      return true;
    };
    t.defer(() => ending.abort());
    const context = makeContext();
    const sink = makeSink(context);
    const session = await miko.open(completeMikoConfig({ url: machine.url }, "test"), context, t.signal);
    t.defer(() => session.close());
    context.cursors.set("urn:weir:Test%20Works:Cutter%207:4711", "weir-0123456789abcdef ");
    const release = sink.hold();
    const ended = session.subscribe?.(sink.accept, t.signal);
    ended?.catch(() => undefined);
    await until(() => sink.readings.length > 1000, t.signal);
    let before = -1;
    while (before !== sink.readings.length) {
      before = sink.readings.length;
      await systemClock.sleep(200, t.signal);
    }
    assert.ok(before < 20_000, `${before} readings were taken while none was durable; ${written} bytes were written`);
    release();
    await until(() => sink.readings.length > before * 3, t.signal);
    ending.abort();
  });
});

function drip(socket: Socket, start: string, drop: string): void {
  socket.write(start);
  let stop = (): void => undefined;
  const next = (): void => {
    socket.write(drop);
    stop = systemClock.after(20, next);
  };
  next();
  socket.on("close", () => stop());
}

function flood(socket: Socket, start: string, wave: string): void {
  socket.write(start);
  const more = (): void => {
    while (!socket.destroyed && socket.write(wave));
  };
  socket.on("drain", more);
  more();
}
