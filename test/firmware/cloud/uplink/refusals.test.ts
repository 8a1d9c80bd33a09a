// Shows that whatever keeps the uplink from its broker is refused, named with what was found and expected, and gives a remedy.

import { createServer as createTlsServer } from "node:tls";
import { once } from "node:events";

import { assert, suite, type Defer } from "../../../support/suite.ts";
import { startBroker, type Script } from "../../../support/broker.ts";
import { findFreePort } from "../../../support/free-port.ts";
import { startMosquitto, type MosquittoOptions } from "../../../support/mosquitto.ts";
import { makePki, type Issued, type Pki } from "../../../support/pki.ts";
import { startProxy } from "../../../support/proxy.ts";
import { startSubscriber } from "../collector.ts";
import { makeLink, startCore, type TestCore } from "../core.ts";

/** The first fault that core hears of, for a link to `url`. */
async function faultOf(core: TestCore, url: string, fields: Record<string, unknown>, secrets: Record<string, string>, signal: AbortSignal, stageMs = 20_000) {
  core.setLink(makeLink(url, fields), secrets);
  const stop = core.start({ stageMs });
  await core.until("a fault", () => core.states.some((state) => state.fault !== undefined), signal);
  await stop();
  const fault = core.states.find((state) => state.fault !== undefined)?.fault;
  if (fault === undefined) throw new Error("no fault");
  console.log(`    ${fault.code} (${fault.kind}): ${fault.message}. ${fault.remedy ?? ""}`);
  return fault;
}

async function startTls(defer: Defer, signal: AbortSignal, pki: Pki, server: Issued, extra: readonly string[] = [], options: MosquittoOptions = {}) {
  const plain = await findFreePort();
  const listener = [`certfile ${server.certificateFile}`, `keyfile ${server.keyFile}`, `cafile ${pki.caFile}`, ...extra];
  return { ...(await startMosquitto(defer, signal, { ...options, plainPorts: [plain], listener })), plain };
}

const CA = { ca: { secret: "ca" } };
const CLIENT = { ...CA, certificate: { secret: "crt" }, key: { secret: "key" } };
const secretsOf = (pki: Pki, client: Issued): Record<string, string> => ({ ca: pki.ca, crt: client.certificate, key: client.key });

