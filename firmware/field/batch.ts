// How readings waiting in a lane are cut into requests: up to 512 readings or about 256 KiB, in their order.

import type { CursorMove } from "../../drivers/contract/driver.ts";
import { isEvent, type Reading } from "../../drivers/contract/reading.ts";
import { READINGS_PER_REQUEST } from "../conduit/source.ts";

/** What one call of `accept` brought. `next` is the first reading that was not yet sent. */
export interface Delivery {
  readonly readings: readonly Reading[];
  readonly moved: CursorMove | undefined;
  next: number;
  resolve(): void;
  reject(error: unknown): void;
}

export interface Batch {
  readonly readings: readonly Reading[];
  /** Moves of those deliveries whose last reading is in this batch: a cursor is never ahead of its readings. */
  readonly cursors: readonly CursorMove[];
  /** Deliveries that are complete when this batch is answered. */
  readonly completes: readonly Delivery[];
}

const MAX_BYTES = 262_144;
const MAX_CURSORS = 1000;

/** Takes the next batch from the front of `waiting`, which loses what is complete. Holds one reading at least where there is one. */
export function cutBatch(waiting: Delivery[]): Batch {
  const readings: Reading[] = [];
  const cursors: CursorMove[] = [];
  const completes: Delivery[] = [];
  let bytes = 0;
  for (const delivery of waiting) {
    for (; delivery.next < delivery.readings.length; delivery.next += 1) {
      const reading = delivery.readings[delivery.next];
      if (reading === undefined) break;
      const size = estimateBytes(reading);
      if (readings.length > 0 && (readings.length >= READINGS_PER_REQUEST || bytes + size > MAX_BYTES)) break;
      readings.push(reading);
      bytes += size;
    }
    if (delivery.next < delivery.readings.length || cursors.length >= MAX_CURSORS) break;
    if (delivery.moved !== undefined) cursors.push(delivery.moved);
    completes.push(delivery);
  }
  waiting.splice(0, completes.length);
  return { readings, cursors, completes };
}

/** About the length of its JSON; exact enough for a limit far below the conduit's. */
export function estimateBytes(reading: Reading): number {
  if (isEvent(reading)) return 300 + reading.asset.length + reading.event.message.length + reading.event.type.length;
  const { value } = reading;
  const fixed = 180 + reading.asset.length + reading.point.length;
  if (typeof value === "string") return fixed + value.length;
  if (!Array.isArray(value)) return fixed;
  return value.reduce((sum: number, item) => sum + (typeof item === "string" ? item.length + 3 : 12), fixed);
}
