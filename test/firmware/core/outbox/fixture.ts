// An outbox on a real file with a clock that the test moves, readings to put in, and what comes out of it parsed again.

import { join } from "node:path";
import type { EventReading, Reading, Sample } from "../../../../drivers/contract/reading.ts";
import type { Destination, DropEvent, LeaseRequest, Outbox, OutboxLimits, OutboxOptions } from "../../../../firmware/core/outbox/outbox.ts";
import { openOutbox } from "../../../../firmware/core/outbox/outbox.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import type { Defer } from "../../../support/attempt.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

export interface Fixture {
  readonly file: string;
  readonly conditions: Map<string, string>;
  readonly drops: DropEvent[];
  /** What state.db would hold. */
  generation: string | undefined;
  open(options?: Partial<Omit<OutboxOptions, "limits">> & { readonly limits?: Partial<OutboxLimits> }): Promise<Outbox>;
}

export const roomy: OutboxLimits = { maxAgeMs: 3_650 * 86_400_000, maxFraction: 0.99, reserveBytes: 1, gatherMs: 0 };

const silent = (): undefined => undefined;

export function makeFixture(defer: Defer, folder: string = makeTempDir(defer)): Fixture {
  const file = join(folder, "outbox.db");
  const conditions = new Map<string, string>();
  const drops: DropEvent[] = [];
  const fixture: Fixture = {
    file,
    conditions,
    drops,
    generation: undefined,
    async open({ limits, ...options } = {}) {
      const outbox = await openOutbox({
        file,
        clock: systemClock,
        log: { debug: silent, info: silent, warn: silent, error: silent },
        generation: fixture.generation,
        report: { raise: (code, _, detail) => void conditions.set(code, detail), clear: (code) => void conditions.delete(code) },
        dropped: (event) => void drops.push(event),
        ...options,
        limits: { ...roomy, ...limits },
      });
      fixture.generation = outbox.generation;
      defer(() => outbox.close());
      return outbox;
    },
  };
  return fixture;
}

const start = Date.UTC(2026, 0, 1);

export function sample(value: number, more: Partial<Sample> = {}): Sample {
  const time = new Date(start + value).toISOString();
  return { asset: "urn:weir:m:1", point: "counter", value, quality: "good", sourceTime: time, gatewayTime: time, ...more };
}

export function event(id: string, more: Partial<EventReading["event"]> = {}): EventReading {
  const time = new Date(start).toISOString();
  return { asset: "urn:weir:m:1", event: { id, type: "jam", severity: 500, message: "wire jam", sourceTime: time, gatewayTime: time, ...more } };
}

export function samples(count: number, from = 1): Reading[] {
  return Array.from({ length: count }, (_, index) => sample(from + index));
}

export interface Element {
  readonly seq: number;
  readonly value?: number;
  readonly historical?: boolean;
  readonly event?: { readonly id: string };
  readonly gap?: { readonly first: number; readonly last: number; readonly reason: string };
}

export interface Leased {
  readonly lease: number;
  readonly stream: string;
  readonly ranges: [number, number][];
  readonly elements: readonly Element[];
}

export const holder = "11111111-1111-4111-8111-111111111111";

export async function lease(destination: Destination, lane: LeaseRequest["lane"], signal: AbortSignal, more: Partial<LeaseRequest> = {}, epoch: string = holder): Promise<Leased> {
  const { head, body } = await destination.lease({ lane, maxCount: 1000, maxBytes: 1_048_576, lingerMs: 0, waitMs: 0, ...more }, epoch, signal);
  return { lease: head.lease, stream: head.stream, ranges: head.ranges, elements: JSON.parse(body.toString()) as Element[] };
}

export async function accept(destination: Destination, { stream, ranges }: Leased): Promise<void> {
  if (ranges.length > 0) await destination.settle({ stream, accepted: ranges, rejected: [], kept: [] });
}

/** Leases and accepts until a lane is empty; all that came. */
export async function drain(destination: Destination, lane: LeaseRequest["lane"], signal: AbortSignal): Promise<(Element & { readonly stream: string })[]> {
  const all: (Element & { readonly stream: string })[] = [];
  for (;;) {
    const leased = await lease(destination, lane, signal);
    if (leased.lease === 0) return all;
    for (const element of leased.elements) all.push({ ...element, stream: leased.stream });
    await accept(destination, leased);
  }
}

/** Waits until `met` holds, looking again in each turn of the event loop. */
export async function until(met: () => boolean, signal: AbortSignal): Promise<void> {
  while (!met()) {
    signal.throwIfAborted();
    await systemClock.sleep(5, signal);
  }
}
