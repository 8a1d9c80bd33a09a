// Shows the zone host on a real firewall: wrong changes return, hostile requests are refused and change nothing.

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import type { FirewallRequest, NetworkRequest } from "../../../firmware/conduit/host.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../support/suite.ts";
import { ask, makeNamespace, makeSystem, openLink, startHost } from "./running-host.ts";

const needs = ["root", "netns", "nft"];
function rules(namespace: string): string {
  return execFileSync("ip", ["netns", "exec", namespace, "nft", "-s", "list", "ruleset"], { encoding: "utf8" });
}

function wall(name: string): FirewallRequest {
  return {
    segments: [{ name, subnets: ["10.1.0.0/24"] }],
    assets: [{ name: "press", segment: name, config: ["http://10.1.0.7:8080"] }],
    cloud: { url: "mqtts://broker.example:8883" },
    network: { field: [{ interface: "eth0", automatic: false, segment: name, traps: false, brokerPorts: [] }], cloud: { interface: "eth1", automatic: false, updates: [] }, dns: { via: "cloud", servers: ["9.9.9.10"] } },
  };
}

const port: NetworkRequest["ports"][number] = { interface: "eth0", automatic: false, addresses: ["10.1.0.1/24"], gateways: [], dns: [] };

suite("host", (test) => {
  test("a wrong firewall change is gone after its time, and a confirmed one holds", async ({ signal, defer }) => {
    const [dir, namespace] = [makeSystem(defer), makeNamespace(defer)];
    const host = await startHost(defer, signal, dir, namespace, 6000);
    const { link, audit } = openLink(defer, dir);
    const { change } = await link.applyFirewall("local", wall("good"), signal);
    await link.confirm("local", change, signal);
    const held = rules(namespace);
    assert.match(held, /10\.1\.0\.7/);
    const wrong = await link.applyFirewall("local", { segments: [], assets: [] }, signal);
    assert.not(rules(namespace) === held);
    await host.line(new RegExp(`"change":"${wrong.change}".*a change was undone`), signal);
    assert.is(rules(namespace), held);
    await assert.rejects(link.confirm("local", wrong.change, signal), /not on trial/);
    assert.equal(audit.map(({ action, result }) => `${action} ${result}`), ["firewall.changed done", "change.confirmed done", "firewall.changed done", "change.confirmed refused"]);
  }, { needs });

  test("host killed between apply and confirm: what held before is back when it is", async ({ signal, defer }) => {
    const [dir, namespace] = [makeSystem(defer), makeNamespace(defer)];
    const host = await startHost(defer, signal, dir, namespace);
    const { link } = openLink(defer, dir);
    for (const { change } of [await link.applyFirewall("local", wall("good"), signal), await link.applyNetwork("local", { ports: [port] }, signal)]) await link.confirm("local", change, signal);
    const [held, files] = [rules(namespace), networkFiles(dir)];
    await link.applyFirewall("local", wall("other"), signal);
    await link.applyNetwork("local", { ports: [] }, signal);
    assert.not(rules(namespace) === held);
    assert.equal(networkFiles(dir), []);
    host.kill("SIGKILL");
    await host.exited;
    await startHost(defer, signal, dir, namespace);
    assert.is(rules(namespace), held);
    assert.equal(networkFiles(dir), files);
  }, { needs, limitMs: 60_000 });

  test("a network change returns too, and files of others are left alone", async ({ signal, defer }) => {
    const dir = makeSystem(defer);
    const host = await startHost(defer, signal, dir, makeNamespace(defer), 3000);
    const { link } = openLink(defer, dir);
    const { change } = await link.applyNetwork("local", { ports: [port] }, signal);
    assert.equal(networkFiles(dir).map(([name]) => name), ["50-weir-eth0.network"]);
    await host.line(new RegExp(`"change":"${change}".*a change was undone`), signal);
    assert.equal(networkFiles(dir), []);
    assert.is(calls(dir), "reload\nreload\n");
  }, { needs });

  test("addresses for cloud names are admitted, but for those that lead inwards", async ({ signal, defer }) => {
    const [dir, namespace] = [makeSystem(defer), makeNamespace(defer)];
    await startHost(defer, signal, dir, namespace);
    const { link, audit } = openLink(defer, dir);
    await link.confirm("local", (await link.applyFirewall("local", wall("a"), signal)).change, signal);
    const refused = await link.admitCloud(["9.9.9.9", "10.1.0.7", "127.0.0.1", "192.168.1.1", "fe80::1"].map((address) => ({ address, port: 8883, lifeSeconds: 600 })), signal);
    assert.equal(refused, ["10.1.0.7", "127.0.0.1", "192.168.1.1", "fe80::1"]);
    assert.equal(audit.at(-1), { actor: "host", action: "cloud-addresses.refused", target: "cloud", result: "refused", detail: { refused } });
    assert.match(rules(namespace), /9\.9\.9\.9 \. 8883/);
    await link.applyFirewall("local", wall("b"), signal);
    assert.match(rules(namespace), /9\.9\.9\.9 \. 8883/);
  }, { needs });

  test("a device, the clock and a restart", async ({ signal, defer }) => {
    const dir = makeSystem(defer);
    await startHost(defer, signal, dir, makeNamespace(defer));
    const { link, audit } = openLink(defer, dir);
    await link.authorizeUsb("anna", "1-1.4", false, signal);
    assert.is(readFileSync(join(dir, "sys/bus/usb/devices/1-1.4/authorized"), "utf8"), "0");
    await assert.rejects(link.authorizeUsb("anna", "1-1.5", true, signal), /no USB device/);
    await link.setTime("anna", "2031-02-28T12:00:00Z", signal);
    await link.reboot("anna", signal);
    assert.is(calls(dir), `date --utc --set=@${Date.UTC(2031, 1, 28, 12) / 1000}.000\nreboot\n`);
    assert.equal(audit.map(({ actor, action, target, result }) => [typeof actor === "string" ? actor : actor.name, action, target, result].join(" ")), [
      "anna usb.authorized 1-1.4 done",
      "anna usb.authorized 1-1.5 refused",
      "anna clock.set 2031-02-28T12:00:00Z done",
      "anna system.restarted system done",
    ]);
  }, { needs });

  test("a repeat of a request is answered again and not done again", async ({ signal, defer }) => {
    const dir = makeSystem(defer);
    await startHost(defer, signal, dir, makeNamespace(defer));
    const response = await Promise.all([1, 2, 3].map(() => rebootOnce(dir)));
    assert.equal(response, [200, 200, 200]);
    assert.is(calls(dir), "reboot\n");
  }, { needs });
});

