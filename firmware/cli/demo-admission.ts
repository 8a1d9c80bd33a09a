// How the gateway of the demonstration comes to know its machines: it finds and accepts them, and whoever is accepted is given a password.

import { asFault } from "../../drivers/contract/fault.ts";
import type { AssetEntry } from "../conduit/assets.ts";
import type { localConduit } from "../conduit/local.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";
import { systemClock } from "../runtime/system-clock.ts";
import type { DemoMachines } from "./demo-machines.ts";

type Local = ConduitClient<typeof localConduit>;

const LOOK_MS = 500;
const PAGE = 100;

/** Where a machine stands: `searched`, how it came (`found`), the state of the register once it is decided, `enrolled`. What follows its own connection says. */
export type Told = (serial: string, step: string) => void;

/** Until the signal aborts; throws CANCELLED then. */
export async function admitMachines(client: Local, machines: DemoMachines, told: Told, signal: AbortSignal): Promise<never> {
  const [found, enrolled] = [new Set<string>(), new Set<string>()];
  for (;;) {
    const entries = await listAssets(client, signal);
    for (const { asset, serial } of machines.all) {
      const entry = entries.find(({ id }) => id === asset);
      if (enrolled.has(serial) && entry?.state === "accepted") continue;
      if (entry === undefined || !found.has(serial)) told(serial, entry === undefined ? "searched" : nameArrival(entry));
      if (entry !== undefined) found.add(serial);
      if (entry !== undefined && entry.state !== "pending") told(serial, entry.state);
      if (entry?.state !== "accepted" || enrolled.has(serial) || !(await enrol({ client, machines, told }, serial, entry, signal))) continue;
      enrolled.add(serial);
      told(serial, "enrolled");
    }
    await systemClock.sleep(LOOK_MS, signal);
  }
}

/** A gateway that ran before knows its machines already. */
function nameArrival({ origin, presence }: AssetEntry): string {
  if (origin === "configuration") return "configured";
  return presence === "present" ? "found" : "known";
}

/** False where the gateway is not so far yet: then it is tried again. */
async function enrol({ client, machines, told }: { readonly client: Local; readonly machines: DemoMachines; readonly told: Told }, serial: string, { key }: AssetEntry, signal: AbortSignal): Promise<boolean> {
  try {
    const { user, password, ca } = await client.call("enrolAsset", { key, by: "password" }, signal);
    machines.enrol(serial, { user, ca, ...(password === undefined ? {} : { password }) });
    return true;
  } catch (error) {
    if (signal.aborted) throw error;
    told(serial, `not enrolled: ${asFault(error).message}`);
    return false;
  }
}

async function listAssets(client: Local, signal: AbortSignal): Promise<readonly AssetEntry[]> {
  const all: AssetEntry[] = [];
  for (;;) {
    const after = all.at(-1)?.key;
    const { assets, hasMore } = await client.call("assets", { limit: PAGE, ...(after === undefined ? {} : { after }) }, signal);
    all.push(...assets);
    if (!hasMore || assets.length === 0) return all;
  }
}