suite(
  "uplink, the broker's certificate",
  (test) => {
    const cases: readonly { name: string; issue?: object; common?: string; other?: true; system?: true; host?: string; says: RegExp }[] = [
      { name: "a certificate for another name", issue: { names: "DNS:broker.example" }, says: /certificate is for broker\.example, expected localhost/ },
      { name: "an IP address that the certificate does not carry", host: "127.0.0.1", issue: { names: "DNS:localhost" }, says: /is for localhost, expected 127\.0\.0\.1/ },
      { name: "an expired certificate", issue: { fromDays: -30, toDays: -2 }, says: /certificate of broker has expired: valid from \d{4}-.* to \d{4}-.*; the gateway's clock says/ },
      { name: "a certificate that is not yet valid", issue: { fromDays: 2, toDays: 30 }, says: /certificate of broker is not yet valid: valid from/ },
      { name: "a certificate of an unknown CA", other: true, says: /CA that is not trusted: found broker issued by Test CA, SHA-256 \w+…, expected Other CA/ },
      { name: "a private CA where only public ones are trusted", system: true, says: /expected a public CA \(no cloud\.ca is configured\)/ },
    ];
    for (const { name, issue, other, system, host = "localhost", says } of cases) {
      test(`refuses ${name}`, async ({ signal, defer }) => {
        const [core, pki] = [await startCore(defer), makePki(defer)];
        const broker = await startTls(defer, signal, pki, pki.issue("broker", issue));
        const ca = other === true ? makePki(defer, "Other CA").ca : pki.ca;
        const fault = await faultOf(core, `mqtts://${host}:${broker.port}`, system === true ? {} : CA, { ca }, signal);
        assert.is(fault.code, "CERTIFICATE_REFUSED");
        assert.is(fault.kind, "denied");
        assert.match(fault.message, says);
        assert.ok((fault.remedy ?? "").length > 20);
      });
    }
    test("connects with its own CA, a client certificate and user and password, also where only serverName fits, and over 3.1.1", async ({ signal, defer }) => {
      const [core, pki] = [await startCore(defer), makePki(defer)];
      const extra = ["require_certificate true", "use_identity_as_username false"];
      const broker = await startTls(defer, signal, pki, pki.issue("broker", { names: "DNS:broker.example" }), extra);
      const collector = await startSubscriber(defer, core, `mqtt://127.0.0.1:${broker.plain}`);
      core.setLink(makeLink(`mqtts://127.0.0.1:${broker.port}`, { ...CLIENT, serverName: "broker.example", mqttVersion: "3.1.1" }), secretsOf(pki, pki.issue("gateway")));
      core.start();
      core.add("live", 10);
      await core.until("seen", () => collector.seen.size === 10, signal);
    });
  },
  { needs: ["mosquitto", "openssl"], limitMs: 60_000 },
);

suite(
  "uplink, the gateway's certificate",
  (test) => {
    test("names a client certificate that the broker asks for and does not get", async ({ signal, defer }) => {
      const [core, pki] = [await startCore(defer), makePki(defer)];
      const broker = await startTls(defer, signal, pki, pki.issue("broker"), ["require_certificate true"]);
      const fault = await faultOf(core, `mqtts://localhost:${broker.port}`, CA, { ca: pki.ca }, signal);
      assert.is(fault.code, "CERTIFICATE_REFUSED");
      assert.match(fault.message, /asks for a client certificate; none is configured/);
    });
    const cases: readonly { name: string; make: (pki: Pki, defer: Defer) => { client: Issued; extra?: string[] }; says: RegExp }[] = [
      { name: "of a CA that the broker does not know", make: (_pki, defer) => ({ client: makePki(defer, "Foreign CA").issue("gateway") }), says: /CA of the client certificate; it was shown gateway issued by Foreign CA/ },
      { name: "that has expired", make: (pki) => ({ client: pki.issue("gateway", { fromDays: -9, toDays: -1 }) }), says: /client certificate has expired; it was shown gateway .*valid to \d{4}/ },
      {
        name: "that was revoked",
        make: (pki) => {
          const client = pki.issue("gateway");
          return { client, extra: [`crlfile ${pki.revoke(client)}`] };
        },
        says: /client certificate is revoked; it was shown gateway/,
      },
    ];
    for (const { name, make, says } of cases) {
      test(`names a client certificate ${name}`, async ({ signal, defer }) => {
        const [core, pki] = [await startCore(defer), makePki(defer)];
        const { client, extra = [] } = make(pki, defer);
        const broker = await startTls(defer, signal, pki, pki.issue("broker"), ["require_certificate true", ...extra]);
        const fault = await faultOf(core, `mqtts://localhost:${broker.port}`, CLIENT, secretsOf(pki, client), signal);
        assert.is(fault.code, "CERTIFICATE_REFUSED");
        assert.match(fault.message, says);
      });
    }
    test("a key that does not belong to the certificate, a missing secret and a CA that is none are said before anything is sent", async ({ signal, defer }) => {
      const pki = makePki(defer);
      const [one, two] = [pki.issue("one"), pki.issue("two")];
      const tries: readonly [Record<string, string>, RegExp][] = [
        [{ ca: pki.ca, crt: one.certificate, key: two.key }, /client key does not belong to the certificate of CN=one/],
        [{ ca: pki.ca, crt: one.certificate }, /the vault holds no secret key/],
        [{ ca: "nonsense", crt: one.certificate, key: one.key }, /holds no certificate/],
      ];
      for (const [secrets, says] of tries) {
        const fault = await faultOf(await startCore(defer), "mqtts://localhost:1", CLIENT, secrets, signal);
        assert.is(fault.kind, "config");
        assert.match(fault.message, says);
      }
    });
    test("TLS 1.1 and a port without TLS are refused", async ({ signal, defer }) => {
      const pki = makePki(defer);
      const issued = pki.issue("broker");
      const old = createTlsServer({ cert: issued.certificate, key: issued.key, maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "ALL:@SECLEVEL=0" });
      old.on("tlsClientError", () => undefined).listen(0, "127.0.0.1");
      await once(old, "listening");
      defer(() => old.close());
      const first = await faultOf(await startCore(defer), `mqtts://localhost:${Object(old.address()).port}`, CA, { ca: pki.ca }, signal);
      assert.is(first.code, "NOT_SUPPORTED");
      const plain = await startMosquitto(defer, signal);
      const second = await faultOf(await startCore(defer), `mqtts://localhost:${plain.port}`, CA, { ca: pki.ca }, signal);
      assert.match(second.message, /closed the connection during the TLS handshake|does not speak TLS/);
    });
  },
  { needs: ["mosquitto", "openssl"], limitMs: 60_000 },
);

suite("uplink, CONNACK and addresses", (test) => {
  const cases: readonly { name: string; connack: NonNullable<Script["connack"]>; fields?: Record<string, unknown>; code: string; says: RegExp; remedy?: RegExp }[] = [
    { name: "bad credentials in MQTT 5", connack: () => ({ reasonCode: 0x86 }), fields: { user: "hall" }, code: "CREDENTIALS_REFUSED", says: /user hall/ },
    { name: "bad credentials in MQTT 3.1.1", connack: () => ({ returnCode: 4 }), fields: { mqttVersion: "3.1.1" }, code: "CREDENTIALS_REFUSED", says: /none is configured/ },
    { name: "not authorised", connack: () => ({ returnCode: 5 }), fields: { mqttVersion: "3.1.1" }, code: "ACCESS_DENIED", says: /does not authorise/ },
    { name: "banned", connack: () => ({ reasonCode: 0x8a }), code: "ACCESS_DENIED", says: /banned/ },
    { name: "server unavailable", connack: () => ({ reasonCode: 0x88 }), code: "PEER_OVERLOADED", says: /not available/ },
    { name: "client id not valid", connack: () => ({ reasonCode: 0x85 }), code: "CONFIG_INVALID", says: /client id \(hall\/1\)/ },
    { name: "unsupported version by reason code", connack: () => ({ reasonCode: 0x84 }), code: "NOT_SUPPORTED", says: /MQTT version \(MQTT 5\)/, remedy: /cloud\.mqttVersion: "3\.1\.1"/ },
    { name: "unsupported version as a 3.1.1 broker says it", connack: () => Buffer.from([0x20, 2, 0, 1]), code: "NOT_SUPPORTED", says: /MQTT version/, remedy: /3\.1\.1/ },
    { name: "a hang-up instead of CONNACK", connack: () => "close", code: "PEER_CLOSED", says: /closed the connection instead of answering CONNECT/, remedy: /mqttVersion/ },
    { name: "silence instead of CONNACK", connack: () => "silent", code: "PEER_TIMEOUT", says: /does not answer CONNECT within 3 s/ },
    { name: "something that is not MQTT", connack: () => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), code: "PEER_PROTOCOL", says: /not MQTT|does not keep to MQTT/ },
    { name: "a broker without QoS 1", connack: () => ({ properties: { maximumQoS: 0 } }), code: "NOT_SUPPORTED", says: /QoS 1/ },
  ];
  for (const { name, connack, fields = {}, code, says, remedy } of cases) {
    test(`names ${name}`, async ({ signal, defer }) => {
      const [core, broker] = [await startCore(defer), await startBroker(defer, { connack })];
      const fault = await faultOf(core, `mqtt://127.0.0.1:${broker.port}`, fields, {}, signal, code === "PEER_TIMEOUT" ? 3000 : undefined);
      assert.is(fault.code, code);
      assert.match(fault.message, says);
      if (remedy !== undefined) assert.match(fault.remedy ?? "", remedy);
    });
  }
  test("names an unknown host, a refused port and a plain address outside this host", async ({ signal, defer }) => {
    const tries: readonly [string, string, RegExp][] = [
      ["mqtts://nowhere.invalid", "PEER_UNREACHABLE", /name nowhere\.invalid cannot be resolved/],
      [`mqtt://127.0.0.1:${await findFreePort()}`, "PEER_UNREACHABLE", /refuses connections on port/],
      ["mqtt://192.0.2.1", "ADDRESS_REFUSED", /without TLS/],
    ];
    for (const [url, code, says] of tries) {
      const fault = await faultOf(await startCore(defer), url, {}, {}, signal);
      assert.is(fault.code, code);
      assert.match(fault.message, says);
    }
  });
  test("a DISCONNECT by the broker is named with its reason", async ({ signal, defer }) => {
    const broker = await startBroker(defer, {
      publish: (_packet, connection) => {
        connection.send({ cmd: "disconnect", reasonCode: 0x8e, properties: { reasonString: "taken over" } });
        connection.socket.end();
        return "ignore";
      },
    });
    const fault = await faultOf(await startCore(defer), `mqtt://127.0.0.1:${broker.port}`, {}, {}, signal);
    assert.match(fault.message, /same client id and took over \(hall\/1\): taken over/);
    assert.is(fault.kind, "config");
  });
  test("a broker that floods or sends an endless packet is left, with bounded memory", async ({ signal, defer }) => {
    const flood: NonNullable<Script["publish"]> = (_packet, { send, socket }) => {
      for (let count = 0; count < 100 && socket.writable; count += 1) send({ cmd: "publish", topic: "x", payload: "y", qos: 0, dup: false, retain: false });
      return "ignore";
    };
    const endless: NonNullable<Script["publish"]> = (_packet, { socket }) => {
      socket.write(Buffer.concat([Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(400_000)]));
      return "ignore";
    };
    for (const [publish, says] of [[flood, /not asked for/], [endless, /packet larger than/]] as const) {
      const broker = await startBroker(defer, { publish });
      const fault = await faultOf(await startCore(defer), `mqtt://127.0.0.1:${broker.port}`, {}, {}, signal);
      assert.match(fault.message, says);
    }
  });
});

