// Shows that the unit that loads the rules of another network namespace has the walls of the zone host, and less than host otherwise.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTempDir } from "../support/temp-dir.ts";
import { assert, suite } from "../support/suite.ts";
import { readUnits, ROOTFS, type UnitFile } from "./unit-file.ts";

const NAME = "weir-rules@.service";

function unit(name: string): UnitFile {
  const found = [...readUnits(".service"), ...readUnits(".path")].find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

const WALLS = ["ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateMounts", "UMask", "RemoveIPC", "InaccessiblePaths", "NoNewPrivileges", "LockPersonality", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc", "ProcSubset", "KeyringMode", "PrivateDevices", "DevicePolicy", "SystemCallArchitectures", "SystemCallErrorNumber", "SystemCallFilter", "MemoryDenyWriteExecute", "RestrictAddressFamilies", "IPAddressDeny", "SocketBindDeny", "CapabilityBoundingSet", "AmbientCapabilities", "ProtectClock", "PrivateUsers", "ReadOnlyPaths", "ReadWritePaths", "NoExecPaths", "NetworkNamespacePath", "User", "Group", "LimitCORE", "MemorySwapMax"];

function walls(name: string): readonly string[] {
  const file = unit(name);
  return WALLS.flatMap((key) => file.all(key).map((value) => `${key}=${value}`));
}

suite("rules of another network namespace, units", (test) => {
  test("the unit has the walls of host, without the clock, without signals to others and without USB, in that namespace and nowhere else", () => {
    const [host, rules] = [walls("weir-host.service"), walls(NAME)];
    assert.equal(rules.filter((line) => !host.includes(line)), [
      "InaccessiblePaths=/run/weir /run/systemd/private /var/lib -/run/weir-host/limits -/etc/shadow -/etc/gshadow -/etc/ssh -/var/log -/run/log",
      "CapabilityBoundingSet=CAP_NET_ADMIN",
      "ProtectClock=yes",
      "ReadWritePaths=-/run/weir-host/rules",
      "NetworkNamespacePath=/run/netns/%i",
    ]);
    assert.equal(host.filter((line) => !rules.includes(line)), [
      "InaccessiblePaths=/run/weir /run/systemd/private /var/lib -/etc/shadow -/etc/gshadow -/etc/ssh -/var/log -/run/log",
      "SystemCallFilter=clock_settime",
      "CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_TIME CAP_KILL",
      "ProtectClock=no",
      "ReadWritePaths=/run/systemd/network",
      "ReadWritePaths=/sys/devices",
    ]);
    assert.is(unit(NAME).one("ExecStart"), "/usr/libexec/weir/load-rules %i");
  });

  test("it is started by what host writes, and again by what came meanwhile", () => {
    const path = unit("weir-rules@.path");
    assert.equal([path.one("PathExists"), path.one("WantedBy")], ["/run/weir-host/rules/%i.new", "weir.target"]);
    assert.equal([unit(NAME).one("Type"), unit(NAME).one("Restart"), unit(NAME).one("StartLimitIntervalSec")], ["oneshot", "on-failure", "0"]);
  });

  test("systemd finds nothing wrong in them, and an exposure of at most 2.0", ({ defer }) => {
    const root = makeTempDir(defer);
    cpSync(ROOTFS, root, { recursive: true });
    mkdirSync(join(root, "usr/lib/weir/bin"), { recursive: true });
    writeFileSync(join(root, "usr/lib/weir/bin/node"), "#!/bin/true\n");
    chmodSync(join(root, "usr/lib/weir/bin/node"), 0o755);
    for (const target of ["sysinit", "basic", "shutdown", "paths"]) writeFileSync(join(root, "usr/lib/systemd/system", `${target}.target`), `[Unit]\nDescription=${target}\n`);
    const ask = (...args: string[]): { readonly status: number | null; readonly text: string } => {
      const { status, stdout, stderr } = spawnSync("systemd-analyze", args, { encoding: "utf8", env: { ...process.env, SYSTEMD_COLORS: "0", LC_ALL: "C" } });
      return { status, text: `${stdout}${stderr}` };
    };
    assert.equal(ask("verify", "--man=no", `--root=${root}`, "weir-rules@cell-b.path", "weir-rules@cell-b.service"), { status: 0, text: "" });
    const { text } = ask("security", "--offline=true", "--no-pager", `--root=${ROOTFS}`, NAME);
    const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(text) ?? [];
    assert.ok(exposure !== undefined && Number(exposure) <= 2, text);
  }, { needs: ["systemd-analyze"] });
});
