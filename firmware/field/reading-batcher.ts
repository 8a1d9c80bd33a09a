// Gathers the readings of all machines into requests to core: what came while the last request was on its way goes with the next.

import type { Clock } from "../../drivers/contract/clock.ts";
import type { CursorMove, DriverLog } from "../../drivers/contract/driver.ts";
import { asFault, Fault, isFault } from "../../drivers/contract/fault.ts";
import type { Reading } from "../../drivers/contract/reading.ts";
import { makeBackoff } from "../runtime/backoff.ts";
import { cutBatch, type Batch, type Delivery } from "./batch.ts";

export interface BatcherOptions {
  /** Commits readings and cursors; resolves when they are durable. */
  post(readings: readonly Reading[], cursors: readonly CursorMove[]): Promise<void>;
  /** Takes a reading that core refuses for its form. Resolves when it is durable. */
  setApart(reading: Reading, fault: Fault): Promise<void>;
  readonly clock: Clock;
  readonly log: DriverLog;
  readonly signal: AbortSignal;
}

export interface Batcher {
  /**
   * Resolves when the readings and the cursor are durable. Calls with the same key keep their order; calls with different ones may
   * overtake each other. Rejects with STORAGE_BUSY beyond the bound, with CANCELLED at the end.
   */
  add(key: string, readings: readonly Reading[], moved?: CursorMove): Promise<void>;
  /** Resolves when all that was added with the key so far is answered, for good or ill. */
  settled(key: string): Promise<void>;
}

/** Requests on their way at once. Each lane has one, because two could be committed in the wrong order. */
const LANES = 3;
/** Readings held for all machines together, about 100 MiB; drivers stop reading long before. */
const MAX_HELD = 200_000;

interface Lane {
  waiting: Delivery[];
  isBusy: boolean;
}

export function makeBatcher(options: BatcherOptions): Batcher {
  const pickLane = makeLanes();
  /** Per key the newest: the calls of a key are answered in their order. */
  const newest = new Map<string, Promise<void>>();
  let held = 0;
  return {
    settled: async (key) => newest.get(key)?.catch(() => undefined),
    add: (key, readings, moved) => {
      if (options.signal.aborted) return Promise.reject(new Fault("CANCELLED", "the zone is stopping"));
      if (held + readings.length > MAX_HELD) return Promise.reject(new Fault("STORAGE_BUSY", `${held} readings already wait for core`, { remedy: "Look at the condition of core and its storage." }));
      if (readings.length === 0 && moved === undefined) return Promise.resolve();
      held += readings.length;
      const lane = pickLane(key);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      newest.set(key, promise);
      const release = (): void => void (held -= readings.length);
      lane.waiting.push({
        readings,
        moved,
        next: 0,
        resolve: () => {
          release();
          resolve();
        },
        reject: (error) => {
          release();
          reject(error);
        },
      });
      if (!lane.isBusy) {
        lane.isBusy = true;
        // After this turn of the event loop, so that what arrives in it goes together.
        setImmediate(() => void drain(lane, options));
      }
      return promise;
    },
  };
}

/** Spreads keys evenly; a key stays in its lane. */
function makeLanes(): (key: string) => Lane {
  const lanes: Lane[] = Array.from({ length: LANES }, () => ({ waiting: [], isBusy: false }));
  const laneOf = new Map<string, Lane>();
  return (key) => {
    const lane = laneOf.get(key) ?? lanes[laneOf.size % LANES] ?? { waiting: [], isBusy: false };
    laneOf.set(key, lane);
    return lane;
  };
}

async function drain(lane: Lane, options: BatcherOptions): Promise<void> {
  while (lane.waiting.length > 0) {
    const batch = cutBatch(lane.waiting);
    try {
      await commit(batch, options);
      for (const delivery of batch.completes) delivery.resolve();
    } catch (error) {
      for (const delivery of batch.completes) delivery.reject(error);
      // A delivery whose first part failed must not be confirmed by its last.
      const [split] = lane.waiting;
      if (split !== undefined && split.next > 0) lane.waiting.shift()?.reject(error);
    }
  }
  lane.isBusy = false;
}

/** Repeats what is only for now; finds the reading that core refuses for its form and sets it apart. */
async function commit(batch: Batch, options: BatcherOptions): Promise<void> {
  const backoff = makeBackoff({ firstMs: 50, maxMs: 2000 });
  for (;;) {
    try {
      return await options.post(batch.readings, batch.cursors);
    } catch (error) {
      const fault = asFault(error);
      if (options.signal.aborted || isFault(fault, "CANCELLED")) throw fault;
      if (isFault(fault, "INPUT_INVALID")) return bisect(batch, fault, options);
      options.log.warn({ fault }, "core does not take readings now");
      await options.clock.sleep(backoff.nextMs(), options.signal);
    }
  }
}

async function bisect(batch: Batch, fault: Fault, options: BatcherOptions): Promise<void> {
  const [only] = batch.readings;
  if (only === undefined) throw fault;
  if (batch.readings.length === 1) {
    await options.setApart(only, fault);
    if (batch.cursors.length > 0) await commit({ ...batch, readings: [] }, options);
    return;
  }
  const middle = batch.readings.length >> 1;
  await commit({ readings: batch.readings.slice(0, middle), cursors: [], completes: [] }, options);
  await commit({ readings: batch.readings.slice(middle), cursors: batch.cursors, completes: [] }, options);
}
