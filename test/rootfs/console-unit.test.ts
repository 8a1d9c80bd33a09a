// Shows that what prints the one-time password on an appliance's screen has the walls of a zone, no network, and no way to the journal or to anything else of core.

import { spawnSync } from "node:child_process";
import { findExecutable } from "../support/needs.ts";
import { assert, suite } from "../support/suite.ts";
import { readUnits, ROOTFS, type UnitFile } from "./unit-file.ts";

function unit(name: string): UnitFile {
  const found = [...readUnits(".service"), ...readUnits(".path"), ...readUnits(".socket")].find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

const WALLS = ["ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateMounts", "UMask", "RemoveIPC", "InaccessiblePaths", "ReadOnlyPaths", "ExecPaths", "NoNewPrivileges", "LockPersonality", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc", "ProcSubset", "KeyringMode", "PrivateDevices", "DevicePolicy", "SystemCallArchitectures", "SystemCallErrorNumber", "SystemCallFilter", "CapabilityBoundingSet", "AmbientCapabilities", "ProtectClock", "PrivateUsers", "LimitCORE", "MemorySwapMax", "SocketBindDeny"];

suite("unit of the screen", (test) => {
  const service = unit("weir-console.service");

  test("it has the walls of a zone, and no network beyond its conduit", () => {
    const zone = unit("weir-admin.service");
    for (const key of WALLS) assert.equal(service.all(key), zone.all(key), key);
    assert.equal(["PrivateNetwork", "RestrictAddressFamilies", "IPAddressDeny", "User", "Group"].map((key) => service.one(key)), ["yes", "AF_UNIX", "any", "weir-console", "weir-console"]);
  });

  test("K2.1.9a what it prints goes to the screen and the console, never to the journal", () => {
    assert.equal(["StandardInput", "StandardOutput", "StandardError"].map((key) => service.one(key)), ["null", "file:/dev/tty1", "file:/dev/console"]);
    assert.equal(service.all("DeviceAllow"), ["/dev/tty1 w", "/dev/console w"]);
    assert.match(service.one("ExecStart") ?? "", / user first --console --data \/run\/weir-console$/);
  });

  test("it may ask for the one-time password and for nothing else", () => {
    assert.equal(service.all("Requires"), ["weir-conduit-console.socket"]);
    assert.equal(["ListenStream", "SocketGroup", "SocketMode"].map((key) => unit("weir-conduit-console.socket").one(key)), ["/run/weir/console.sock", "weir-console", "0660"]);
  });

  test("it runs only while nobody has an account, and not where there is no screen", () => {
    const path = unit("weir-console.path");
    assert.equal([path.one("PathExists"), path.one("ConditionPathExists"), path.one("WantedBy"), service.one("Restart")], ["/run/weir-core/wanted/console", "/dev/tty1", "weir.target", "on-failure"]);
  });

  test("it has an exposure of at most 2.0", () => {
    const { stdout, stderr } = spawnSync(findExecutable("systemd-analyze") ?? "systemd-analyze", ["security", "--offline=true", "--no-pager", `--root=${ROOTFS}`, service.name], { encoding: "utf8", env: { ...process.env, SYSTEMD_COLORS: "0", LC_ALL: "C" } });
    const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
    assert.ok(exposure !== undefined && Number(exposure) <= 2, stdout + stderr);
  }, { needs: ["systemd-analyze"] });
});
