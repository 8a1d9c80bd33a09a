// Shows that every unit has the walls that the design promises, each exception with its reason, and that systemd agrees.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { findExecutable } from "../support/needs.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { assert, suite } from "../support/suite.ts";
import { ROOTFS, UNIT_FOLDER, listRootfs, readUnits, type UnitFile } from "./unit-file.ts";

/** The zones'; what loads the rules of another network namespace is no zone (rules-unit.test.ts), nor is what shows the one-time password (console-unit.test.ts). */
const services = readUnits(".service").filter(({ name }) => !name.startsWith("weir-rules") && name !== "weir-console.service");
const sockets = readUnits(".socket");
const paths = readUnits(".path");

/** What weir.target wants for a service: itself, or the path unit that starts it when the configuration needs it. */
function starterOf(service: UnitFile): UnitFile {
  return paths.find(({ name }) => name === service.name.replace(".service", ".path")) ?? service;
}

/** What every service says, and with which value. */
const MANDATORY: Readonly<Record<string, string>> = {
  Type: "notify",
  NotifyAccess: "main",
  OpenFile: "/run/systemd/notify:notify",
  Restart: "always",
  WatchdogSec: "30s",
  LimitCORE: "0",
  MemorySwapMax: "0",
  ProtectSystem: "strict",
  ProtectHome: "yes",
  PrivateTmp: "yes",
  PrivateMounts: "yes",
  UMask: "0077",
  NoNewPrivileges: "yes",
  LockPersonality: "yes",
  RestrictNamespaces: "yes",
  RestrictRealtime: "yes",
  RestrictSUIDSGID: "yes",
  ProtectControlGroups: "yes",
  ProtectHostname: "yes",
  ProtectKernelLogs: "yes",
  ProtectKernelModules: "yes",
  ProtectKernelTunables: "yes",
  ProtectProc: "invisible",
  ProcSubset: "pid",
  KeyringMode: "private",
  PrivateDevices: "yes",
  DevicePolicy: "closed",
  SystemCallArchitectures: "native",
  SocketBindDeny: "any",
  ProtectClock: "yes",
  PrivateUsers: "yes",
  CapabilityBoundingSet: "",
  AmbientCapabilities: "",
  ReadOnlyPaths: "/run",
  ExecPaths: "/usr/lib",
};

/** Unit, setting, its value there, and why. */
const EXCEPTIONS: readonly (readonly [string, string, string | undefined, string])[] = [
  ["weir-admin.service", "Restart", "on-failure", "it ends by itself when the configuration needs it no more, and weir-admin.path starts it"],
  ["weir-plant.service", "Restart", "on-failure", "it ends by itself when the configuration needs it no more, and weir-plant.path starts it"],
  ["weir-host.service", "ProtectClock", "no", "host sets the clock"],
  ["weir-host.service", "PrivateUsers", "no", "host is root and changes what is root's"],
  ["weir-host.service", "CapabilityBoundingSet", "CAP_NET_ADMIN CAP_SYS_TIME CAP_KILL", "nft, the clock, SIGHUP to systemd-networkd"],
  ["weir-host.service", "ReadOnlyPaths", "/run -/sys/kernel -/sys/module -/sys/fs -/sys/firmware -/sys/class -/sys/power -/sys/bus -/sys/block -/sys/dev", "root could write there where ProtectKernelTunables= alone does not hold"],
  ["weir-host.service", "ExecPaths", undefined, "systemd leaves writable what ExecPaths= names, which counts for root only"],
];

/** Settings that came after the oldest systemd that this test may meet (252); the appliance has 257. */
const NEWER_KEYS = /Unknown key(?: name)? '(?:OpenFile|RestartSteps|RestartMaxDelaySec)' in section/;

function analyze(args: readonly string[]): { readonly code: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(findExecutable("systemd-analyze") ?? "systemd-analyze", args, { encoding: "utf8", env: { ...process.env, SYSTEMD_COLORS: "0", LC_ALL: "C" } });
  return { code: status, text: `${stdout}${stderr}` };
}

