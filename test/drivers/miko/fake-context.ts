// A driver's context for tests: real time, and everything the driver says is kept.

import type { Accept, DriverContext } from "../../../drivers/contract/driver.ts";
import type { Fault } from "../../../drivers/contract/fault.ts";
import type { Reading, Sample } from "../../../drivers/contract/reading.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";

export interface FakeContext extends DriverContext {
  readonly faults: Fault[];
  readonly quarantined: { readonly reason: string; readonly payload: string }[];
  readonly cursors: Map<string, string>;
}

export function makeContext(options: { readonly segment?: readonly string[]; readonly secrets?: Readonly<Record<string, string>> } = {}): FakeContext {
  const quiet = (): void => undefined;
  const context: FakeContext = {
    clock: systemClock,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    segment: options.segment ?? [],
    faults: [],
    quarantined: [],
    cursors: new Map(),
    secret: (name) => options.secrets?.[name] ?? "",
    cursor: (asset) => context.cursors.get(asset),
    arrivesBy: () => undefined,
    quarantine: async (_, reason, payload) => void context.quarantined.push({ reason, payload: Buffer.from(payload).toString("utf8") }),
    report: (fault) => void context.faults.push(fault),
  };
  return context;
}

/** Takes readings and lets a test wait for one. */
export interface Sink {
  readonly readings: Reading[];
  readonly accept: Accept;
  /** While set, no accept resolves. */
  hold(): () => void;
  /** Resolves with the first reading, past or future, that fits. */
  find(fits: (reading: Reading) => boolean, signal: AbortSignal): Promise<Reading>;
  /** The samples of a point, in order. */
  of(point: string): Sample[];
}

export function makeSink(context: FakeContext): Sink {
  const readings: Reading[] = [];
  const watchers = new Set<() => void>();
  let gate: Promise<void> = Promise.resolve();
  return {
    readings,
    accept: async (batch, moved) => {
      readings.push(...batch);
      await gate;
      if (moved !== undefined) context.cursors.set(moved.asset, moved.cursor);
      for (const watcher of watchers) watcher();
    },
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return () => {
        gate = Promise.resolve();
        resolve();
      };
    },
    find: (fits, signal) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = readings.find(fits);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        signal.addEventListener("abort", () => reject(new Error(`no such reading among ${readings.length}`)), { once: true });
        watchers.add(look);
        look();
      }),
    of: (point) => readings.filter((reading): reading is Sample => "point" in reading && reading.point === point),
  };
}
