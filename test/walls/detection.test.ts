// limit: 600s
// Shows on a real kernel, with the real zones core and host, what an attacker on a segment leaves behind: one event each, and never more than fits.

import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { DetectionReport } from "../../firmware/conduit/status.ts";
import { RULE_USERS } from "../../firmware/protocol/firewall/ruleset.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { startChild } from "../support/child.ts";
import { assert, suite, type Defer } from "../support/suite.ts";
import { standing, startCore, type RunningCore } from "../firmware/core/running-core.ts";
import { makeSystem, startHost } from "../firmware/host/running-host.ts";
import { buildTown, type Town } from "./town.ts";

const FRAMES = join(import.meta.dirname, "raw-frames.py");
const CONFIGURATION = readFileSync(join(import.meta.dirname, "../../docs/topologies/own-ports.yaml"), "utf8");
/** Nothing returns by itself. */
const TRIAL_MS = 600_000;

/** As host's fixture numbers the users. */
const FIELD_ID = 60_000 + RULE_USERS.indexOf("weir-field");

const MAC = { spoofer: "02:00:00:00:00:66", forger: "02:00:00:00:00:77", impostor: "02:00:00:00:00:88", stranger: "02:00:00:00:00:99", replaced: "02:00:00:00:0b:31" } as const;

interface Site {
  readonly town: Town;
  readonly core: RunningCore;
  readonly dataDir: string;
  /** Runs in a house, beside core. */
  run(house: string, program: string, ...args: readonly string[]): Promise<void>;
  /** A broadcast from an address: seen by every neighbour and no attempt at anything. */
  speak(house: string, address: string, times?: number): Promise<void>;
  startSpeaking(house: string, address: string): void;
  detections(): Promise<readonly DetectionReport[]>;
  known(): number;
}