suite(
  "uplink, proxy, WebSocket and rights",
  (test) => {
    test("goes through an HTTP CONNECT proxy with credentials, by mqtts and by wss, and names its refusals", async ({ signal, defer }) => {
      const pki = makePki(defer);
      const [issued, webSocket] = [pki.issue("broker"), await findFreePort()];
      const broker = await startTls(defer, signal, pki, issued, [`listener ${webSocket} 127.0.0.1`, "protocol websockets", `certfile ${issued.certificateFile}`, `keyfile ${issued.keyFile}`]);
      const proxy = await startProxy(defer, { credentials: "gate:way" });
      const proxied = (password: string) => ({ ...CA, proxy: { url: `http://127.0.0.1:${proxy.port}`, user: "gate", password: { secret: password } } });
      const secrets = { ca: pki.ca, good: "way", bad: "no" };
      const core = await startCore(defer);
      const collector = await startSubscriber(defer, core, `mqtt://127.0.0.1:${broker.plain}`);
      core.setLink(makeLink(`mqtts://localhost:${broker.port}`, proxied("good")), secrets);
      core.start();
      core.add("live", 10);
      await core.until("by mqtts", () => collector.seen.size === 10, signal);
      core.setLink(makeLink(`wss://localhost:${webSocket}/mqtt`, proxied("good")), secrets);
      core.add("live", 2000);
      await core.until("by wss", () => collector.seen.size === 2010 && core.accepted.size === 2010, signal);
      assert.ok(proxy.opened.includes(`localhost:${broker.port}`) && proxy.opened.includes(`localhost:${webSocket}`));
      const denied = await faultOf(await startCore(defer), `mqtts://localhost:${broker.port}`, proxied("bad"), secrets, signal);
      assert.is(denied.code, "CREDENTIALS_REFUSED");
      assert.match(denied.message, /proxy refuses the credentials \(407/);
      const forbidding = await startProxy(defer, { refuse: 403 });
      const forbidden = await faultOf(await startCore(defer), `mqtts://localhost:${broker.port}`, { ...CA, proxy: { url: `http://127.0.0.1:${forbidding.port}` } }, secrets, signal);
      assert.match(forbidden.message, /does not let the gateway through to localhost/);
      const open = await startProxy(defer);
      const unreachable = await faultOf(await startCore(defer), `mqtts://localhost:${await findFreePort()}`, { ...CA, proxy: { url: `http://127.0.0.1:${open.port}` } }, secrets, signal);
      assert.match(unreachable.message, /proxy cannot reach localhost/);
    });
    test("offers ALPN, and names a broker that does not take it", async ({ signal, defer }) => {
      const pki = makePki(defer);
      const issued = pki.issue("broker");
      const offered: (string | false | null)[] = [];
      const server = createTlsServer({ cert: issued.certificate, key: issued.key, ALPNProtocols: ["mqtt"] }, (socket) => {
        offered.push(socket.alpnProtocol);
        socket.on("error", () => undefined).destroy();
      });
      server.on("tlsClientError", () => undefined).listen(0, "127.0.0.1");
      await once(server, "listening");
      defer(() => server.close());
      const url = `mqtts://localhost:${Object(server.address()).port}`;
      await faultOf(await startCore(defer), url, { ...CA, alpn: "mqtt" }, { ca: pki.ca }, signal);
      assert.is(offered[0], "mqtt");
      const fault = await faultOf(await startCore(defer), url, { ...CA, alpn: "x-amzn-mqtt-ca" }, { ca: pki.ca }, signal);
      assert.match(fault.message, /ALPN protocol x-amzn-mqtt-ca/);
    });
    test("a wrong password is named, and topics that the ACL denies keep the readings until it allows them", async ({ signal, defer }) => {
      const core = await startCore(defer);
      const files = { passwords: "hall:$7$101$b1nO2wP1yRXDe5Y7$x\n", acl: "topic read weir/#\n" };
      const broker = await startMosquitto(defer, signal, { files, global: ["allow_anonymous true", "acl_file acl"] });
      core.setLink(makeLink(`mqtt://127.0.0.1:${broker.port}`));
      core.start();
      core.add("live", 30);
      await core.until("denied", () => core.states.some(({ fault }) => fault?.code === "ACCESS_DENIED"), signal);
      assert.is(core.accepted.size + core.rejected.size, 0);
      await broker.kill();
      const { writeFileSync } = await import("node:fs");
      writeFileSync(`${broker.folder}/acl`, "topic readwrite weir/#\n", { mode: 0o600 });
      await broker.restart(signal);
      await core.until("accepted", () => core.accepted.size === 30, signal);
      const locked = await startMosquitto(defer, signal, { files, global: ["allow_anonymous false", "password_file passwords"] });
      const fault = await faultOf(await startCore(defer), `mqtt://127.0.0.1:${locked.port}`, { user: "hall", password: { secret: "p" } }, { p: "wrong" }, signal);
      assert.ok(["CREDENTIALS_REFUSED", "ACCESS_DENIED"].includes(fault.code));
    });
  },
  { needs: ["mosquitto", "openssl"], limitMs: 60_000 },
);
