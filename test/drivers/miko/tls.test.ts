// Shows whom the driver trusts over https and mqtts, and that no credential goes to anybody else.

import { completeMikoConfig } from "../../../drivers/miko/config.ts";
import { miko } from "../../../drivers/miko/driver.ts";
import { assert, suite, type TestContext } from "../../support/suite.ts";
import { makeContext, makeSink } from "./fake-context.ts";
import { startMachine, type FakeMachine } from "./fake-machine.ts";
import { makeCertificate } from "./make-certificate.ts";
import { until } from "./until.ts";

const credentials = { user: "weir", password: { secret: "machine" } };

function open(machine: FakeMachine, written: object, { signal }: TestContext, secrets: Record<string, string> = {}) {
  return miko.open(completeMikoConfig({ url: machine.url, ...written }, "test"), makeContext({ secrets: { machine: "s3cret", ...secrets } }), signal);
}

suite(
  "miko tls",
  (test) => {
    test("CR 1.11 sends credentials over https and mqtts to the pinned machine", async (t) => {
      const tls = makeCertificate(t.defer);
      const machine = await startMachine(t.defer, { tls });
      const context = makeContext({ secrets: { machine: "s3cret" } });
      const session = await miko.open(completeMikoConfig({ url: machine.url, tls: { pin: tls.pin }, credentials }, "test"), context, t.signal);
      t.defer(() => session.close());
      void session.subscribe?.(makeSink(context).accept, t.signal);
      await machine.broker.subscribed(t.signal);
      assert.is(machine.headers[0]?.authorization, `Basic ${Buffer.from("weir:s3cret").toString("base64")}`);
      assert.is(machine.broker.connects[0]?.username, "weir");
    });
    test("refuses another certificate than the pinned one, says both, and sends nothing", async (t) => {
      const tls = makeCertificate(t.defer);
      const machine = await startMachine(t.defer, { tls });
      const wrong = "ab".repeat(32);
      const fault = await assert.rejects(open(machine, { tls: { pin: wrong }, credentials }, t), "CERTIFICATE_REFUSED");
      assert.match(String(fault), new RegExp(`expected SHA-256 ${wrong}, found ${tls.pin}`));
      assert.equal(machine.asked, []);
    });
    test("takes a certificate of the configured CA, and refuses one of another", async (t) => {
      const tls = makeCertificate(t.defer);
      const machine = await startMachine(t.defer, { tls });
      const session = await open(machine, { tls: { ca: { secret: "ca" } } }, t, { ca: tls.ca });
      await session.close();
      const other = makeCertificate(t.defer);
      const fault = await assert.rejects(open(machine, { tls: { ca: { secret: "ca" } } }, t, { ca: other.ca }), "CERTIFICATE_REFUSED");
      assert.match(String(fault), /127\.0\.0\.1/);
    });
    test("refuses a certificate of the CA that was made for another address", async (t) => {
      const tls = makeCertificate(t.defer, "192.0.2.77");
      const machine = await startMachine(t.defer, { tls });
      const fault = await assert.rejects(open(machine, { tls: { ca: { secret: "ca" } } }, t, { ca: tls.ca }), "CERTIFICATE_REFUSED");
      assert.match(String(fault), /192\.0\.2\.77/);
    });
    test("a CA secret that is no certificate is a fault of the configuration", async (t) => {
      const tls = makeCertificate(t.defer);
      const machine = await startMachine(t.defer, { tls });
      await assert.rejects(open(machine, { tls: { ca: { secret: "ca" } } }, t, { ca: "nonsense" }), (error) => ["CONFIG_INVALID", "CERTIFICATE_REFUSED"].includes((error as { code: string }).code));
    });
    test("sends no credentials to a broker without TLS", async (t) => {
      const tls = makeCertificate(t.defer);
      const machine = await startMachine(t.defer, { tls });
      const plain = await startMachine(t.defer);
      machine.publish = plain.publish;
      const context = makeContext({ secrets: { machine: "s3cret" } });
      const session = await miko.open(completeMikoConfig({ url: machine.url, tls: { pin: tls.pin }, credentials }, "test"), context, t.signal);
      t.defer(() => session.close());
      void session.subscribe?.(makeSink(context).accept, t.signal);
      await plain.broker.subscribed(t.signal);
      assert.is(plain.broker.connects[0]?.username, undefined);
    });
    test("polls a machine whose broker speaks TLS while nothing says what its certificate must be", async (t) => {
      const tls = makeCertificate(t.defer);
      const secure = await startMachine(t.defer, { tls });
      const machine = await startMachine(t.defer);
      machine.publish = secure.publish;
      machine.points.set("a", { value: 1 });
      const context = makeContext();
      const session = await miko.open(completeMikoConfig({ url: machine.url }, "test"), context, t.signal);
      t.defer(() => session.close());
      const sink = makeSink(context);
      void session.subscribe?.(sink.accept, t.signal);
      await until(() => sink.readings.length === 1, t.signal);
      assert.equal(context.faults.map(({ code }) => code), ["CONFIG_INVALID"]);
      assert.is(secure.broker.connects.length, 0);
    });
    test("a machine that speaks plain HTTP on its https port is refused by name", async (t) => {
      const machine = await startMachine(t.defer);
      const url = machine.url.replace("http:", "https:");
      const fault = await assert.rejects(miko.open(completeMikoConfig({ url, tls: { pin: "ab".repeat(32) } }, "test"), makeContext(), t.signal), "PEER_PROTOCOL");
      assert.match(String(fault), /does not speak TLS/);
    });
  },
  { needs: ["openssl"] },
);

suite("miko configuration", (test) => {
  const refused: readonly [string, object, RegExp][] = [
    ["a host name", { url: "http://machine.plant/" }, /no IP address/],
    ["credentials in the url", { url: "http://a:b@192.0.2.1/" }, /carries credentials/],
    ["credentials over http", { url: "http://192.0.2.1/", credentials }, /send the password to whoever answers/],
    ["https that nobody checks", { url: "https://192.0.2.1/" }, /nobody would check/],
    ["a pin and a CA at once", { url: "https://192.0.2.1/", tls: { pin: "ab".repeat(32), ca: { secret: "x" } } }, /exactly one/],
    ["an unknown setting", { url: "http://192.0.2.1/", pollIntervall: 5 }, /pollIntervall/],
  ];
  for (const [name, written, why] of refused) test(`refuses ${name}`, () => assert.match(String(assert.throws(() => completeMikoConfig(written, "weir.yaml:3:5"), "CONFIG_INVALID")), why));
  test("an address outside the segment is refused before anything is sent", async (t) => {
    const machine = await startMachine(t.defer);
    await assert.rejects(miko.open(completeMikoConfig({ url: machine.url }, "test"), makeContext({ segment: ["192.0.2.0/24"] }), t.signal), "ADDRESS_REFUSED");
    assert.equal(machine.asked, []);
  });
});
