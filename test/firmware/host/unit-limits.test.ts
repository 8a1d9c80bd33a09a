// Shows how the limits of the zones' units come from the rules, are written, read by systemd's generator, and reach a zone that runs.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { HostSystem } from "../../../firmware/host/host-system.ts";
import { openUnitLimits, writeLimits, type UnitLimits } from "../../../firmware/host/unit-limits.ts";
import { deriveWalls } from "../../../firmware/protocol/firewall/derive-flows.ts";
import { deriveLimits, type ZoneLimits } from "../../../firmware/protocol/firewall/zone-limits.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { makeFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { example } from "../protocol/firewall/example.ts";

const generator = fileURLToPath(new URL("../../../rootfs/usr/lib/systemd/system-generators/weir-walls", import.meta.url));
const field: ZoneLimits = { ports: ["tcp 8883"], interfaces: ["eth0"], addresses: ["10.1.0.0/24"] };
const none: ZoneLimits = { ports: [], interfaces: [], addresses: [] };

function generate(dir: string): void {
  execFileSync(generator, [join(dir, "generator"), "-", "-", join(dir, "limits")]);
}

interface Bench {
  readonly dir: string;
  readonly clock: FakeClock;
  readonly calls: string[];
  /** False: systemd does not read its units. */
  mayReload: boolean;
  open(): UnitLimits;
  plug(name: string, index: number): void;
  dropIn(zone: string): string;
  /** Lets what was begun in the background go on. */
  settle(isSo: () => boolean): Promise<void>;
}

