// Shows what core lets a cloud name stand for, what it tells and records, and how it does when host is slow or dead.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import Database from "better-sqlite3";

import { Fault, isFault } from "../../../../drivers/contract/fault.ts";
import { hostConduit } from "../../../../firmware/conduit/host.ts";
import type { AuditEvent } from "../../../../firmware/core/audit/audit.ts";
import { makeNameJudge } from "../../../../firmware/core/conduits/cloud-names.ts";
import { Conditions } from "../../../../firmware/core/health/conditions.ts";
import { Fading } from "../../../../firmware/core/health/fading.ts";
import { openHostLink } from "../../../../firmware/core/host/host-link.ts";
import type { FirewallInput, NetworkInput } from "../../../../firmware/protocol/firewall/input.ts";
import { serveConduit } from "../../../../firmware/runtime/conduit-server.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";
import { readStatus, startCore } from "../running-core.ts";

const wire = { interface: "eth1", automatic: false };
const network: NetworkInput = {
  field: [],
  plant: { ...wire, clients: ["20.20.0.0/24"], discoveryProxy: false, ldaps: ["20.20.1.1"], syslog: [] },
  admin: { ...wire, clients: ["20.20.5.0/28"], port: 9797 },
  cloud: { ...wire, updates: ["https://updates.example"] },
  dns: { via: "cloud", servers: ["9.9.9.10"] },
};
const walled: FirewallInput = { segments: [{ name: "cutting", subnets: ["30.1.0.0/24", "2a00:30::/64"] }], assets: [], cloud: { url: "mqtts://broker.example" }, network };
const open: FirewallInput = { segments: [], assets: [], cloud: { url: "mqtts://broker.example:8883" } };

/** What a test asks the judge, with everything around it that is real but host. */
function makeBench(defer: Defer, configuration: FirewallInput) {
  const clock = makeFakeClock();
  const conditions = new Conditions(clock, () => undefined);
  const fading = new Fading(conditions, clock);
  const audit: AuditEvent[] = [];
  const record = (event: AuditEvent): void => void audit.push(event);
  const socket = join(makeTempDir(defer), "host.sock");
  const host = openHostLink({ socket, clock, epoch: "e-1", log: silentLog, trail: { record } });
  defer(() => host.close());
  const trail = { record, recordDenied: (actor: string, target: string) => record({ actor, action: "access.denied", target, result: "refused" }) };
  const judge = makeNameJudge({ clock, conditions, fading, configuration: { current: configuration }, host, trail });
  const offer = (addresses: readonly string[], signal: AbortSignal, more: { name?: string; port?: number; fault?: ReturnType<typeof dnsFault> } = {}) =>
    judge({ name: "broker.example", port: 8883, addresses: addresses.map((address) => ({ address, lifeSeconds: 600 })), ...more }, { signal });
  const standing = (): readonly string[] => conditions.list().map(({ code, subject }) => `${code} ${subject}`);
  return { clock, conditions, fading, audit, socket, offer, standing };
}

/** Host's end of the wire, with the one verb that counts here. */
async function serveHost(defer: Defer, socket: string, refused: (addresses: readonly string[]) => Promise<string[]> | string[]): Promise<readonly string[]> {
  const asked: string[] = [];
  const admitCloud = async ({ addresses }: { addresses: { address: string; port: number; lifeSeconds: number }[] }) => {
    asked.push(...addresses.map(({ address, port, lifeSeconds }) => `${address} ${port} ${lifeSeconds}`));
    return { refused: await refused(addresses.map(({ address }) => address)) };
  };
  const server = await serveConduit({ admitCloud: hostConduit.admitCloud }, { admitCloud }, { socket, log: silentLog, closeMs: 50 });
  defer(() => server.close());
  return asked;
}

function dnsFault() {
  return { code: "PEER_UNREACHABLE", kind: "transient", message: "the name broker.example cannot be resolved: DNS 9.9.9.10 does not answer", where: "cloud.url", remedy: "Check `network.dns`." } as const;
}

