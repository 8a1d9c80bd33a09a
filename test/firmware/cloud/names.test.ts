// Shows how the cloud zone comes from a name to admitted addresses: a real DNS server on loopback, a real broker, and every way in which either fails.

import { once } from "node:events";
import { connect, createServer } from "node:net";

import { Fault } from "../../../drivers/contract/fault.ts";
import { NAME_TIMING, type NameTiming } from "../../../firmware/cloud/names/name-timing.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { startDnsServer, type DnsServer } from "../../support/dns-server.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { makePki } from "../../support/pki.ts";
import { startProxy } from "../../support/proxy.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeLink, startCore, type Offer, type TestCore } from "./core.ts";

const NAME = "broker.test";
/** Short enough for a test to see several renewals; an admission holds long enough for a loaded machine. */
const QUICK: NameTiming = { ...NAME_TIMING, limitMs: 1500, patienceMs: 200, refreshMinMs: 100, refreshMaxMs: 400, marginMs: 60_000, staggerMs: 100 };
const NEEDS = { needs: ["mosquitto", "openssl"], limitMs: 40_000 };
const INNER = "10.1.2.3";

interface Town {
  readonly core: TestCore;
  readonly dns: DnsServer;
  readonly broker: Mosquitto;
  /** Points the zone at the broker by its name and runs it. */
  start(timing?: Partial<NameTiming>, clock?: typeof systemClock): () => Promise<void>;
}

async function build(defer: Defer, signal: AbortSignal): Promise<Town> {
  const [core, dns, pki] = [await startCore(defer), await startDnsServer(defer), makePki(defer)];
  const { certificateFile, keyFile } = pki.issue("broker", { names: `DNS:${NAME}` });
  const broker = await startMosquitto(defer, signal, { listener: [`certfile ${certificateFile}`, `keyfile ${keyFile}`, `cafile ${pki.caFile}`] });
  dns.set(NAME, { a: ["127.0.0.1"] });
  core.setNameServers([dns.address]);
  const start: Town["start"] = (timing = {}, clock = systemClock) => {
    core.setLink(makeLink(`mqtts://${NAME}:${broker.port}`, { ca: { secret: "ca" } }), { ca: pki.ca });
    return core.start({ names: { ...QUICK, ...timing } }, undefined, clock);
  };
  return { core, dns, broker, start };
}

const isUp = (core: TestCore): boolean => core.states.at(-1)?.state === "connected";
const ups = (core: TestCore): number => core.states.filter(({ state }) => state === "connected").length;
const addressesOf = (offer: Offer | undefined): readonly string[] => (offer?.addresses ?? []).map(({ address }) => address);

/** Breaks the connection and waits for the next one. */
async function reconnect({ core, broker }: Town, signal: AbortSignal): Promise<void> {
  const before = ups(core);
  await broker.kill();
  await core.until("a lost link", () => !isUp(core), signal);
  await broker.restart(signal);
  await core.until("a link again", () => ups(core) > before && isUp(core), signal);
}