function makeBench(defer: Defer): Bench {
  const dir = makeTempDir(defer);
  const clock = makeFakeClock();
  const calls: string[] = [];
  const bench: Bench = {
    dir,
    clock,
    calls,
    mayReload: true,
    open: () => {
      const limits = openUnitLimits({ clock, log: silentLog, dataDir: dir, epoch: "e", ready: () => undefined }, system);
      defer(() => limits.close());
      return limits;
    },
    plug: (name, index) => {
      mkdirSync(join(dir, "sys/class/net", name), { recursive: true });
      writeFileSync(join(dir, "sys/class/net", name, "ifindex"), `${index}\n`);
    },
    dropIn: (zone) => readFileSync(join(dir, `generator/weir-${zone}.service.d/50-weir-walls.conf`), "utf8"),
    settle: async (isSo) => {
      while (!isSo()) {
        await clock.advance(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
  const system: HostSystem = {
    sysfs: join(dir, "sys"),
    networkFolder: dir,
    nft: "/bin/false",
    date: "/bin/false",
    trialMs: 1,
    generatedFolder: join(dir, "generator"),
    reloadUnits: () => {
      calls.push("reload");
      if (bench.mayReload) generate(dir);
    },
    endZone: (zone) => void calls.push(`end ${zone}`),
    reloadNetwork: () => undefined,
    reboot: () => undefined,
  };
  return bench;
}

suite("zone limits", (test) => {
  test("a zone may bind what its flows name, on its interfaces, with its peers", () => {
    const limits = deriveLimits(deriveWalls(example));
    assert.equal(limits.field.ports, ["tcp 8883", "udp 162", "udp 3702", "udp 37020"].sort());
    assert.ok(limits.field.interfaces.includes("eth0") && !limits.field.interfaces.includes("eth1"), limits.field.interfaces.join());
    assert.ok(limits.field.addresses?.includes("192.168.10.0/24"));
    assert.equal([limits.cloud.ports, limits.cloud.addresses], [[], undefined]);
  });

  test("without a network nothing may be reached", () => {
    assert.equal(deriveLimits(deriveWalls({ segments: [], assets: [] })), { field: none, cloud: none, admin: none, plant: none });
  });
});

suite("unit limits", (test) => {
  test("they are written, systemd reads them, and a zone whose limits changed is started anew", async ({ defer }) => {
    const bench = makeBench(defer);
    bench.plug("eth0", 3);
    const limits = bench.open();
    limits.set({ field, cloud: none });
    await bench.settle(() => bench.calls.length === 3);
    assert.equal(bench.calls, ["reload", "end field", "end cloud"]);
    assert.equal(bench.dropIn("field").split("\n").slice(1), ["[Service]", "SocketBindAllow=tcp:8883", "RestrictNetworkInterfaces=eth0", "IPAddressDeny=any", "IPAddressAllow=10.1.0.0/24", ""]);
    limits.set({ field: { ...field, ports: ["tcp 8884"] }, cloud: none });
    await bench.settle(() => bench.calls.length === 5);
    assert.equal(bench.calls.slice(3), ["reload", "end field"]);
    limits.set({ field: { ...field, ports: ["tcp 8884"] }, cloud: none });
    await bench.clock.advance(60_000);
    await limits.close();
    assert.is(bench.calls.length, 5);
  });

  test("a new process of host changes nothing that stands, and ends what its predecessor did not get to", async ({ defer }) => {
    const bench = makeBench(defer);
    const first = bench.open();
    first.set({ field, cloud: none });
    await bench.settle(() => bench.calls.length === 3);
    await first.close();
    const second = bench.open();
    second.set({ field, cloud: none });
    await second.close();
    assert.is(bench.calls.length, 3);
    execFileSync("rm", [join(bench.dir, "limits/field.wires")]);
    bench.open().set({ field, cloud: none });
    await bench.settle(() => bench.calls.length === 4);
    assert.is(bench.calls[3], "end field");
  });

  test("field in another network namespace has limits of its own, which go with the namespace", async ({ defer }) => {
    const bench = makeBench(defer);
    const limits = bench.open();
    limits.set({ field, cloud: none, "field@cell-b": { ports: ["udp 3702"], interfaces: [], addresses: ["10.1.0.0/24"] } });
    await bench.settle(() => bench.calls.length === 4);
    assert.equal(bench.calls, ["reload", "end field", "end cloud", "end field@cell-b"]);
    assert.equal(bench.dropIn("field@cell-b").split("\n").slice(1), ["[Service]", "SocketBindAllow=udp:3702", "IPAddressDeny=any", "IPAddressAllow=10.1.0.0/24", ""]);
    limits.set({ field, cloud: none });
    await bench.settle(() => bench.calls.length === 5);
    assert.equal([bench.calls[4], existsSync(join(bench.dir, "limits/field@cell-b"))], ["reload", false]);
  });

  test("an interface that comes, or comes back with another index, starts its zone anew; one that goes does not", async ({ defer }) => {
    const bench = makeBench(defer);
    bench.open().set({ field, cloud: none });
    await bench.settle(() => bench.calls.length === 3);
    bench.plug("eth0", 3);
    await bench.settle(() => bench.calls.length === 4);
    execFileSync("rm", ["-r", join(bench.dir, "sys/class/net/eth0")]);
    await bench.clock.advance(20_000);
    assert.is(bench.calls.length, 4);
    bench.plug("eth0", 9);
    await bench.settle(() => bench.calls.length === 5);
    assert.equal(bench.calls.slice(3), ["end field", "end field"]);
  });

  test("a systemd that does not read its units is told, and tried again", async ({ defer }) => {
    const bench = makeBench(defer);
    bench.mayReload = false;
    const limits = bench.open();
    limits.set({ field, cloud: none });
    await bench.settle(() => limits.fault() !== undefined);
    assert.match(limits.fault() ?? "", /did not read its units/);
    assert.equal(bench.calls, ["reload"]);
    bench.mayReload = true;
    await bench.settle(() => bench.calls.length === 4);
    await bench.settle(() => limits.fault() === undefined);
  });

  test("whatever stands in a file of limits, the generator makes of it ports, interfaces and addresses, and nothing else", ({ defer }) => {
    const dir = makeTempDir(defer);
    mkdirSync(join(dir, "limits"));
    const hostile = ["bind tcp 80\\nExecStart=/bin/sh", "bind tcp 99999999", "bind tcp 8883 8884", "interface eth0 eth1", "interface ~eth0", "interface -x", "address 0/0 any", "address any", "ExecStart=/bin/sh", "[Unit]", "User=root", "# no digest", " bind tcp 1", "bind\ttcp 1", "address 10.0.0.1/24/8", "bind tcp 80\r"];
    writeFileSync(join(dir, "limits/field"), [...hostile, ...writeLimits(field).split("\n"), "User=root\u0000bind tcp 1"].join("\n"));
    writeFileSync(join(dir, "limits/core"), writeLimits(field));
    writeFileSync(join(dir, "limits/weir-host"), "bind tcp 1\n");
    for (const name of ["field@", "field@a b", "field@A", "field@b.wires", "field@%i", "field@b.service.d"]) writeFileSync(join(dir, "limits", name), "bind tcp 1\n");
    generate(dir);
    const lines = readFileSync(join(dir, "generator/weir-field.service.d/50-weir-walls.conf"), "utf8").trim().split("\n");
    assert.equal(lines, ["[Service]", "SocketBindAllow=tcp:8883", "RestrictNetworkInterfaces=eth0", "IPAddressDeny=any", "IPAddressAllow=10.1.0.0/24"]);
    assert.equal(["core", "host", "cloud"].filter((zone) => existsSync(join(dir, `generator/weir-${zone}.service.d`))), []);
    assert.equal(readdirSync(join(dir, "generator")), ["weir-field.service.d"]);
  });
});
