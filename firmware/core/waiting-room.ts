// Core while the disk has no room for its databases: it says so over the local conduit and tries again, instead of dying again and again.

import { asFault, Fault } from "../../drivers/contract/fault.ts";
import packageJson from "../../package.json" with { type: "json" };
import { localConduit } from "../conduit/local.ts";
import type { Status } from "../conduit/status.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import { answerAll, serveConduit, type ConduitServer, type Handlers } from "../runtime/conduit-server.ts";
import type { ZoneContext } from "../runtime/service.ts";
import { Conditions } from "./health/conditions.ts";
import type { ZoneStandings } from "./health/zones.ts";
import { openCore, type OpenCore } from "./open-core.ts";
import { isForWantOfRoom } from "./storage/open-database.ts";

const RETRY_MS = 3000;
const SUBJECT = "data directory";

/**
 * `openCore`, repeated while the disk is full. Meanwhile `weir status` is answered and the other zones wait as for a core that is away;
 * the zone is not ready, so whoever supervises it may start it anew. Throws what `openCore` throws otherwise, and CANCELLED.
 */
export async function openWhenRoom(context: ZoneContext, signal: AbortSignal): Promise<OpenCore> {
  const { clock, log } = context;
  const conditions = new Conditions(clock, (_, { cause }) => log.error({ condition: "STORAGE_FULL" }, cause));
  let server: ConduitServer | undefined;
  try {
    for (;;) {
      try {
        return await openCore(context, signal);
      } catch (error) {
        if (!isForWantOfRoom(error)) throw error;
        conditions.raise("STORAGE_FULL", SUBJECT, `Weir cannot make its databases: ${asFault(error, context.dataDir).message}`);
      }
      server ??= await serveConduit(localConduit, makeHandlers(context, conditions), { socket: conduitSocket(context.dataDir, "local"), log, clock });
      await clock.sleep(RETRY_MS, signal);
    }
  } finally {
    await server?.close();
  }
}

function makeHandlers({ clock }: ZoneContext, conditions: Conditions): Handlers<typeof localConduit> {
  let zones: ZoneStandings = {};
  const refuse = (): never => {
    throw new Fault("STORAGE_FULL", "Weir cannot work: the disk has no room for its databases", { remedy: "Free space on the file system of the data directory." });
  };
  const status = (): Status => ({
    state: "starting",
    gateway: "Weir",
    version: packageJson.version,
    uptimeSeconds: Math.round(clock.uptimeMs()) / 1000,
    zones,
    outbox: { queued: 0, dropped: 0, rejected: 0, oldestSeconds: null },
    cloud: { state: "connecting", peer: null },
    assets: {},
    conditions: [...conditions.list()],
  });
  const tell: Handlers<typeof localConduit>["zones"] = (input) => {
    zones = input.zones;
    return {};
  };
  return { ...answerAll(localConduit, refuse), status, zones: tell };
}
