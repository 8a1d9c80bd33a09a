// The verb that changes the network: its files for systemd-networkd, on trial.

import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Compile } from "typebox/compile";
import { NetworkRequestSchema } from "../conduit/host.ts";
import type { NetworkRequest } from "../conduit/host.ts";
import type { ZoneContext } from "../runtime/service.ts";
import type { HostSystem } from "./host-system.ts";
import { keepState, writeWhole } from "./kept-state.ts";
import { FILE_PREFIX, renderNetworkFiles } from "./network-files.ts";
import { openTrial } from "./trial.ts";
import type { Trial } from "./trial.ts";

/** systemd-networkd is another user. */
const READABLE = 0o644;

export function openNetwork({ clock, log, dataDir }: ZoneContext, system: HostSystem): Promise<Trial<NetworkRequest>> {
  const check = Compile(NetworkRequestSchema);
  return openTrial<NetworkRequest>({
    clock,
    log: log.child("network"),
    trialMs: system.trialMs,
    initial: { ports: [] },
    kept: keepState(dataDir, "network", (value) => check.Parse(value)),
    check: async (request) => void renderNetworkFiles(request),
    install: async (request) => {
      placeFiles(system.networkFolder, renderNetworkFiles(request));
      system.reloadNetwork();
    },
  });
}

/** Afterwards the folder holds exactly these of ours; files of others are left alone. */
function placeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const [name, text] of files) {
    const path = join(folder, name);
    writeWhole(path, text, READABLE);
    chmodSync(path, READABLE);
  }
  for (const name of readdirSync(folder)) if (name.startsWith(FILE_PREFIX) && !files.has(name)) rmSync(join(folder, name));
}
