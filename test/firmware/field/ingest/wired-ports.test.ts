// Shows the ports of the ingest endpoint in the zone: open where they are configured, by TLS for whom core has enrolled, told to core.

import { createServer } from "node:net";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { findFreePort } from "../../../support/free-port.ts";
import { makePki, type Issued } from "../../../support/pki.ts";
import { assert, suite } from "../../../support/suite.ts";
import { until } from "../../../drivers/miko/until.ts";
import { runField, startCore, type FakeCore } from "../fake-core.ts";
import { enrol, loopback } from "./enrolled.ts";

const sample = '{"value":7,"time":"2026-01-02T00:00:00Z"}';

/** The ports that core was told of last, with the code of what keeps them closed. */
function told({ standings }: FakeCore): string[] {
  return (standings.at(-1)?.listeners ?? []).map(({ address, port, isTls, fault }) => `${isTls ? "tls" : "plain"} ${address}:${port} ${fault?.code ?? "open"}`);
}

suite("the ports of the ingest", (test) => {
  test("open and close with the configuration, and the other machines' connections go on", async ({ signal, defer }) => {
    const core = await startCore(defer);
    const [first, second] = [await findFreePort(), await findFreePort()];
    const machine = await enrol(defer, { url: `mqtt://127.0.0.1:${first}` });
    core.segments = [loopback({ ingestPlain: first })];
    runField(core, defer, signal);
    core.assign([machine.assignment]);
    await until(() => told(core).includes(`plain 127.0.0.1:${first} open`), signal);
    const client = await machine.connect(first, signal);
    core.segments = [loopback({ ingestPlain: first }), { ...loopback({ ingestPlain: second }), name: "other" }];
    core.assign([machine.assignment]);
    await until(() => told(core).includes(`plain 127.0.0.1:${second} open`), signal);
    assert.is(await machine.publishAgain(second, "points/n", sample, "-i", "another"), 0);
    assert.not.ok(client.socket.destroyed);
    core.segments = [];
    core.assign([machine.assignment]);
    await client.closed;
    await until(() => core.standings.at(-1)?.listeners.length === 0, signal);
    assert.is.not(await machine.publishAgain(second, "points/n", sample, "-i", "another"), 0);
  });

  test("say why they are closed, and open by themselves when that is over", async ({ signal, defer }) => {
    const core = await startCore(defer);
    const [port, free] = [await findFreePort(), await findFreePort()];
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
    defer(() => squatter.close());
    core.segments = [loopback({ ingestPlain: port, ingestTls: free }), { ...loopback({ ingestPlain: free }), name: "unplugged", interface: "nowhere0" }];
    core.assign([]);
    runField(core, defer, signal);
    await until(() => core.standings.length > 0, signal);
    assert.equal(told(core).sort(), [`plain 127.0.0.1:${port} CONFIG_INVALID`, `plain nowhere0:${free} CONFIG_INVALID`, `tls 127.0.0.1:${free} CONDUIT_UNAVAILABLE`]);
    const server = makePki(defer).issue("gateway");
    core.ingestTls = { certificate: server.certificate, key: server.key, clientCa: server.certificate };
    core.assign([]);
    await until(() => told(core).includes(`tls 127.0.0.1:${free} open`), signal);
    await new Promise((resolve) => squatter.close(resolve));
    await until(() => told(core).includes(`plain 127.0.0.1:${port} open`), signal);
  });

  for (const version of ["mqttv311", "mqttv5"]) {
    test(`by TLS let in with the password or the machine's own certificate by ${version}, and nobody else`, async ({ signal, defer }) => {
      const core = await startCore(defer);
      const port = await findFreePort();
      const [machineCa, foreign] = [makePki(defer, "Machine CA"), makePki(defer, "Machine CA")];
      const server = machineCa.issue("gateway");
      const [own, former, others, faked] = [machineCa.issue("4711"), machineCa.issue("4711"), machineCa.issue("4712"), foreign.issue("4711")] as [Issued, Issued, Issued, Issued];
      const machine = await enrol(defer, { url: `mqtts://127.0.0.1:${port}`, certificates: [own] });
      const other = await enrol(defer, { url: `mqtts://127.0.0.1:${port}`, serial: "4712", certificates: [others] });
      core.segments = [loopback({ ingestTls: port })];
      core.ingestTls = { certificate: server.certificate, key: server.key, clientCa: machineCa.ca };
      runField(core, defer, signal);
      core.assign([machine.assignment, other.assignment]);
      await until(() => told(core).includes(`tls 127.0.0.1:${port} open`), signal);
      const attempt = (value: number, ...args: string[]): Promise<number | null> => machine.publishAgain(port, "points/n", `{"value":${value}}`, "-V", version, "--cafile", machineCa.caFile, ...args);
      const by = ({ certificateFile, keyFile }: Issued): string[] => ["--cert", certificateFile, "--key", keyFile];
      assert.is(await attempt(1), 0, "the password");
      assert.is(await attempt(2, ...by(own)), 0, "its own certificate");
      assert.is.not(await attempt(3, "-P", "wrong"), 0, "a wrong password");
      assert.is.not(await attempt(4, ...by(faked)), 0, "a certificate of another CA of the same name");
      assert.is.not(await attempt(5, ...by(former)), 0, "a certificate that does not count any more");
      assert.is.not(await attempt(6, ...by(others)), 0, "another machine's certificate with this one's user");
      // Let in as the other machine: it may not publish below this one's root.
      await attempt(7, ...by(others), "-u", "4712", "-P", "");
      const values = core.of(machine.asset).map(({ value }) => value);
      assert.equal([1, 2, 3, 4, 5, 6, 7].filter((value) => values.includes(value)), [1, 2]);
      assert.not.ok(core.of(other.asset).some(({ value }) => value === 7));
      await until(() => core.peers.some(({ code }) => code === "CERTIFICATE_REFUSED"), signal);
    });
  }

  test("show new clients a renewed certificate while old ones go on", async ({ signal, defer }) => {
    const core = await startCore(defer);
    const port = await findFreePort();
    const [before, after] = [makePki(defer, "Before"), makePki(defer, "After")];
    const machine = await enrol(defer, { url: `mqtts://127.0.0.1:${port}` });
    const show = ({ ca, issue }: typeof before): void => {
      const server = issue("gateway");
      core.segments = [loopback({ ingestTls: port })];
      core.ingestTls = { certificate: server.certificate, key: server.key, clientCa: ca };
      core.assign([machine.assignment]);
    };
    show(before);
    runField(core, defer, signal);
    await until(() => told(core).includes(`tls 127.0.0.1:${port} open`), signal);
    const publish = (caFile: string): Promise<number | null> => machine.publishAgain(port, "points/n", sample, "--cafile", caFile);
    assert.is(await publish(before.caFile), 0);
    show(after);
    while ((await publish(after.caFile)) !== 0) await systemClock.sleep(20, signal);
    assert.is.not(await publish(before.caFile), 0);
  });
}, { needs: ["mosquitto_pub", "openssl"], limitMs: 120_000 });
