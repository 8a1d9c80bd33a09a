// Shows for how long a name's addresses are asked for, admitted and kept, with the real times and an uptime that the test moves on.
// limit: 60s

import { join } from "node:path";

import { NAME_TIMING } from "../../../firmware/cloud/names/name-timing.ts";
import { openNames } from "../../../firmware/cloud/names/names.ts";
import { cloudConduit } from "../../../firmware/conduit/cloud.ts";
import { openConduit } from "../../../firmware/runtime/conduit-client.ts";
import { serveConduit } from "../../../firmware/runtime/conduit-server.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { startDnsServer, type Zone } from "../../support/dns-server.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import type { Offer, Verdict } from "./core.ts";

const BROKER = { host: "broker.test", port: 8883, setting: "cloud.url" };
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

async function build(defer: Defer, zone: Zone) {
  const dns = await startDnsServer(defer);
  dns.set(BROKER.host, zone);
  const socket = join(makeTempDir(defer), "cloud.sock");
  const offers: Offer[] = [];
  const judging = { judge: (_: Offer): Verdict => ({ refused: [] }) };
  const admitName = (offer: Offer): Verdict => {
    offers.push(offer);
    return judging.judge(offer);
  };
  const contract = { admitName: cloudConduit.admitName };
  const server = await serveConduit(contract, { admitName }, { socket, log: silentLog });
  defer(() => server.close());
  const core = openConduit(contract, { socket, clock: systemClock, epoch: "00000000-0000-4000-8000-000000000001", log: silentLog });
  defer(() => core.close());
  let skippedMs = 0;
  const clock = { ...systemClock, uptimeMs: () => systemClock.uptimeMs() + skippedMs };
  const names = openNames({ clock, log: silentLog, timing: { ...NAME_TIMING, limitMs: 2000 }, core, servers: [dns.address] });
  return { dns, names, offers, judging, skip: (ms: number) => void (skippedMs += ms) };
}

suite("names, times", (test) => {
  const cases = [
    [0, 60, 66],
    [5, 60, 66],
    [300, 300, 330],
    [86_400, 900, 990],
    [4_294_967_295, 900, 990],
  ] as const;
  for (const [ttl, least, most] of cases) {
    test(`a time to live of ${ttl} s is renewed after ${least} to ${most} s, and the admission holds 5 min longer`, async ({ signal, defer }) => {
      const { names, offers } = await build(defer, { a: ["192.0.2.1"], ttl });
      await names.find(BROKER, signal);
      const seconds = (names.renewalMs(BROKER) ?? 0) / 1000;
      // What passed since it was asked is counted off.
      assert.ok(seconds > least - 10 && seconds <= most, String(seconds));
      assert.is(offers[0]?.addresses[0]?.lifeSeconds, most + 300);
    });
  }
  test("while DNS is silent the addresses are admitted anew for a day after their life, and then no more", async ({ signal, defer }) => {
    const { dns, names, offers, skip } = await build(defer, { a: ["192.0.2.1"], aaaa: ["2001:db8::1"], ttl: 60 });
    const addresses = await names.find(BROKER, signal);
    assert.equal(addresses, ["2001:db8::1", "192.0.2.1"]);
    dns.set(BROKER.host, "silence");
    for (const ms of [7 * MINUTE_MS, DAY_MS - 2 * MINUTE_MS]) {
      skip(ms);
      assert.equal(await names.find(BROKER, signal), addresses);
      assert.equal(offers.at(-1)?.addresses.map(({ address }) => address), addresses);
      assert.ok((names.renewalMs(BROKER) ?? 0) > 50_000);
    }
    skip(2 * MINUTE_MS);
    await assert.rejects(names.find(BROKER, signal), /does not answer/);
  });
  const ends: readonly { name: string; zone: Zone; refuse: boolean; says: RegExp }[] = [
    { name: "is denied", zone: "no such name", refuse: false, says: /NXDOMAIN/ },
    { name: "leads inwards", zone: { a: ["10.0.0.1"] }, refuse: true, says: /leads to 10\.0\.0\.1/ },
  ];
  for (const { name, zone, refuse, says } of ends) {
    test(`a name that ${name} keeps its former addresses until their admission ends, without renewal`, async ({ signal, defer }) => {
      const { dns, names, offers, judging, skip } = await build(defer, { a: ["192.0.2.1"], ttl: 60 });
      await names.find(BROKER, signal);
      dns.set(BROKER.host, zone);
      if (refuse) judging.judge = ({ addresses }) => ({ refused: addresses.map(({ address }) => ({ address, why: "inwards" })) });
      skip(5 * MINUTE_MS);
      assert.equal(await names.find(BROKER, signal), ["192.0.2.1"]);
      skip(2 * MINUTE_MS);
      await assert.rejects(names.find(BROKER, signal), says);
      assert.not.ok(offers.slice(1).some(({ addresses }) => addresses.some(({ address }) => address === "192.0.2.1")));
    });
  }
  test("an address known before that core refuses now is used no more, also while DNS is silent", async ({ signal, defer }) => {
    const { dns, names, judging } = await build(defer, { a: ["192.0.2.1"], ttl: 60 });
    await names.find(BROKER, signal);
    dns.set(BROKER.host, "silence");
    judging.judge = ({ addresses }) => ({ refused: addresses.map(({ address }) => ({ address, why: "inwards" })) });
    await assert.rejects(names.find(BROKER, signal), /does not answer/);
  });
  test("a server that answers for one family only does not hold up the other", async ({ signal, defer }) => {
    const { names } = await build(defer, { a: ["192.0.2.1"], aaaa: "silence" });
    assert.equal(await names.find(BROKER, signal), ["192.0.2.1"]);
  });
}, { limitMs: 40_000 });
