// The zone `field`: reads the machines on the network that core assigns to it, and hands every reading to core before it acknowledges it.

import { drivers } from "../../drivers/index.ts";
import { asFault, isFault } from "../../drivers/contract/fault.ts";
import { sourceConduit } from "../conduit/source.ts";
import { openConduit, type ConduitClient } from "../runtime/conduit-client.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import type { Service, ZoneContext } from "../runtime/service.ts";
import { tellAlive } from "../runtime/zone-alive.ts";
import { makeAcquisitions, type Acquisitions } from "./acquisition/assignments.ts";
import { makeCore, type Core } from "./acquisition/core.ts";
import { makeBatcher, type Batcher } from "./reading-batcher.ts";

/** A long poll stands so long before core repeats the present revision. */
const WAIT_MS = 30_000;
const RETRY_MS = 1000;

export const field: Service = {
  name: "field",
  run: async (context, signal) => {
    const { clock, log, epoch } = context;
    const client = openConduit(sourceConduit, { socket: conduitSocket(context.dataDir, "source-field"), clock, epoch, log });
    // Requests that carry readings outlive the signal until the acquisitions have ended: what was received may still become durable.
    const ending = new AbortController();
    const core = makeCore(client, clock);
    const batcher = makeZoneBatcher(client, core, context, ending.signal);
    const acquisitions = makeAcquisitions({ drivers, core, batcher, clock, log });
    const alive = tellAlive((words, stop) => client.call("alive", words, stop), clock, signal);
    try {
      await followAssignments(client, acquisitions, context, signal);
    } finally {
      await acquisitions.stop();
      ending.abort();
      await client.close();
      await alive;
    }
  },
};

async function followAssignments(client: ConduitClient<typeof sourceConduit>, acquisitions: Acquisitions, context: ZoneContext, signal: AbortSignal): Promise<void> {
  let after = 0;
  let isFirst = true;
  while (!signal.aborted) {
    try {
      const { revision, logLevel, assignments } = await client.call("assignments", { after, waitMs: isFirst ? 0 : WAIT_MS }, signal);
      context.setLogLevel?.(logLevel);
      if (isFirst || revision !== after) acquisitions.apply(assignments);
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
