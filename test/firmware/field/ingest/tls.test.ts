// Shows which client certificates count, and that the endpoint's own can change while it runs.

import { connect } from "node:tls";
import type { Clock } from "../../../../drivers/contract/clock.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import type { Defer } from "../../../support/attempt.ts";
import { makePki, type Issued, type Pki } from "../../../support/pki.ts";
import { assert, suite } from "../../../support/suite.ts";
import { connectOf, openRaw } from "./raw-client.ts";
import { startIngest } from "./running-ingest.ts";

function setUp(defer: Defer, clock: Clock = systemClock) {
  const pki = makePki(defer, "Machine CA");
  const gateway = pki.issue("gateway");
  const tls = { certificate: gateway.certificate, key: gateway.key, clientCa: pki.ca };
  return { pki, tls, start: () => startIngest(defer, { tls, clock }) };
}

/** What the endpoint makes of a client with this certificate and no password. */
async function tryCertificate(defer: Defer, signal: AbortSignal, start: ReturnType<typeof setUp>["start"], { ca }: Pki, issued: Issued | undefined, maxVersion: "TLSv1.2" | "TLSv1.3" = "TLSv1.3") {
  const running = await start();
  const client = openRaw(defer, running.port, { tls: { ca, maxVersion, ...(issued === undefined ? {} : { cert: issued.certificate, key: issued.key }) } });
  client.send({ ...connectOf("x"), username: undefined, password: undefined } as never);
  const packet = await Promise.race([client.next(signal).catch(() => undefined), client.closed.then(() => undefined)]);
  return { code: packet?.cmd === "connack" ? packet.returnCode : undefined, running };
}

suite("ingest by TLS", (test) => {
  test("lets in by a certificate of the machine CA, by TLS 1.2 and 1.3", async ({ signal, defer }) => {
    const { pki, start } = setUp(defer);
    const issued = pki.issue("m1", { names: "URI:urn:weir:machine" });
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const { code, running } = await tryCertificate(defer, signal, start, pki, issued, version);
      assert.is(code, 0);
      const [claim] = running.claims;
      assert.equal([claim?.certificate?.commonName, claim?.certificate?.alternativeNames, claim?.certificate?.isDateChecked], ["m1", "URI:urn:weir:machine", true]);
    }
  });
  test("refuses another CA's certificate, a self-signed and an expired one, and names the address", async ({ signal, defer }) => {
    const { pki, start } = setUp(defer);
    const stranger = makePki(defer, "Machine CA");
    for (const issued of [stranger.issue("m1"), { certificate: stranger.ca, key: stranger.issue("m1").key }, pki.issue("m1", { fromDays: -20, toDays: -10 })] as Issued[]) {
      try {
        const { code, running } = await tryCertificate(defer, signal, start, pki, issued);
        assert.is(code, undefined);
        await running.until("the report", () => running.faults.length > 0, signal);
        assert.equal([running.faults[0]?.code, running.faults[0]?.where, running.claims.length], ["CERTIFICATE_REFUSED", "127.0.0.1", 0]);
      } catch (error) {
        // OpenSSL takes no key that does not fit its certificate.
        assert.match(String(error), /key values mismatch/);
      }
    }
  });
  test("takes an expired certificate of its CA only while it does not know the time, and says so", async ({ signal, defer }) => {
    const { pki, start } = setUp(defer, { ...systemClock, timeQuality: () => "unknown" });
    const { code, running } = await tryCertificate(defer, signal, start, pki, pki.issue("m1", { fromDays: -20, toDays: -10 }));
    assert.equal([code, running.claims[0]?.certificate?.isDateChecked], [0, false]);
    const strange = await tryCertificate(defer, signal, start, pki, makePki(defer, "Machine CA").issue("m1", { fromDays: -20, toDays: -10 }));
    assert.equal([strange.code, strange.running.claims.length], [undefined, 0]);
  });
  test("asks who shows no certificate for its password", async ({ signal, defer }) => {
    const { pki, start } = setUp(defer);
    const { code } = await tryCertificate(defer, signal, start, pki, undefined);
    assert.is(code, 4);
  });
  test("reports a client that speaks no TLS, and goes on", async ({ signal, defer }) => {
    const { pki, start } = setUp(defer);
    const running = await start();
    const plain = openRaw(defer, running.port);
    plain.send(connectOf("m1"));
    await plain.closed;
    await running.until("the report", () => running.faults.length > 0, signal);
    assert.is(running.faults[0]?.code, "PEER_PROTOCOL");
    const client = openRaw(defer, running.port, { tls: { ca: pki.ca } });
    client.send(connectOf("m1"));
    assert.is((await client.next(signal)).cmd, "connack");
  });
  test("ends a connection whose TLS does not come about in time, and waits for none when it closes", async ({ signal, defer }) => {
    const pki = makePki(defer);
    const gateway = pki.issue("gateway");
    const tls = { certificate: gateway.certificate, key: gateway.key };
    const impatient = await startIngest(defer, { tls, limits: { handshakeMs: 200 } });
    const silent = openRaw(defer, impatient.port);
    await silent.closed;
    await impatient.until("the report", () => impatient.faults.length > 0, signal);
    assert.is(impatient.faults[0]?.code, "PEER_PROTOCOL");
    const patient = await startIngest(defer, { tls, limits: { handshakeMs: 600_000 } });
    const waiting = openRaw(defer, patient.port);
    await new Promise((resolve) => waiting.socket.once("connect", resolve));
    await patient.ingest.close();
    await waiting.closed;
  });
  test("shows new clients a renewed certificate and refuses one that does not fit its key", async ({ signal, defer }) => {
    const { pki, tls, start } = setUp(defer);
    const running = await start();
    const next = pki.issue("gateway");
    assert.throws(() => running.ingest.renew({ ...tls, key: next.key }), "CONFIG_INVALID");
    running.ingest.renew({ certificate: next.certificate, key: next.key, clientCa: pki.ca });
    const socket = connect({ host: "127.0.0.1", port: running.port, ca: pki.ca });
    defer(() => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve).once("error", reject);
      signal.addEventListener("abort", () => reject(new Error("not in time")), { once: true });
    });
    assert.is(socket.getPeerX509Certificate()?.toString().trim(), next.certificate.trim());
  });
}, { needs: ["openssl"], limitMs: 30_000 });