suite("units", (test) => {
  test("there is one for each zone that exists, and weir.target wants them", () => {
    assert.equal(services.map(({ name }) => name), ["weir-admin.service", "weir-cloud.service", "weir-core.service", "weir-field.service", "weir-field@.service", "weir-host.service", "weir-plant.service"]);
    for (const service of services) assert.is(starterOf(service).one("WantedBy"), "weir.target", service.name);
  });

  test("none lacks a wall, but for exceptions that have a reason", () => {
    const told: string[] = [];
    for (const service of services) {
      for (const [key, value] of Object.entries(MANDATORY)) {
        const exception = EXCEPTIONS.find(([unit, setting]) => unit === service.name && setting === key);
        if (service.one(key) !== (exception === undefined ? value : exception[2])) told.push(`${service.name}: ${key}=${String(service.one(key))}`);
      }
      if (!service.all("InaccessiblePaths").some((paths) => paths.split(" ").includes("/run/dbus"))) told.push(`${service.name}: reaches D-Bus`);
      const withoutExec = (service.one("NoExecPaths") ?? "").split(" ");
      if (!service.all("InaccessiblePaths").some((paths) => paths.split(" ").includes("/dev/shm"))) told.push(`${service.name}: shares memory`);
      for (const path of ["/tmp", "/var/tmp", "/dev/shm", `/run/${service.one("RuntimeDirectory") ?? ""}`]) if (!withoutExec.includes(path)) told.push(`${service.name}: may execute from ${path}`);
      assert.equal(service.all("SystemCallFilter").slice(0, 2), ["@system-service", "~@privileged @resources @aio @keyring memfd_create userfaultfd process_vm_readv process_vm_writev pidfd_getfd"], service.name);
      assert.match(service.one("MemoryMax") ?? "", /^\d+M$/);
    }
    assert.equal(told, []);
  });

  test("only one service may make a call that others may not, and that is to set the clock", () => {
    const beyond = services.flatMap((service) => service.all("SystemCallFilter").slice(2).map((calls) => `${service.name} ${calls}`));
    assert.equal(beyond, ["weir-host.service clock_settime"]);
  });

  test("core has no network, host no address family that leaves the machine, nobody a device", () => {
    const families = Object.fromEntries(services.map((service) => [service.name, service.one("RestrictAddressFamilies")]));
    assert.equal(families, { "weir-admin.service": "AF_UNIX AF_INET AF_INET6", "weir-cloud.service": "AF_UNIX AF_INET AF_INET6", "weir-core.service": "AF_UNIX", "weir-field.service": "AF_UNIX AF_INET AF_INET6", "weir-field@.service": "AF_UNIX AF_INET AF_INET6", "weir-host.service": "AF_UNIX AF_NETLINK", "weir-plant.service": "AF_UNIX AF_INET AF_INET6" });
    assert.equal(services.filter((service) => service.one("PrivateNetwork") === "yes").map(({ name }) => name), ["weir-core.service"]);
    assert.equal(services.filter((service) => service.one("IPAddressDeny") === "any").map(({ name }) => name), ["weir-core.service", "weir-host.service"]);
    assert.equal(services.flatMap((service) => service.all("DeviceAllow")), []);
  });

  test("only core has a place that lasts, and nobody else reads it", () => {
    assert.equal(services.filter((service) => service.one("StateDirectory") !== undefined).map(({ name }) => name), ["weir-core.service"]);
    const core = services.find(({ name }) => name === "weir-core.service");
    assert.is(core?.one("StateDirectoryMode"), "0700");
  });

  test("each runs the zone and the user of its name, and the user exists", () => {
    const users = [...readFileSync(join(ROOTFS, "usr/lib/sysusers.d/weir.conf"), "utf8").matchAll(/^u\s+(\S+)/gm)].map(([, name]) => name);
    assert.equal(users, ["weir-core", "weir-field", "weir-devices", "weir-plant", "weir-admin", "weir-cloud", "weir-console"]);
    for (const service of services) {
      const zone = zoneOf(service);
      const user = zone === "host" ? "root" : `weir-${zone}`;
      assert.equal([service.one("User"), service.one("Group")], [user, user]);
      if (zone !== "host") assert.ok(users.includes(user));
      assert.match(service.one("ExecStart") ?? "", new RegExp(` start --zone ${zone} `));
    }
  });

  test("each conduit has a socket that root owns and only the zone on its other side may use", () => {
    const found = sockets.map((socket) => ["ListenStream", "FileDescriptorName", "Service", "SocketUser", "SocketGroup", "SocketMode"].map((key) => socket.one(key) ?? ""));
    assert.equal(found, [
      ["/run/weir/admin.sock", "admin", "weir-core.service", "root", "weir-admin", "0660"],
      ["/run/weir/cloud.sock", "cloud", "weir-core.service", "root", "weir-cloud", "0660"],
      ["/run/weir/console.sock", "console", "weir-core.service", "root", "weir-console", "0660"],
      ["/run/weir/host.sock", "host", "weir-host.service", "root", "weir-core", "0660"],
      ["/run/weir/local.sock", "local", "weir-core.service", "root", "root", "0600"],
      ["/run/weir/plant.sock", "plant", "weir-core.service", "root", "weir-plant", "0660"],
      ["/run/weir/source-field.sock", "source-field", "weir-core.service", "root", "weir-field", "0660"],
      ["/run/weir/source-field-%i.sock", "source-field-%i", "weir-core.service", "root", "weir-field", "0660"],
    ]);
    for (const socket of sockets) {
      assert.is(socket.name, `weir-conduit-${socket.one("FileDescriptorName")?.replace("-%i", "@") ?? ""}.socket`);
      const users = services.filter((service) => service.all("Requires").some((units) => units.split(" ").includes(socket.name.replace("@.", "@%i."))));
      // Core cannot require what each site names; it takes those that are there when it starts.
      if (socket.name.includes("@")) assert.equal([users.map(({ name }) => name), socket.one("Before")], [["weir-field@.service"], "weir-core.service"]);
      else assert.ok(users.some(({ name }) => name === socket.one("Service")), `${socket.name} is required by its server`);
    }
  });

  test("CR 3.8 core is told which start of the machine it is, which its walls hide from it: sessions outlive its process", () => {
    const core = services.find(({ name }) => name === "weir-core.service");
    assert.match(core?.one("Environment") ?? "", / WEIR_BOOT_ID=%b$/);
  });

  test("field in another network namespace has the walls of field, and differs in nothing but where it is", () => {
    const lines = (name: string): readonly string[] => readFileSync(join(UNIT_FOLDER, name), "utf8").split("\n").filter((line) => /^[A-Za-z]+=/.test(line));
    const [one, other] = [lines("weir-field.service"), lines("weir-field@.service")];
    assert.equal(other.filter((line) => !one.includes(line)), [
      "Description=Weir: field in the network namespace %i, which reads the machines there",
      "Requires=weir-conduit-source-field@%i.socket",
      "After=weir-conduit-source-field@%i.socket weir-namespace@%i.service network.target",
      ...one.filter((line) => line.startsWith("ExecStart=")).map((line) => line.replace("--zone field --data /run/weir-field", "--zone field --namespace %i --data /run/weir-field-%i")),
      "Slice=system.slice",
      "Environment=WEIR_CONDUITS=/run/weir NODE_COMPILE_CACHE=/run/weir-field-%i/cache",
      "RuntimeDirectory=weir-field-%i",
      "NoExecPaths=/ /tmp /var/tmp /dev/shm /run/weir-field-%i",
      "NetworkNamespacePath=/run/netns/%i",
    ]);
    assert.is(one.filter((line) => !other.includes(line)).length, 7);
  });

  test("systemd finds nothing wrong in them", ({ defer }) => {
    const root = makeTempDir(defer);
    cpSync(ROOTFS, root, { recursive: true });
    writeProgram(join(root, "usr/lib/weir/bin/node"));
    for (const target of ["sysinit", "basic", "shutdown", "network", "sockets", "multi-user"]) writeFileSync(join(root, "usr/lib/systemd/system", `${target}.target`), `[Unit]\nDescription=${target}\n`);
    const { code, text } = analyze(["verify", "--man=no", `--root=${root}`, "weir.target", ...[...services, ...sockets].map(({ name }) => name.replace("@.", "@cell-b."))]);
    assert.is(code, 0, text);
    assert.equal(text.split("\n").filter((line) => line !== "" && !NEWER_KEYS.test(line)), []);
  }, { needs: ["systemd-analyze"] });

  for (const { name } of services) {
    test(`${name} has an exposure of at most 2.0`, () => {
      const { text } = analyze(["security", "--offline=true", "--no-pager", `--root=${ROOTFS}`, name]);
      const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(text) ?? [];
      assert.ok(exposure !== undefined && Number(exposure) <= 2, text);
    }, { needs: ["systemd-analyze"] });
  }
});