suite("host and hostile requests", (test) => {
  test("each is refused, stands in journal and audit, and changes nothing", async ({ signal, defer }) => {
    const [dir, namespace] = [makeSystem(defer), makeNamespace(defer)];
    const host = await startHost(defer, signal, dir, namespace);
    const { link, audit } = openLink(defer, dir);
    await link.confirm("local", (await link.applyFirewall("local", wall("good"), signal)).change, signal);
    const [held, before] = [rules(namespace), audit.length];
    for (const [path, body] of HOSTILE) {
      const { status, text } = await ask(dir, "POST", path, typeof body === "string" ? body : JSON.stringify(body));
      assert.ok([400, 403, 404, 422].includes(status), `${path} ${JSON.stringify(body).slice(0, 200)}: ${status} ${text.slice(0, 200)}`);
    }
    // The journal comes through a pipe of its own, after the answers.
    while ((host.output().match(/"msg":"refused"/g)?.length ?? 0) < HOSTILE.length) await systemClock.sleep(20, signal);
    await assert.rejects(link.authorizeUsb("anna", "../outside", true, signal), /must match/);
    await assert.rejects(link.setTime("anna", "2031-01-01T00:00:00Z; reboot", signal), /must match/);
    assert.equal(audit.slice(before).map(({ action, result }) => `${action} ${result}`), ["usb.authorized refused", "clock.set refused"]);
    assert.is(rules(namespace), held);
    assert.equal([networkFiles(dir), calls(dir)], [[], ""]);
    assert.is(readFileSync(join(dir, "sys/bus/usb/outside"), "utf8"), "untouched");
    assert.is(readFileSync(join(dir, "sys/bus/usb/devices/1-1.4/authorized"), "utf8"), "1");
  }, { needs, limitMs: 60_000 });

  test("whatever stands in a request's texts, it is refused or becomes rules that nft takes", async ({ signal, defer }) => {
    const dir = makeSystem(defer);
    const host = await startHost(defer, signal, dir, makeNamespace(defer));
    const text = fc.oneof(fc.string({ unit: "binary", maxLength: 12 }), fc.constantFrom("good", "eth0", "10.1.0.0/24", "10.1.0.9", "http://10.1.0.9:80", '"; flush ruleset', "a\nadd table x", "0.0.0.0/0"));
    const request = fc.record({ segments: fc.array(fc.record({ name: text, subnets: fc.array(text, { maxLength: 2 }) }), { maxLength: 2 }), assets: fc.array(fc.record({ name: text, segment: text, config: fc.array(text, { maxLength: 2 }) }), { maxLength: 2 }), network: fc.record({ field: fc.array(fc.record({ interface: text, automatic: fc.boolean(), segment: text, traps: fc.boolean(), brokerPorts: fc.array(fc.nat(), { maxLength: 2 }) }), { maxLength: 2 }) }) });
    await fc.assert(
      fc.asyncProperty(request, async (body) => {
        const { status } = await ask(dir, "POST", "/v1/firewall", JSON.stringify(body));
        return [200, 400, 422].includes(status);
      }),
      { numRuns: 40 },
    );
    assert.not(host.output().includes("nft refuses"));
  }, { needs, limitMs: 60_000 });
});

