// The zone `field`: reads the machines on the network that core assigns to it, and hands every reading to core before it acknowledges it.

import { drivers } from "../../drivers/index.ts";
import type { Clock } from "../../drivers/contract/clock.ts";
import { asFault, isFault, reportFault, type Fault } from "../../drivers/contract/fault.ts";
import { sourceConduit, type FoundReport } from "../conduit/source.ts";
import { openConduit, type ConduitClient } from "../runtime/conduit-client.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import type { Service, ZoneContext } from "../runtime/service.ts";
import { tellAlive } from "../runtime/zone-alive.ts";
import { makeAcquisitions, type Acquisitions } from "./acquisition/assignments.ts";
import { makeCore, type Core } from "./acquisition/core.ts";
import { Sessions } from "./acquisition/sessions.ts";
import { listOwnAddresses } from "../runtime/own-addresses.ts";
import { openIngestKeeper, type IngestKeeper } from "./ingest/keeper.ts";
import { makeFoundQueue } from "./discovery/found-queue.ts";
import { makeSegmentKeeper, type SegmentKeeper } from "./discovery/segment-keeper.ts";
import { followOrders } from "./orders/orders.ts";
import { makeBatcher, type Batcher } from "./reading-batcher.ts";

/** A long poll stands so long before core repeats the present revision. */
const WAIT_MS = 30_000;
const RETRY_MS = 1000;
/** Of the time that the end of the zone may take. */
const INGEST_CLOSE_MS = 1500;

export const field: Service = {
  name: "field",
  run: async (context, signal) => {
    const { clock, log, epoch } = context;
    const client = openConduit(sourceConduit, { socket: conduitSocket(context.dataDir, context.namespace === undefined ? "source-field" : `source-field-${context.namespace}`), clock, epoch, log });
    // Requests that carry readings outlive the signal until the acquisitions have ended: what was received may still become durable.
    const ending = new AbortController();
    const core = makeCore(client, clock);
    const batcher = makeZoneBatcher(client, core, context, ending.signal);
    const ingest = await openZoneIngest(client, core, context, ending.signal);
    const sessions = new Sessions();
    const acquisitions = makeAcquisitions({ drivers, core, batcher, clock, log, sessions, ingestFor: ingest.forMachine });
    const keeper = makeZoneKeeper(client, context, signal);
    const orders = followOrders({ client, sessions, clock, log: log.child("orders") }, signal);
    const alive = tellAlive((words, stop) => client.call("alive", words, stop), clock, signal, context.recent);
    try {
      await followAssignments(client, { acquisitions, ingest, keeper }, context, signal);
    } finally {
      // What machines have published is settled and acknowledged before their drivers end; but the end of the zone does not wait for a core that is away.
      const closed = ingest.close();
      await waitAtMost(INGEST_CLOSE_MS, closed, clock);
      await Promise.all([acquisitions.stop(), keeper.stop()]);
      ending.abort();
      await closed;
      await client.close();
      await Promise.all([alive, orders]);
    }
  },
};

function openZoneIngest(client: ConduitClient<typeof sourceConduit>, core: Core, { clock, log }: ZoneContext, last: AbortSignal): Promise<IngestKeeper> {
  return openIngestKeeper({
    clock,
    signal: last,
    log: log.child("ingest"),
    listOwnAddresses,
    core: {
      ingest: (standing, signal) => client.call("ingest", standing, signal),
      peer: (fault, signal) => client.call("peer", { fault }, signal),
      quarantine: core.quarantine,
    },
  });
}

async function waitAtMost(ms: number, work: Promise<void>, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = clock.after(ms, resolve);
  await Promise.race([work, promise]);
  stop();
}

interface Followers {
  readonly acquisitions: Acquisitions;
  readonly ingest: IngestKeeper;
  readonly keeper: SegmentKeeper;
}

async function followAssignments(client: ConduitClient<typeof sourceConduit>, { acquisitions, ingest, keeper }: Followers, context: ZoneContext, signal: AbortSignal): Promise<void> {
  let after = 0;
  let isFirst = true;
  while (!signal.aborted) {
    try {
      const { revision, logLevel, assignments, segments, ingestTls } = await client.call("assignments", { after, waitMs: isFirst ? 0 : WAIT_MS }, signal);
      context.setLogLevel?.(logLevel);
      if (isFirst || revision !== after) {
        ingest.apply({ segments, ingestTls, assignments });
        acquisitions.apply(assignments);
        keeper.apply(segments);
      }
      after = revision;
      if (isFirst) context.ready();
      isFirst = false;
    } catch (error) {
      if (signal.aborted) return;
      context.log.error({ fault: asFault(error) }, "core gives no assignments");
      await context.clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

/** What discovery finds is told to core; which of it is a machine of which driver is known here alone. */
function makeZoneKeeper(client: ConduitClient<typeof sourceConduit>, { clock, log }: ZoneContext, signal: AbortSignal): SegmentKeeper {
  const table = drivers.flatMap(({ id, announcement }) => (announcement === undefined ? [] : [{ driver: id, announcement }]));
  const post = async (segment: string, reports: FoundReport[], stop: AbortSignal): Promise<void> => void (await client.call("found", { segment, reports }, stop));
  const tellPeer = (fault: Fault): void => void client.call("peer", { fault: reportFault(fault) }, signal).catch(() => undefined);
  return makeSegmentKeeper({ table, queue: makeFoundQueue({ post, clock, log, signal }), clock, log: log.child("discovery"), tellPeer });
}

function makeZoneBatcher(client: ConduitClient<typeof sourceConduit>, core: Core, { clock, log }: ZoneContext, signal: AbortSignal): Batcher {
  return makeBatcher({
    clock,
    log,
    signal,
    post: async (readings, cursors) => {
      await client.call("readings", { readings: [...readings], ...(cursors.length === 0 ? {} : { cursors: [...cursors] }) }, signal);
    },
    setApart: async (reading, fault) => {
      log.error({ fault, asset: reading.asset }, "core refuses the form of a reading; it is set apart");
      try {
        await core.quarantine(reading.asset.slice(0, 512), `core refuses its form: ${fault.message}`, Buffer.from(JSON.stringify(reading)), signal);
      } catch (error) {
        // A reading that not even the quarantine takes would else block its machine for ever.
        if (!isFault(error, "INPUT_INVALID")) throw error;
      }
    },
  });
}
