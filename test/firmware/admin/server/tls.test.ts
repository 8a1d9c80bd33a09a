// Shows what TLS the page speaks, and that its certificate, names and addresses are replaced while it runs.

import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { askPage } from "../../../support/page.ts";
import { makePki } from "../../../support/pki.ts";
import { assert, suite } from "../../../support/suite.ts";
import { openTls, startRunningPage, type RunningPage } from "../running-page.ts";

/** What openssl says of a handshake with these options; its own defaults would refuse what is old on our behalf. */
async function handshake({ port }: RunningPage, signal: AbortSignal, ...options: readonly string[]): Promise<string> {
  const child = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost", ...options], { env: { ...process.env, OPENSSL_CONF: "/dev/null" }, signal });
  child.stdin.end("Q\n");
  const pieces: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => void pieces.push(text));
  await once(child, "close");
  return pieces.join("");
}

suite("TLS of the page", (test) => {
  test("CR 3.1, CR 4.3 TLS 1.3 and 1.2 are spoken with the suites of TR-02102-2, anything older or weaker is refused", async (context) => {
    const page = await startRunningPage(context);
    const server = (...options: readonly string[]): Promise<string> => handshake(page, context.signal, ...options);
    assert.match(await server("-tls1_3"), /New, TLSv1\.3, Cipher is TLS_AES_256_GCM_SHA384/);
    assert.match(await server("-tls1_2"), /New, TLSv1\.2, Cipher is ECDHE-ECDSA-AES256-GCM-SHA384/);
    for (const suite of ["TLS_AES_128_GCM_SHA256"]) assert.match(await server("-tls1_3", "-ciphersuites", suite), new RegExp(`Cipher is ${suite}`));
    for (const version of ["-tls1_1", "-tls1"]) assert.match(await server(version, "-cipher", "ALL:@SECLEVEL=0"), /Cipher is \(NONE\)/, version);
    for (const suites of ["AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-CCM", "aNULL", "DHE"]) {
      assert.match(await server("-tls1_2", "-cipher", `${suites}:@SECLEVEL=0`), /Cipher is \(NONE\)/, suites);
    }
    assert.match(await server("-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"), /Cipher is \(NONE\)/);
    assert.match(await server("-tls1_2", "-curves", "X25519"), /Cipher is \(NONE\)/);
    assert.match(await server("-tls1_2"), /Secure Renegotiation IS supported/);
    assert.match(await server("-tls1_2"), /Compression: NONE/);
    assert.not.match(await server("-tls1_2"), /TLS session ticket:/);
    assert.match(await server("-alpn", "h2,http/1.1"), /ALPN protocol: http\/1\.1/);
  }, { needs: ["openssl"], limitMs: 120_000 });
  test("a new certificate is shown to whoever connects, and no connection is dropped for it", async (context) => {
    const page = await startRunningPage(context);
    const pki = makePki(context.defer);
    const issued = pki.issue("localhost");
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    context.defer(() => agent.destroy());
    const ask = async (): Promise<{ readonly status: number; readonly serial: string; readonly localPort: number }> => {
      const request = httpsRequest({ host: "127.0.0.1", servername: "localhost", port: page.port, path: "/", agent, ca: [page.ca, pki.ca], signal: context.signal, headers: { host: `localhost:${page.port}` } });
      request.end();
      const [response] = (await once(request, "response")) as [IncomingMessage];
      const socket = response.socket as TLSSocket;
      const seen = { status: response.statusCode ?? 0, serial: socket.getPeerCertificate().serialNumber, localPort: socket.localPort ?? 0 };
      response.resume();
      await once(response, "end");
      return seen;
    };
    const before = await ask();
    await page.page.replace({ ...page.settings, certificate: issued.certificate, key: issued.key, names: ["localhost", "other.test"] });
    const after = await ask();
    assert.is(after.status, 200);
    assert.is(after.localPort, before.localPort, "the same connection");
    const fresh = await openTls(page.port, pki.ca, { servername: "localhost" });
    assert.is(fresh.getPeerCertificate().serialNumber, new X509Certificate(issued.certificate).serialNumber);
    fresh.destroy();
    const asked = (host: string) => askPage({ port: page.port, ca: pki.ca, path: "/", servername: "localhost", headers: { host: `${host}:${page.port}` } }, context.signal);
    assert.is((await asked("other.test")).status, 200, "new names count at once");
    assert.is((await asked("gateway.test")).status, 421);
  }, { needs: ["openssl"] });
  test("a certificate that does not fit its key, and an address that is not here, are refused and leave the page as it was", async (context) => {
    const page = await startRunningPage(context);
    const { urls } = page.page;
    const pki = makePki(context.defer);
    const [one, other] = [pki.issue("localhost"), pki.issue("localhost")];
    await assert.rejects(page.page.replace({ ...page.settings, certificate: one.certificate, key: other.key }), "CONFIG_INVALID");
    await assert.rejects(page.page.replace({ ...page.settings, certificate: "nothing", key: "nothing" }), "CONFIG_INVALID");
    await assert.rejects(page.page.replace({ ...page.settings, addresses: ["127.0.0.1", "192.0.2.1"] }), "CONFIG_INVALID");
    assert.equal(page.page.urls, urls);
    assert.is((await page.ask("/")).status, 200);
  }, { needs: ["openssl"] });
  test("an address that comes is listened at, one that goes is not, and a port that is taken is told", async (context) => {
    const page = await startRunningPage(context);
    await page.page.replace({ ...page.settings, addresses: ["127.0.0.2", "::1"] });
    assert.equal(page.page.urls.map((url) => new URL(url).hostname).sort(), ["127.0.0.2", "[::1]"]);
    await assert.rejects(openTls(page.port, page.ca), "ECONNREFUSED");
    const taken = createServer().listen(0, "127.0.0.1");
    context.defer(() => void taken.close());
    await once(taken, "listening");
    const error = await assert.rejects(page.page.replace({ ...page.settings, port: (taken.address() as AddressInfo).port }), "CONFIG_INVALID");
    assert.match(String(error), /another program listens there/);
  });
  test("what is open ends with the page, streams included, and nothing listens any more", async (context) => {
    const page = await startRunningPage(context);
    const idle = await openTls(page.port, page.ca, { servername: "localhost" });
    const closed = once(idle, "close");
    idle.on("error", () => undefined);
    await page.page.close();
    await page.page.close();
    await closed;
    await assert.rejects(openTls(page.port, page.ca), "ECONNREFUSED");
  });
});
