// Limits of the zones' units that come from the configuration: host writes them down, systemd's generator makes drop-ins of them, and a zone whose limits changed is ended and started anew.

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Fault, asFault } from "../../drivers/contract/fault.ts";
import { digestOf } from "../conduit/digest.ts";
import type { ZoneLimits } from "../protocol/firewall/zone-limits.ts";
import type { ZoneContext } from "../runtime/service.ts";
import type { HostSystem } from "./host-system.ts";
import { readIfThere, writeWhole } from "./kept-state.ts";

/** By the unit's name without `weir-`: `field`, `cloud`, and `field@NAME` in the network namespace of that name. */
export type Limits = Readonly<Record<string, ZoneLimits>>;

export interface UnitLimits {
  /** Returns at once; what it begins is done in the background, the newest last. */
  set(limits: Limits): void;
  /** Why the units do not have what was set; undefined when they have. */
  fault(): string | undefined;
  close(): Promise<void>;
}

/** The generator's file in the folder of a unit's drop-ins; its first line names the limits that it was made of. */
export const DROP_IN = "50-weir-walls.conf";

/** How long systemd may take to read its units again. */
const RELOAD_MS = 60_000;
const LOOK_RELOAD_MS = 100;
/** How soon an interface that came (back) is noticed: systemd matches interfaces by the index that they had when the zone started. */
const LOOK_WIRES_MS = 5000;
const RETRY_MS = 15_000;

export function openUnitLimits(context: ZoneContext, system: HostSystem): UnitLimits {
  const { clock } = context;
  const folder = join(context.dataDir, "limits");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const ending = new AbortController();
  let wanted: Limits | undefined;
  let words: string | undefined;
  let cancel = (): void => undefined;
  let last: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    if (wanted === undefined || ending.signal.aborted) return;
    const fault = await attempt(placeLimits({ folder, system, clock }, wanted, ending.signal));
    if (ending.signal.aborted) return;
    if (fault !== undefined && fault.message !== words) context.log.child("limits").error({ fault }, "the limits of the zones' units could not be set; it is tried again");
    words = fault?.message;
    cancel();
    cancel = clock.after(words === undefined ? LOOK_WIRES_MS : RETRY_MS, lookInTurn);
  };
  const lookInTurn = (): void => {
    cancel();
    last = last.then(look);
  };
  return {
    set: (limits) => {
      wanted = limits;
      lookInTurn();
    },
    fault: () => words,
    close: async () => {
      ending.abort();
      cancel();
      await last;
    },
  };
}

async function attempt(work: Promise<void>): Promise<Fault | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return asFault(error);
  }
}

interface Place extends Pick<ZoneContext, "clock"> {
  readonly folder: string;
  readonly system: HostSystem;
}

/** Writes what has changed, waits until systemd has read it, and ends the zones that run with other limits, or with another interface than there is now. */
async function placeLimits(place: Place, limits: Limits, signal: AbortSignal): Promise<void> {
  const { folder, system } = place;
  const gone = readdirSync(folder).filter((name) => /^field@[a-z0-9-]+$/.test(name) && limits[name] === undefined);
  for (const name of gone) for (const file of [name, `${name}.wires`]) rmSync(join(folder, file), { force: true });
  const changed = Object.entries(limits).filter(([zone, own]) => {
    const text = writeLimits(own);
    const isPlaced = readIfThere(join(folder, zone)) === text && isGenerated(system, zone, text);
    if (isPlaced) return false;
    // From here on the zone has to be started anew, whoever dies in between.
    rmSync(join(folder, `${zone}.wires`), { force: true });
    writeWhole(join(folder, zone), text, 0o600);
    return true;
  });
  if (changed.length + gone.length > 0) {
    system.reloadUnits();
    await waitForGenerator(place, changed.map(([zone, own]) => [zone, writeLimits(own)] as const), signal);
  }
  for (const [zone, { interfaces }] of Object.entries(limits)) {
    const before = readIfThere(join(folder, `${zone}.wires`));
    const now = readWires(system, interfaces);
    if (before === now) continue;
    const isNew = before === undefined || now.split("\n").some((wire) => wire !== "" && !before.split("\n").includes(wire));
    if (isNew) system.endZone(zone);
    writeWhole(join(folder, `${zone}.wires`), now, 0o600);
  }
}

/** One line for each word that the generator knows (rootfs/usr/lib/systemd/system-generators/weir-walls). */
export function writeLimits({ ports, interfaces, addresses }: ZoneLimits): string {
  const lines = [
    ...ports.map((port) => `bind ${port}`),
    ...interfaces.map((name) => `interface ${name}`),
    ...(addresses === undefined ? [] : ["addresses only", ...addresses.map((address) => `address ${address}`)]),
  ];
  return [`# ${digestOf(lines)}`, ...lines, ""].join("\n");
}

function isGenerated({ generatedFolder }: HostSystem, zone: string, text: string): boolean {
  const made = readIfThere(join(generatedFolder, `weir-${zone}.service.d`, DROP_IN));
  return made !== undefined && made.split("\n")[0] === text.split("\n")[0];
}

async function waitForGenerator({ clock, system }: Place, wanted: readonly (readonly [string, string])[], signal: AbortSignal): Promise<void> {
  const endMs = clock.uptimeMs() + RELOAD_MS;
  while (!wanted.every(([zone, text]) => isGenerated(system, zone, text))) {
    if (clock.uptimeMs() >= endMs) {
      throw new Fault("PEER_TIMEOUT", "systemd did not read its units again, so that the zones keep their former ports and interfaces", { where: system.generatedFolder, remedy: "Restart the gateway." });
    }
    await clock.sleep(LOOK_RELOAD_MS, signal);
  }
}

/** `eth0 3`: the interfaces there are, with their index. */
function readWires({ sysfs }: HostSystem, interfaces: readonly string[]): string {
  return interfaces.map((name) => [name, readIfThere(join(sysfs, "class/net", name, "ifindex"))?.trim()] as const).filter(([, index]) => index !== undefined).map(([name, index]) => `${name} ${index ?? ""}\n`).join("");
}
