// The zone host: root, no network, and a closed list of verbs for core alone. Nothing else of ours runs privileged.

import { Fault } from "../../drivers/contract/fault.ts";
import { hostConduit } from "../conduit/host.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import { serveConduit } from "../runtime/conduit-server.ts";
import type { Service, ZoneContext } from "../runtime/service.ts";
import { readAlive } from "../runtime/zone-alive.ts";
import { openFirewall } from "./firewall.ts";
import { makeHostHandlers } from "./handlers.ts";
import { appliance } from "./host-system.ts";
import type { HostSystem } from "./host-system.ts";
import { openNetwork } from "./network.ts";
import { openUnitLimits } from "./unit-limits.ts";

/** How long a running verb may take at the end; the return of what is on trial comes after it. */
const CLOSE_MS = 1000;
/** Of a refusal's words, what core is told. */
const MAX_WORDS = 300;

export const host: Service = makeHost(appliance);

/** `system` says what is changed; only tests and the appliance's own entry choose it. */
export function makeHost(system: HostSystem): Service {
  return { name: "host", run: (context, signal) => run(context, system, signal) };
}

async function run(context: ZoneContext, system: HostSystem, signal: AbortSignal): Promise<void> {
  if (process.getuid?.() !== 0) throw new Fault("CONFIG_INVALID", "the zone host changes the system and needs root", { remedy: "On an appliance systemd starts it; elsewhere leave it out." });
  const { log } = context;
  const sinceMs = context.clock.uptimeMs();
  const limits = openUnitLimits(context, system);
  const firewall = await openFirewall(context, system, limits);
  const network = await openNetwork(context, system);
  const socket = conduitSocket(context.dataDir, "host");
  const refused: { count: number; last: string | null } = { count: 0, last: null };
  const onRefused = (fault: Fault, route: string): void => {
    refused.count += 1;
    refused.last = `${route}: ${fault.message}`.slice(0, MAX_WORDS);
    log.warn({ fault, route }, "refused");
  };
  const handlers = makeHostHandlers({ firewall, network, system, log, limits, epoch: context.epoch, alive: () => readAlive(context.clock, sinceMs), refused: () => refused });
  const server = await serveConduit(hostConduit, handlers, { socket, log, onRefused, clock: context.clock, closeMs: CLOSE_MS });
  try {
    context.ready();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    await server.close();
    await Promise.all([firewall.trial.close(), network.close()]);
    await limits.close();
  }
}
