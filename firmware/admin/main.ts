// The admin zone: fetches what core wants of the page, serves it, and tells core where it is.

import { randomUUID } from "node:crypto";
import { adminConduit } from "../conduit/admin.ts";
import type { ReplyOf } from "../conduit/route.ts";
import { openConduit } from "../runtime/conduit-client.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import { listOwnAddresses } from "../runtime/own-addresses.ts";
import type { Service, ZoneContext } from "../runtime/service.ts";
import { tellAlive } from "../runtime/zone-alive.ts";
import { PageKeeper } from "./page-keeper.ts";

/** How soon an address that came, and a port that got free, are noticed. */
const LOOK_MS = 5000;

export const admin: Service = { name: "admin", mayEnd: true, run: (context, signal) => runAdmin(context, LOOK_MS, signal) };

type Client = ConduitClient<typeof adminConduit>;
type Answer = ReplyOf<typeof adminConduit.settings>;

/** `admin.run` with another time between two looks, for tests. */
export async function runAdmin(context: ZoneContext, lookMs: number, signal: AbortSignal): Promise<void> {
  const { clock, log, dataDir, epoch } = context;
  // Each numbers its own requests: what strangers ask never stands before what known people ask, or before the zone's own affairs.
  const open = (own: string): Client => openConduit(adminConduit, { socket: conduitSocket(dataDir, "admin"), clock, epoch: own, log });
  const [affairs, core, strangers] = [open(epoch), open(randomUUID()), open(randomUUID())];
  const ending = new AbortController();
  const alive = tellAlive((words, stop) => affairs.call("alive", words, stop), clock, AbortSignal.any([signal, ending.signal]), context.recent);
  const keeper = new PageKeeper({
    core: affairs,
    log: log.child("page"),
    listOwn: listOwnAddresses,
    start: async (settings, stop) => {
      // Not before there is a page: a zone that waits for the configuration is small.
      const { startPage } = await import("./server/page-server.ts");
      return startPage(settings, { core, strangers, clock, log: log.child("page") }, stop);
    },
  });
  try {
    await follow({ context, core: affairs, keeper, lookMs }, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    ending.abort();
    await keeper.close();
    await Promise.all([affairs, core, strangers].map((client) => client.close()));
    await alive;
  }
}

interface ZonePorts {
  readonly context: ZoneContext;
  readonly core: Client;
  readonly keeper: PageKeeper;
  readonly lookMs: number;
}

/** Returns when the signal aborts or the configuration asks for no page. */
async function follow({ context, core, keeper, lookMs }: ZonePorts, signal: AbortSignal): Promise<void> {
  // Asked anew with each look, which costs little and leaves one thing to wait for.
  const ask = (after: number): Promise<Answer> => core.call("settings", { after, waitMs: lookMs }, signal);
  let answer = await ask(0);
  while (!signal.aborted && answer.isWanted) {
    context.setLogLevel?.(answer.logLevel);
    if (await keeper.bring(answer.page, signal)) {
      answer = await ask(0);
      continue;
    }
    context.ready();
    const next = await ask(answer.revision);
    if (isRestarted(answer, next)) keeper.forget();
    answer = next;
  }
  context.ready();
}

/** Revisions of another core begin anywhere; this one's follow each other closely. */
function isRestarted(before: Answer, after: Answer): boolean {
  return after.revision < before.revision || after.revision > before.revision + 1000;
}
