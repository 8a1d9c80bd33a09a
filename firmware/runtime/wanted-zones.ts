// Which zones the configuration needs: core leaves a file for each, and who starts processes looks for it: the supervisor, or a systemd path unit.

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { conduitSocket } from "./conduit-path.ts";

/** Zones whose process runs only while the configuration needs it. */
export const OPTIONAL_ZONES = ["admin", "plant"] as const;
export type OptionalZone = (typeof OPTIONAL_ZONES)[number];

/** Besides them what shows on an appliance's screen how one becomes the first administrator. */
const WANTED = [...OPTIONAL_ZONES, "console"] as const;
export type Wanted = Readonly<Partial<Record<(typeof WANTED)[number], boolean>>>;

/** On the appliance in core's own runtime folder, since the folder of the conduits is systemd's. */
function wantedFile(dataDir: string, zone: string): string {
  const folder = (process.env["WEIR_CONDUITS"] ?? "") === "" ? dirname(conduitSocket(dataDir, "core")) : (process.env["RUNTIME_DIRECTORY"] ?? dataDir);
  return join(folder, "wanted", zone);
}

/** Told anew at each change; what is not named stays. Throws what the file system throws. */
export function tellWanted(dataDir: string, wanted: Wanted): void {
  for (const zone of WANTED) {
    if (wanted[zone] === undefined) continue;
    const file = wantedFile(dataDir, zone);
    if (wanted[zone]) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, "");
    } else rmSync(file, { force: true });
  }
}

export function isWanted(dataDir: string, zone: OptionalZone): boolean {
  return existsSync(wantedFile(dataDir, zone));
}