async function buildSite(defer: Defer, signal: AbortSignal, houses: readonly string[]): Promise<Site> {
  const town = buildTown(defer, houses);
  const dir = makeSystem(defer);
  const namespaceOf = (house: string): string => town.run(house, "ip", ["netns", "identify"]).trim();
  await startHost(defer, signal, dir, namespaceOf("gateway"), TRIAL_MS);
  const dataDir = join(dir, "data");
  const core = await startCore(defer, CONFIGURATION, { dataDir });
  const run: Site["run"] = async (house, program, ...args) => {
    const child = startChild(defer, "ip", ["netns", "exec", namespaceOf(house), program, ...args]);
    const { code } = await child.exited;
    if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${child.output()}`);
  };
  return {
    town,
    core,
    dataDir,
    run,
    speak: (house, address, times = 1) => run(house, "python3", "-c", speaker(address, times)),
    startSpeaking: (house, address) => void startChild(defer, "ip", ["netns", "exec", namespaceOf(house), "python3", "-c", speaker(address, 10_000)]),
    detections: async () => (await core.local.call("detections", { limit: 10_000 }, signal)).detections,
    known: () => {
      const database = new Database(join(dataDir, "state.db"), { readonly: true });
      try {
        return Number(database.prepare("SELECT count(*) FROM neighbours").pluck().get());
      } finally {
        database.close();
      }
    },
  };
}

function speaker(address: string, times: number): string {
  return `import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.bind(("${address}", 0))
for _ in range(${times}):
  s.sendto(b"hello", ("${address.replace(/\d+$/, "255")}", 9))
  time.sleep(0.5)`;
}

const brief = ({ kind, side, source }: DetectionReport): string => `${kind} ${side} ${source}`;

async function untilRulesStand({ town }: Site, signal: AbortSignal): Promise<void> {
  while (!("denied_from_segment_cell_b" in town.counters())) await systemClock.sleep(100, signal);
}

const WANTED = [
  "address-changed segment:cell-b 02:00:00:00:0b:31",
  "address-contested segment:cell-a 02:00:00:00:00:66",
  "calls-outwards segment:cell-a 192.168.10.21",
  "discovery-forged segment:cell-a 02:00:00:00:00:77",
  "discovery-forged segment:cell-a 203.0.113.5",
  "gateway-address-claimed segment:cell-a 02:00:00:00:00:88",
  "new-device segment:cell-a 02:00:00:00:00:99",
  "scan segment:cell-a 192.168.10.22",
];

suite(
  "detection",
  (test) => {
    test("K2.2.5 scans, ARP and WS-Discovery spoofing, new and changed devices and calls outwards are one event each, with side, severity and source", async ({ signal, defer }) => {
      const site = await buildSite(defer, signal, ["cell-a", "cell-b"]);
      const { town, core, run, speak, startSpeaking } = site;
      await untilRulesStand(site, signal);
      while (site.known() < 3) await Promise.all([speak("cell-a", "192.168.10.21"), speak("cell-a", "192.168.10.22"), speak("cell-b", "192.168.11.21")]);
      assert.equal(await site.detections(), []);
      await core.local.call("acceptDetections", {}, signal);

      const gatewayMac = town.run("gateway", "cat", ["/sys/class/net/ot-a/address"]).trim();
      const frames = (count: number, pause: number, ...words: readonly string[]): Promise<void> => run("cell-a", "python3", FRAMES, "eth0", String(count), String(pause), ...words);
      // The owner of the address that is spoofed goes on speaking until the test ends.
      startSpeaking("cell-a", "192.168.10.21");
      await run("cell-b", "sh", "-ec", `ip link set eth0 down; ip link set eth0 address ${MAC.replaced}; ip link set eth0 up`);
      await Promise.all([
        run("cell-a", "python3", "-c", `import socket\nfor port in range(20, 60):\n  s = socket.socket()\n  s.bind(("192.168.10.22", 0))\n  s.setblocking(False)\n  s.connect_ex(("192.168.10.1", port))`),
        run("cell-a", "python3", "-c", `import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("8.8.8.8", 53))`),
        speak("cell-b", "192.168.11.21", 3),
        frames(45, 1, "arp", MAC.spoofer, "192.168.10.21", "192.168.10.1"),
        frames(3, 0.1, "arp", MAC.impostor, "192.168.10.1", "192.168.10.21"),
        frames(3, 0.1, "arp", MAC.stranger, "192.168.10.99", "192.168.10.1"),
        frames(3, 0.1, "udp", MAC.forger, gatewayMac, "192.168.10.22", "3702", "192.168.10.1", "37020"),
        frames(3, 0.1, "udp", MAC.forger, gatewayMac, "203.0.113.5", "3702", "192.168.10.1", "37020"),
      ]);
      const have = async (): Promise<readonly string[]> => (await site.detections()).map(brief).toSorted();
      while ((await have()).length < WANTED.length) await systemClock.sleep(500, signal);
      assert.equal(await have(), WANTED);
      const found = await site.detections();
      assert.equal(Object.fromEntries(found.map(({ kind, severity }) => [kind, severity])), { "gateway-address-claimed": 900, "address-contested": 800, "discovery-forged": 800, scan: 700, "calls-outwards": 700, "address-changed": 500, "new-device": 400 });
      assert.match(found.find(({ kind }) => kind === "calls-outwards")?.detail ?? "", /udp 8\.8\.8\.8 port 53/);
      const conditions = await standing(core, signal);
      for (const condition of ["DETECTION_SCAN segment:cell-a", "DETECTION_ADDRESS_CHANGED segment:cell-b", "DETECTION_ADDRESS_CONTESTED segment:cell-a"]) assert.ok(conditions.includes(condition), condition);
      const audit = new Database(join(site.dataDir, "audit.db"), { readonly: true });
      defer(() => audit.close());
      assert.is(audit.prepare("SELECT count(*) FROM entries WHERE action = 'detection.raised'").pluck().get(), WANTED.length);
      await core.local.call("acceptDetections", {}, signal);
      assert.equal((await standing(core, signal)).filter((one) => one.startsWith("DETECTION")), []);
    });

    test("ordinary work is no detection: reading, ingest, probes with their answers, connections that end, rules that are loaded anew", async ({ signal, defer }) => {
      const site = await buildSite(defer, signal, ["cell-a", "plant"]);
      const { town, core, run } = site;
      await untilRulesStand(site, signal);
      while (site.known() < 1) await site.speak("cell-a", "192.168.10.21");
      await core.local.call("acceptDetections", {}, signal);

      const field = town.start("gateway", FIELD_ID);
      const machine = town.start("cell-a", 0);
      const page = { protocol: "tcp", address: "192.168.10.21", port: 8080 } as const;
      const ingest = { protocol: "tcp", address: "192.168.10.1", port: 8883 } as const;
      await machine.listen([page, { protocol: "udp", address: "0.0.0.0", port: 3702, group: "239.255.255.250", wire: "192.168.10.21" }], signal);
      await field.listen([ingest, { ...ingest, port: 1883 }], signal);
      assert.is(await machine.order({ keep: { ...ingest, port: 1883 } }, signal), "true");
      for (let turn = 0; turn < 3; turn += 1) {
        assert.equal(await field.reach([page, page], signal), [true, true]);
        assert.equal(await machine.reach([ingest, ingest], signal), [true, true]);
        assert.is(await field.order({ probe: { group: "239.255.255.250", wire: "192.168.10.1", port: 37_020 } }, signal), "1 0");
        writeFileSync(core.configFile, turn % 2 === 0 ? CONFIGURATION.replace("traps: true", "traps: false") : CONFIGURATION);
        await core.local.call("reload", {}, signal);
      }
      // What is detected at last shows that the rest was looked at. Rules that are loaded anew forget what was refused just before: the scan goes on.
      while ((await site.detections()).length === 0) {
        await run("plant", "python3", "-c", `import socket\nfor port in range(20, 60):\n  s = socket.socket()\n  s.setblocking(False)\n  s.connect_ex(("10.20.0.2", port))`);
        await systemClock.sleep(2000, signal);
      }
      assert.equal((await site.detections()).map(brief), ["scan plant 10.20.0.50"]);
    });

    test("K2.2.5 a flood of 100,000 false sources and MACs is told as what it is, and fills neither database nor audit log", async ({ signal, defer }) => {
      const site = await buildSite(defer, signal, ["cell-a"]);
      await untilRulesStand(site, signal);
      const gatewayMac = site.town.run("gateway", "cat", ["/sys/class/net/ot-a/address"]).trim();
      await site.run("cell-a", "python3", FRAMES, "eth0", "100000", "0", "random-udp", gatewayMac, "192.168.10.1");
      await site.run("cell-a", "python3", FRAMES, "eth0", "100000", "0", "random-arp");
      const wanted = ["too-many-sources segment:cell-a neighbours", "too-many-sources segment:cell-a spoofed"];
      const have = async (): Promise<readonly string[]> => (await site.detections()).map(brief);
      for (let found = await have(); !wanted.every((one) => found.includes(one)); found = await have()) await systemClock.sleep(500, signal);
      const rows = await have();
      assert.ok(rows.length < 60, `${rows.length} rows`);
      assert.ok(site.known() <= 4096, `${site.known()} neighbours`);
      assert.ok(statSync(join(site.dataDir, "state.db")).size < 4_000_000);
    });
  },
  { needs: ["root", "netns", "nft", "setpriv", "sysctl", "python3"], limitMs: 240_000 },
);
