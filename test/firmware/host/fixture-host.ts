// The zone host on a system of its own: `fixture-host.ts DIR TRIAL_MS`. What it would change lies below DIR; nft is the real one.

import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { HostSystem } from "../../../firmware/host/host-system.ts";
import { makeHost } from "../../../firmware/host/main.ts";
import { RULE_USERS } from "../../../firmware/protocol/firewall/ruleset.ts";
import { runZone } from "../../../firmware/runtime/zone-process.ts";
import { findExecutable } from "../../support/needs.ts";

const generator = fileURLToPath(new URL("../../../rootfs/usr/lib/systemd/system-generators/weir-walls", import.meta.url));
const [dir = ".", trialMs = "60000"] = process.argv.slice(2);

const system: HostSystem = {
  sysfs: join(dir, "sys"),
  networkFolder: join(dir, "network"),
  nft: findExecutable("nft") ?? "/usr/sbin/nft",
  date: join(dir, "date"),
  trialMs: Number(trialMs),
  userIds: Object.fromEntries(RULE_USERS.map((name, index) => [name, 60_000 + index])),
  generatedFolder: join(dir, "generator"),
  reloadUnits: () => {
    appendFileSync(join(dir, "unit-calls"), "reload-units\n");
    execFileSync(generator, [join(dir, "generator"), "-", "-", join(dir, "data/limits")]);
  },
  endZone: (zone) => appendFileSync(join(dir, "unit-calls"), `end ${zone}\n`),
  reloadNetwork: () => appendFileSync(join(dir, "calls"), "reload\n"),
  reboot: () => appendFileSync(join(dir, "calls"), "reboot\n"),
};

await runZone({ name: "host", load: async () => makeHost(system) }, { dataDir: join(dir, "data") });
