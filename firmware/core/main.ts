// The zone core: decides and remembers. It has no network, only files and the conduits to the other zones.

import { asFault, isFault } from "../../drivers/contract/fault.ts";
import { adminConduit } from "../conduit/admin.ts";
import { cloudConduit } from "../conduit/cloud.ts";
import { consoleConduit } from "../conduit/console.ts";
import { localConduit } from "../conduit/local.ts";
import { plantConduit } from "../conduit/plant.ts";
import type { Contract } from "../conduit/route.ts";
import { sourceConduit } from "../conduit/source.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import { serveConduit } from "../runtime/conduit-server.ts";
import type { ConduitServer, Handlers } from "../runtime/conduit-server.ts";
import type { Service, ZoneContext } from "../runtime/service.ts";
import { CLOUD } from "./cloud-state.ts";
import { makeCustodyHandlers } from "./conduits/account-handlers.ts";
import { ADMIN, makeAdminHandlers } from "./conduits/admin-handlers.ts";
import { makeCloudHandlers } from "./conduits/cloud-handlers.ts";
import type { Listening } from "./conduits/ingest-handlers.ts";
import { makeLocalHandlers } from "./conduits/local-handlers.ts";
import { makePlantHandlers, PLANT } from "./conduits/plant-handlers.ts";
import { reviewLink } from "./conduits/review-link.ts";
import { makeSourceHandlers } from "./conduits/source-handlers.ts";
import { applyConfiguration } from "./configuration/apply-configuration.ts";
import { FIELD_ZONE, zoneIn } from "./configuration/placements.ts";
import { watchNetwork } from "./detection/watch-network.ts";
import type { OpenCore } from "./open-core.ts";
import { watchUnclaimed } from "./page/screen.ts";
import type { CoreParts } from "./parts.ts";
import { runTasks } from "./tasks/run-tasks.ts";
import { openWhenRoom } from "./waiting-room.ts";

/** How long the conduits wait at the end for what is being committed; the whole end takes at most 3 s. */
const CLOSE_MS = 1500;
const TICK_MS = 1000;
/** Commits of last values in one tick. */
const VALUE_PORTIONS = 2;
/** So often that a log is not much longer than it should be when it is copied. */
const LOOK_AT_LOGS_MS = 200;

export const core: Service = { name: "core", run };

async function run(context: ZoneContext, signal: AbortSignal): Promise<void> {
  const open = await openWhenRoom(context, signal);
  const ending = new AbortController();
  try {
    await open.parts.acceptance.prepare(open.parts.configuration.current);
    await applyConfiguration(open.parts);
    for (const [assignment] of open.parts.links.entries()) reviewLink(open.parts, open.parts.register.zoneOf(assignment) ?? FIELD_ZONE, assignment);
    const servers = await serveAll(open.parts, context);
    try {
      const background = runBackground(open, AbortSignal.any([signal, ending.signal]));
      context.ready();
      await Promise.race([aborted(signal), background]);
      ending.abort();
      await Promise.all([background, ...servers.map((server) => server.close())]);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
    open.parts.trail.record({ actor: "core", action: "core.stopped", target: "core", result: "done" });
  } finally {
    ending.abort();
    await open.close();
  }
}

async function serveAll(parts: CoreParts, context: ZoneContext): Promise<readonly ConduitServer[]> {
  const servers: ConduitServer[] = [];
  const serve = async <C extends Contract>(name: string, contract: C, handlers: Handlers<C>): Promise<void> => {
    const socket = conduitSocket(context.dataDir, name);
    servers.push(await serveConduit(contract, handlers, { socket, log: context.log.child(name), clock: context.clock, closeMs: CLOSE_MS, turn: () => parts.turns.next() }));
  };
  try {
    // The local conduit last: who reaches it finds the others open.
    const listening: Listening = new Map();
    await serve(FIELD_ZONE, sourceConduit, makeSourceHandlers(parts, FIELD_ZONE, listening));
    for (const namespace of parts.namespaces) {
      const zone = zoneIn(namespace);
      // A cell whose conduit is not set up on this appliance takes nothing from the others.
      await serve(zone, sourceConduit, makeSourceHandlers(parts, zone, listening)).catch((error: unknown) => parts.zones.refuse(namespace, asFault(error, zone).toString()));
    }
    await serve(CLOUD, cloudConduit, makeCloudHandlers(parts));
    await serve(ADMIN, adminConduit, makeAdminHandlers(parts));
    await serve(PLANT, plantConduit, makePlantHandlers(parts));
    await serve("console", consoleConduit, { firstPassword: makeCustodyHandlers(parts).firstPassword });
    await serve("local", localConduit, makeLocalHandlers(parts));
    return servers;
  } catch (error) {
    await Promise.all(servers.map((server) => server.close()));
    throw error;
  }
}

/** Ends when the signal aborts; rejects when a part of it fails, which ends the zone: the supervisor starts it anew. */
async function runBackground(open: OpenCore, signal: AbortSignal): Promise<void> {
  const { parts } = open;
  const { configuration } = parts;
  let applying = Promise.resolve();
  configuration.beforeChange((coming) => parts.acceptance.prepare(coming));
  configuration.onChange((change) => {
    parts.system.changed();
    return (applying = applying.then(() => applyConfiguration(parts, change)).catch((error: unknown) => parts.log.error({ fault: asFault(error) }, "the changed configuration was not applied completely")));
  });
  await Promise.all([configuration.watch(signal), tick(parts, watchUnclaimed(parts), signal), watchNetwork(parts, signal), copyLogs(open, signal), runTasks(parts, signal), parts.system.run(signal), parts.auditLog.run(signal), unlessCancelled(open.verifyAudit(signal))]);
  await applying;
}

/** Once a second: what is written late, gathered or fades. */
async function tick({ acceptance, accounts, clock, conditions, fading, links, log, losses, page, refusals, trail, values, windows, writeTurn, zones }: CoreParts, lookForAccounts: () => void, signal: AbortSignal): Promise<void> {
  let isFailing = false;
  while (!signal.aborted) {
    await unlessCancelled(clock.sleep(TICK_MS, signal));
    fading.tick();
    page.tick();
    lookForAccounts();
    for (const [zone, why] of zones.inNamespaces) conditions.become(["ZONE_NOT_STARTED"], zone, why === undefined ? undefined : { code: "ZONE_NOT_STARTED", detail: why });
    trail.tick();
    refusals.tick();
    windows.tick();
    accounts.tick();
    losses.retry();
    acceptance.tick();
    await acceptance.announce();
    try {
      for (let portion = 0, isMore = true; isMore && portion < VALUE_PORTIONS; portion += 1) {
        await writeTurn();
        isMore = values.flush();
      }
      await writeTurn();
      links.flush();
      await writeTurn();
      acceptance.entries.flush();
      isFailing = false;
    } catch (error) {
      // Last values and link states may be lost; what is accepted lies in the outbox.
      if (!isFailing) log.warn({ fault: asFault(error, "state.db") }, "last values cannot be written");
      isFailing = true;
    }
  }
}

async function copyLogs(open: OpenCore, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await unlessCancelled(open.parts.clock.sleep(LOOK_AT_LOGS_MS, signal));
    await open.copyLogs();
  }
}

async function unlessCancelled(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!isFault(error, "CANCELLED")) throw error;
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