suite("cloud names, judged by core", (test) => {
  const inner = ["10.1.2.3", "192.168.1.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "30.1.0.7", "20.20.0.9", "20.20.1.1", "20.20.5.3", "9.9.9.10", "0.0.0.0", "255.255.255.255"];
  const innerSix = ["::1", "fe80::1", "fd00::1", "2a00:30::7", "::ffff:8.8.8.8", "64:ff9b::a01:203", "ff02::1"];
  test("K2.1.14 an address that is private, of the machines, of the plant or of management is refused, alone", async ({ signal, defer }) => {
    const { offer, standing, conditions } = makeBench(defer, walled);
    const { refused } = await offer(["8.8.8.8", ...inner, ...innerSix, "2a00:1450::1"], signal);
    assert.equal(refused, [...inner, ...innerSix].map((address) => ({ address, why: "inwards" })));
    assert.equal(standing(), ["CLOUD_NAME_LEADS_INWARDS broker.example"]);
    const [condition] = conditions.list();
    assert.is(condition?.severity, "error");
    assert.match(condition?.cause ?? "", /broker\.example leads to 10\.1\.2\.3, .* and 15 more/);
    assert.match(condition?.remedy ?? "", /Check the DNS server.*write its address instead of a name/);
  });
  test("what leads inwards is recorded once while it goes on, and again after it was over", async ({ signal, defer }) => {
    const { offer, audit, clock, fading, standing } = makeBench(defer, walled);
    for (let last = 1; last < 200; last += 1) {
      await offer([`10.1.2.${last}`], signal);
      if (last % 2 === 0) await offer(["8.8.8.8"], signal);
      await clock.advance(1000);
      fading.tick();
    }
    assert.equal(audit, [{ actor: "cloud", action: "cloud-addresses.refused", target: "broker.example", result: "refused", detail: { refused: ["10.1.2.1"] } }]);
    await clock.advance(21 * 60_000);
    fading.tick();
    assert.equal(standing(), []);
    await offer(["10.1.2.3"], signal);
    assert.is(audit.length, 2);
  });
  test("only names of the configuration at their ports are taken; others are recorded once a minute", async ({ signal, defer }) => {
    const { offer, audit, clock } = makeBench(defer, walled);
    const isRefused = (error: unknown): boolean => isFault(error, "ADDRESS_REFUSED");
    for (const more of [{ name: "evil.example" }, { port: 22 }, { name: "broker.example.evil" }, { name: "8.8.8.8" }, { name: "updates.example", port: 8883 }]) await assert.rejects(offer(["8.8.8.8"], signal, more), isRefused);
    assert.equal(audit.map(({ action, target }) => `${action} ${target}`), ["access.denied evil.example:8883"]);
    await clock.advance(60_000);
    await assert.rejects(offer([], signal, { port: 22 }), isRefused);
    assert.is(audit.length, 2);
    assert.equal((await offer(["8.8.8.8"], signal, { name: "updates.example", port: 443 })).refused, []);
  });
  test("where there is a proxy, its name is the only one", async ({ signal, defer }) => {
    const { offer } = makeBench(defer, { ...walled, cloud: { url: "mqtts://broker.example", proxy: { url: "http://proxy.example:3128" } } });
    assert.equal((await offer(["8.8.8.8"], signal, { name: "proxy.example", port: 3128 })).refused, []);
    await assert.rejects(offer(["8.8.8.8"], signal), "ADDRESS_REFUSED");
  });
  test("without a section network and without host nothing is refused, as on a developer's machine", async ({ signal, defer }) => {
    const { offer, standing } = makeBench(defer, open);
    assert.equal(await offer(["10.1.2.3", "8.8.8.8"], signal), { refused: [] });
    assert.equal(standing(), []);
  });
  test("a name that cannot be resolved is told with the reason until it can", async ({ signal, defer }) => {
    const { offer, standing, conditions } = makeBench(defer, walled);
    await offer(["8.8.8.8"], signal, { fault: dnsFault() });
    assert.equal(standing(), ["CLOUD_NAME_UNRESOLVED broker.example"]);
    assert.match(conditions.list()[0]?.cause ?? "", /cloud\.url: the name broker\.example cannot be resolved: DNS 9\.9\.9\.10 does not answer Check/);
    await offer(["8.8.8.8"], signal);
    assert.equal(standing(), []);
  });
});

suite("cloud names, admitted by host", (test) => {
  test("host is asked for what core found good, with port and life, and its own refusal comes back", async ({ signal, defer }) => {
    const { offer, socket, standing } = makeBench(defer, open);
    const asked = await serveHost(defer, socket, (addresses) => addresses.filter((address) => address === "8.8.4.4"));
    assert.equal(await offer(["10.1.2.3", "8.8.8.8", "8.8.4.4"], signal), { refused: [{ address: "10.1.2.3", why: "inwards" }, { address: "8.8.4.4", why: "walls" }] });
    assert.equal(asked, ["8.8.8.8 8883 600", "8.8.4.4 8883 600"]);
    assert.equal(standing(), ["CLOUD_NAME_LEADS_INWARDS broker.example"]);
  });
  test("host is not asked where nothing is left", async ({ signal, defer }) => {
    const { offer, socket } = makeBench(defer, walled);
    const asked = await serveHost(defer, socket, () => []);
    await offer(["10.1.2.3"], signal);
    await offer([], signal, { fault: dnsFault() });
    assert.equal(asked, []);
  });
  test("a host that does not answer is given 10 s", async ({ signal, defer }) => {
    const { offer, socket, clock } = makeBench(defer, walled);
    const isAsked = Promise.withResolvers<void>();
    await serveHost(defer, socket, () => {
      isAsked.resolve();
      return new Promise<never>(() => undefined);
    });
    const answer = assert.rejects(offer(["8.8.8.8"], signal), /host does not answer/);
    await isAsked.promise;
    await clock.advance(10_000);
    await answer;
  });
  test("a host that is dead is given 10 s", async ({ signal, defer }) => {
    const { offer, socket, clock } = makeBench(defer, walled);
    writeFileSync(socket, "");
    const ends: unknown[] = [];
    offer(["8.8.8.8"], signal).catch((error: unknown) => ends.push(error));
    while (ends.length === 0 && !signal.aborted) await clock.advance(500);
    assert.ok(isFault(ends[0], "PEER_TIMEOUT"), String(ends[0]));
    assert.ok(clock.uptimeMs() >= 10_000 && clock.uptimeMs() <= 11_000);
  });
  test("a refusal of host is passed on with its own code", async ({ signal, defer }) => {
    const { offer, socket } = makeBench(defer, walled);
    await serveHost(defer, socket, () => {
      throw new Fault("PEER_LIMIT", "more than 4096 addresses stand for cloud names");
    });
    await assert.rejects(offer(["8.8.8.8"], signal), "PEER_LIMIT");
  });
});

const CONFIGURATION = `
network:
  cloud: { interface: eth1 }
  dns: { servers: [9.9.9.10, "2620:fe::fe"] }
cloud: { url: "mqtts://broker.example" }
`;

suite("cloud names, over core's conduit", (test) => {
  test("the zone learns whom to ask, its offers are judged, told and recorded, and a new configuration begins anew", async ({ signal, defer }) => {
    const core = await startCore(defer, CONFIGURATION);
    const { nameServers, revision } = await core.cloud.call("link", { after: 0, waitMs: 0 }, signal);
    assert.equal(nameServers, ["9.9.9.10", "2620:fe::fe"]);
    const offered = ["8.8.8.8", "10.1.2.3"].map((address) => ({ address, lifeSeconds: 600 }));
    assert.equal(await core.cloud.call("admitName", { name: "broker.example", port: 8883, addresses: offered }, signal), { refused: [{ address: "10.1.2.3", why: "inwards" }] });
    const { state, conditions } = await readStatus(core, signal);
    assert.is(state, "degraded");
    assert.ok(conditions.some(({ code, subject }) => code === "CLOUD_NAME_LEADS_INWARDS" && subject === "broker.example"));
    await assert.rejects(core.cloud.call("admitName", { name: "broker.example", port: 8883, addresses: Array.from({ length: 257 }, (_, index) => ({ address: `8.8.${index >> 8}.${index & 255}`, lifeSeconds: 600 })) }, signal), "INPUT_INVALID");
    await assert.rejects(core.cloud.call("admitName", { name: "broker.example", port: 22, addresses: offered }, signal), "ADDRESS_REFUSED");
    writeFileSync(core.configFile, CONFIGURATION.replace("9.9.9.10, ", ""));
    const next = await core.cloud.call("link", { after: revision, waitMs: 20_000 }, signal);
    assert.equal(next.nameServers, ["2620:fe::fe"]);
    assert.not.ok((await readStatus(core, signal)).conditions.some(({ code }) => code.startsWith("CLOUD_NAME")));
    await core.stop();
    const database = new Database(join(core.dataDir, "audit.db"), { readonly: true });
    defer(() => database.close());
    const entries = database.prepare("SELECT actor, action, target, result FROM entries WHERE action IN ('cloud-addresses.refused', 'access.denied') ORDER BY number").all() as Record<string, string>[];
    assert.equal(entries.map((entry) => Object.values(entry).join(" ")), ["cloud cloud-addresses.refused broker.example refused", "cloud access.denied broker.example:22 refused"]);
  }, { limitMs: 40_000 });
});