const good = wall("good");
const field = { interface: "eth0", automatic: false, segment: "good", traps: false, brokerPorts: [] };
const withField = (change: object): object => ({ ...good, network: { field: [{ ...field, ...change }] } });

const HOSTILE: readonly (readonly [string, unknown])[] = [
  ["/v1/firewall", { rules: "flush ruleset" }],
  ["/v1/firewall", withField({ interface: 'eth0" accept; #' })],
  ["/v1/firewall", withField({ interface: "eth0\naccept" })],
  ["/v1/firewall", withField({ interface: "a".repeat(16) })],
  ["/v1/firewall", withField({ segment: "elsewhere" })],
  ["/v1/firewall", withField({ probePort: 70_000 })],
  ["/v1/firewall", withField({ probePort: "3702; accept" })],
  ["/v1/firewall", withField({ user: "root" })],
  ["/v1/firewall", { ...good, segments: [{ name: "good", subnets: ["0.0.0.0/0 accept"] }] }],
  ["/v1/firewall", { ...good, segments: [{ name: "good", subnets: ["10.0.0.0/99"] }] }],
  ["/v1/firewall", { ...good, segments: [{ name: "good", subnets: ["fe80::1%eth0/64"] }] }],
  ["/v1/firewall", { ...good, segments: [{ name: "good; drop", subnets: [] }] }],
  ["/v1/firewall", { ...good, assets: [{ name: "press", config: ["http://10.1.0.7\n/"] }] }],
  ["/v1/firewall", { ...good, assets: Array.from({ length: 10_001 }, (_, index) => ({ name: `m${index}`, config: [] })) }],
  ["/v1/firewall", `"${"x".repeat(5_000_000)}"`],
  ["/v1/firewall", "[".repeat(100_000)],
  ["/v1/firewall", "{"],
  ["/v1/firewall", '{"__proto__": {"segments": []}}'],
  ["/v1/network", { ports: [{ ...port, interface: "../../etc/passwd" }] }],
  ["/v1/network", { ports: [{ ...port, interface: "e*" }] }],
  ["/v1/network", { ports: [{ ...port, addresses: ["10.0.0.1/8\nDNS=6.6.6.6"] }] }],
  ["/v1/network", { ports: [{ ...port, addresses: ["10.0.0.1"] }] }],
  ["/v1/network", { ports: [{ ...port, addresses: [] }] }],
  ["/v1/network", { ports: [port, port] }],
  ["/v1/network", { ports: [{ ...port, vlan: { parent: "eth0", id: 4095 } }] }],
  ["/v1/network", { ports: Array.from({ length: 33 }, (_, index) => ({ ...port, interface: `eth${index}` })) }],
  ["/v1/confirm", { change: "../../x" }],
  ["/v1/confirm", { change: "00000000-0000-0000-0000-000000000000" }],
  ["/v1/cloud-addresses", { addresses: [{ address: "1.1.1.1 accept", port: 443, lifeSeconds: 60 }] }],
  ["/v1/cloud-addresses", { addresses: [] }],
  ["/v1/usb", { device: "../../outside", authorized: true }],
  ["/v1/usb", { device: "usb1", authorized: false }],
  ["/v1/usb", { device: "1-1.4/../../../outside", authorized: true }],
  ["/v1/usb", { device: "1-1.4\n", authorized: true }],
  ["/v1/usb", { device: "1-1.4", authorized: "1; reboot" }],
  ["/v1/time", { time: "2031-01-01T00:00:00Z --reference=/etc/shadow" }],
  ["/v1/time", { time: "2031-02-30T00:00:00Z" }],
  ["/v1/time", { time: "2025-12-31T23:59:59Z" }],
  ["/v1/time", { time: "2100-01-01T00:00:00Z" }],
  ["/v1/reboot", { now: true }],
];

function networkFiles(dir: string): readonly (readonly [string, string])[] {
  try {
    return readdirSync(join(dir, "network")).map((name) => [name, readFileSync(join(dir, "network", name), "utf8")]);
  } catch {
    return [];
  }
}

function calls(dir: string): string {
  return readFileSync(join(dir, "calls"), "utf8");
}

async function rebootOnce(dir: string): Promise<number> {
  const { status } = await ask(dir, "POST", "/v1/reboot", "{}", { "weir-epoch": "e-1", "weir-number": "1" });
  return status;
}