suite("overlay", (test) => {
  test("its users can be made", ({ defer }) => {
    const root = makeTempDir(defer);
    mkdirSync(join(root, "etc"));
    const file = join(ROOTFS, "usr/lib/sysusers.d/weir.conf");
    const { status, stderr } = spawnSync("systemd-sysusers", [`--root=${root}`, file], { encoding: "utf8" });
    assert.is(status, 0, stderr);
    assert.is(readFileSync(join(root, "etc/passwd"), "utf8").match(/^weir-\w+:x:\d+:\d+:[^:]*:\/:\S*nologin$/gm)?.length, 7);
  }, { needs: ["systemd-sysusers", "root"] });

  test("its shell scripts pass shellcheck", () => {
    const scripts = listRootfs().filter((path) => /^#!.*\b(?:ba|da)?sh\b/.test(readFileSync(join(ROOTFS, path), "utf8")));
    assert.equal(scripts.toSorted(), ["usr/bin/weir", "usr/lib/systemd/system-generators/weir-walls", "usr/libexec/weir/load-rules"]);
    const { status, stdout } = spawnSync("shellcheck", scripts.map((path) => join(ROOTFS, path)), { encoding: "utf8" });
    assert.is(status, 0, stdout);
  }, { needs: ["shellcheck"] });

  test("the rules of the first moments load and let nothing pass", () => {
    const text = readFileSync(join(ROOTFS, "etc/nftables.conf"), "utf8");
    assert.is(text.match(/policy drop;/g)?.length, 3);
    assert.not(text.includes("accept"));
    const { status, stderr } = spawnSync("unshare", ["--net", findExecutable("nft") ?? "nft", "-f", join(ROOTFS, "etc/nftables.conf")], { encoding: "utf8" });
    assert.is(status, 0, stderr);
  }, { needs: ["netns", "nft"] });

  test("the kernel forwards nothing, and every network setting is one that it knows", () => {
    const settings = [...readFileSync(join(ROOTFS, "usr/lib/sysctl.d/50-weir.conf"), "utf8").matchAll(/^([a-z0-9._]+) = (\S+)$/gm)].map(([, key = "", value = ""]) => [key, value] as const);
    assert.equal(settings.filter(([key]) => key.endsWith("forward") || key.endsWith("forwarding")).map(([, value]) => value), ["0", "0", "0", "0", "0"]);
    assert.equal(settings.filter(([key]) => key.startsWith("net.ipv4.") && !existsSync(join("/proc/sys", key.replaceAll(".", "/")))), []);
  });

  test("the first configuration of a device is one that `weir check` accepts", () => {
    const weir = join(ROOTFS, "../firmware/cli/weir.ts");
    const { status, stderr } = spawnSync(process.execPath, [weir, "check", "--config", join(ROOTFS, "usr/share/weir/weir.yaml")], { encoding: "utf8" });
    assert.is(status, 0, stderr);
  });
});

function zoneOf(service: UnitFile): string {
  return service.name.slice("weir-".length, -".service".length).replace("@", "");
}

function writeProgram(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "#!/bin/true\n");
  chmodSync(path, 0o755);
}