suite(
  "names, from a name to a connection",
  (test) => {
    test("asks the configured server, has the address admitted before it dials, and demands the name in the certificate", async ({ signal, defer }) => {
      const { core, broker, start } = await build(defer, signal);
      start({ refreshMinMs: 60_000, refreshMaxMs: 900_000 });
      await core.until("a link", () => isUp(core), signal);
      const [offer] = core.offers;
      assert.is(offer?.name, NAME);
      assert.is(offer?.port, broker.port);
      assert.equal(offer?.addresses, [{ address: "127.0.0.1", lifeSeconds: 66 + 60 }]);
    });
    test("does not dial what was refused, and says where the name leads", async ({ signal, defer }) => {
      const { core, dns, start } = await build(defer, signal);
      dns.set(NAME, { a: [INNER] });
      core.setJudge(({ addresses }) => ({ refused: addresses.map(({ address }) => ({ address, why: "inwards" })) }));
      start();
      await core.until("a fault", () => core.states.at(-1)?.fault !== undefined, signal);
      const fault = core.states.at(-1)?.fault;
      assert.is(fault?.kind, "transient");
      assert.match(fault?.message ?? "", /broker\.test leads to 10\.1\.2\.3/);
      assert.match(fault?.remedy ?? "", /write its address instead of a name/);
      dns.set(NAME, { a: ["127.0.0.1", INNER] });
      core.setJudge(({ addresses }) => ({ refused: addresses.filter(({ address }) => address === INNER).map(({ address }) => ({ address, why: "inwards" })) }));
      await core.until("a link by the address that remains", () => isUp(core), signal);
    });
    test("connects by the address that answers when the first ones do not", async ({ signal, defer }) => {
      const { core, dns, start } = await build(defer, signal);
      dns.set(NAME, { a: ["127.0.0.2", "127.0.0.3", "127.0.0.1"], aaaa: ["::1"] });
      start();
      await core.until("a link", () => isUp(core), signal);
      assert.equal(addressesOf(core.offers[0]), ["::1", "127.0.0.2", "127.0.0.3", "127.0.0.1"]);
    });
    test("works with IPv6 alone", async ({ signal, defer }) => {
      const { broker, ...town } = await build(defer, signal);
      const six = createServer((near) => {
        const far = connect(broker.port, "127.0.0.1");
        near.on("error", () => far.destroy()).on("close", () => far.destroy());
        far.on("error", () => near.destroy()).on("close", () => near.destroy());
        near.pipe(far).pipe(near);
      });
      defer(() => six.close());
      six.listen(broker.port, "::1");
      await once(six, "listening");
      town.dns.set(NAME, { aaaa: ["::1"] });
      town.start();
      await town.core.until("a link", () => isUp(town.core), signal);
      assert.equal(addressesOf(town.core.offers[0]), ["::1"]);
    });
    test("takes a name with 300 addresses, fetched by TCP, and offers 256 of them", async ({ signal, defer }) => {
      const { core, dns, start } = await build(defer, signal);
      dns.set(NAME, { a: ["127.0.0.1", ...Array.from({ length: 299 }, (_, index) => `127.1.${index >> 8}.${index & 255}`)] });
      start();
      await core.until("a link", () => isUp(core), signal);
      assert.is(core.offers[0]?.addresses.length, 256);
      assert.ok(dns.overTcp > 0);
    });
    test("resolves the proxy's name where there is a proxy, and leaves the broker's to the proxy", async ({ signal, defer }) => {
      const { core, dns, broker, start } = await build(defer, signal);
      const proxy = await startProxy(defer);
      dns.set("proxy.test", { a: ["127.0.0.1"] });
      start();
      core.setLink(makeLink(`mqtts://localhost:${broker.port}`, { proxy: { url: `http://proxy.test:${proxy.port}` } }));
      await core.until("a way through the proxy", () => proxy.opened.length > 0, signal);
      assert.is(proxy.opened[0], `localhost:${broker.port}`);
      assert.ok(core.offers.some(({ name, port }) => name === "proxy.test" && port === proxy.port));
      assert.is(dns.asked("localhost"), 0);
    });
    test("asks nobody about localhost and addresses", async ({ signal, defer }) => {
      const { core, dns, broker, start } = await build(defer, signal);
      start();
      for (const host of ["localhost", "127.0.0.1"]) {
        const before = core.states.length;
        const offers = core.offers.length;
        core.setLink(makeLink(`mqtts://${host}:${broker.port}`));
        await core.until("a refused certificate", () => core.states.slice(before).some(({ fault }) => fault?.code === "CERTIFICATE_REFUSED"), signal);
        assert.equal(core.offers.slice(offers).filter(({ name }) => name === host), []);
        assert.is(dns.asked(host), 0);
      }
    });
  },
  NEEDS,
);

suite(
  "names, while connected",
  (test) => {
    test("renews the admission before its end without touching the connection, also at a time to live of 0 and when the clock jumps", async ({ signal, defer }) => {
      const { core, dns, start } = await build(defer, signal);
      dns.set(NAME, { a: ["127.0.0.1"], ttl: 0 });
      let jumpMs = 0;
      start({}, { ...systemClock, now: () => systemClock.now() + jumpMs });
      await core.until("a link", () => isUp(core), signal);
      for (const years of [10, -20]) {
        jumpMs = years * 365 * 86_400_000;
        const before = core.offers.length;
        await core.until("two renewals", () => core.offers.length >= before + 2, signal);
      }
      assert.is(ups(core), 1);
      assert.ok(core.offers.every(({ addresses }) => addresses.every(({ lifeSeconds }) => lifeSeconds * 1000 > QUICK.refreshMaxMs * 1.1)));
    });
    test("keeps and renews what it knew while DNS is silent, and connects anew by it", async ({ signal, defer }) => {
      const town = await build(defer, signal);
      const { core, dns, start } = town;
      start({ limitMs: 300 });
      await core.until("a link", () => isUp(core), signal);
      dns.set(NAME, "silence");
      await core.until("a renewal without DNS", () => core.offers.at(-1)?.fault !== undefined, signal);
      assert.match(core.offers.at(-1)?.fault?.message ?? "", /broker\.test cannot be resolved: DNS 127\.0\.0\.1:\d+ does not answer/);
      assert.equal(addressesOf(core.offers.at(-1)), ["127.0.0.1"]);
      await reconnect(town, signal);
      dns.set(NAME, { a: ["127.0.0.1"] });
      await core.until("a renewal by DNS", () => core.offers.at(-1)?.fault === undefined, signal);
    });
    test("does so when the server fails, too", async ({ signal, defer }) => {
      const town = await build(defer, signal);
      town.start();
      await town.core.until("a link", () => isUp(town.core), signal);
      town.dns.set(NAME, "failure");
      await town.core.until("a renewal without DNS", () => town.core.offers.at(-1)?.fault !== undefined, signal);
      assert.match(town.core.offers.at(-1)?.fault?.message ?? "", /fails \(SERVFAIL\)/);
      await reconnect(town, signal);
    });
    test("forgets them when their life and the grace are over", async ({ signal, defer }) => {
      const { core, dns, broker, start } = await build(defer, signal);
      start({ limitMs: 300, marginMs: 300, graceMs: 100 });
      await core.until("a link", () => isUp(core), signal);
      dns.set(NAME, "silence");
      await broker.kill();
      await core.until("a link that is lost for want of a name", () => /cannot be resolved/.test(core.states.at(-1)?.fault?.message ?? ""), signal);
      await broker.restart(signal);
      dns.set(NAME, { a: ["127.0.0.1"] });
      await core.until("a link again", () => isUp(core), signal);
    });
    test("stays with the former address when the name flips to an inner one, and connects anew to the former", async ({ signal, defer }) => {
      const town = await build(defer, signal);
      const { core, dns, start } = town;
      start();
      await core.until("a link", () => isUp(core), signal);
      core.setJudge(({ addresses }) => ({ refused: addresses.filter(({ address }) => address === INNER).map(({ address }) => ({ address, why: "inwards" })) }));
      dns.set(NAME, { a: [INNER] });
      const flips = (): number => core.offers.filter((offer) => addressesOf(offer).includes(INNER)).length;
      await core.until("two offers of the inner address", () => flips() >= 2, signal);
      assert.is(ups(core), 1);
      assert.ok(isUp(core));
      await reconnect(town, signal);
    });
    test("uses the former address until its admission ends when DNS says that the name is gone", async ({ signal, defer }) => {
      const town = await build(defer, signal);
      const { core, dns, start } = town;
      start();
      await core.until("a link", () => isUp(core), signal);
      dns.set(NAME, "no such name");
      await core.until("a report", () => core.offers.at(-1)?.fault !== undefined, signal);
      assert.equal(core.offers.at(-1)?.addresses, []);
      await reconnect(town, signal);
    });
    test("uses the former address when host is silent at that moment", async ({ signal, defer }) => {
      const town = await build(defer, signal);
      const { core, start } = town;
      start();
      await core.until("a link", () => isUp(core), signal);
      let failures = 0;
      core.setJudge(() => {
        failures += 1;
        throw new Fault("PEER_TIMEOUT", "the zone host does not answer");
      });
      await core.until("two renewals that fail", () => failures >= 2, signal);
      assert.is(ups(core), 1);
      await reconnect(town, signal);
    });
  },
  NEEDS,
);

suite(
  "names, that cannot be resolved from the start",
  (test) => {
    const cases = [
      ["no such name", /broker\.test cannot be resolved: there is no such name \(NXDOMAIN\), says DNS 127/, /spelling in cloud\.url/],
      ["silence", /does not answer/, /network\.dns/],
      ["failure", /fails \(SERVFAIL\)/, /network\.dns/],
      [{}, /it has no address \(neither A nor AAAA\)/, /correct the name/],
    ] as const;
    for (const [zone, says, remedy] of cases) {
      test(`tells of ${typeof zone === "string" ? zone : "no address"} with a remedy, and connects when it is over`, async ({ signal, defer }) => {
        const { core, dns, start } = await build(defer, signal);
        dns.set(NAME, zone);
        start({ limitMs: 300 });
        await core.until("a fault", () => core.states.at(-1)?.fault !== undefined, signal);
        const fault = core.states.at(-1)?.fault;
        assert.is(fault?.kind, "transient");
        assert.is(fault?.where, "cloud.url");
        assert.match(fault?.message ?? "", says);
        assert.match(fault?.remedy ?? "", remedy);
        assert.equal(core.offers, []);
        dns.set(NAME, { a: ["127.0.0.1"] });
        await core.until("a link", () => isUp(core), signal);
      });
    }
    test("waits for host, and connects when it admits", async ({ signal, defer }) => {
      const { core, start } = await build(defer, signal);
      core.setJudge(() => {
        throw new Fault("PEER_TIMEOUT", "the zone host does not answer");
      });
      start();
      await core.until("a fault", () => core.states.at(-1)?.fault?.message === "the zone host does not answer", signal);
      core.setJudge(({ addresses }) => ({ refused: addresses.map(({ address }) => ({ address, why: "walls" })) }));
      await core.until("another fault", () => /own firewall does not admit broker\.test/.test(core.states.at(-1)?.fault?.message ?? ""), signal);
      core.setJudge(() => ({ refused: [] }));
      await core.until("a link", () => isUp(core), signal);
    });
  },
  NEEDS,
);
