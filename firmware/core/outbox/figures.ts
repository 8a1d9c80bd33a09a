// What the outbox holds for one destination, summed over its streams.

import type { OutboxFigures } from "../../conduit/shared.ts";
import type { Ages } from "./ages.ts";
import type { Store } from "./store.ts";

/** Cheap: only what is in memory. */
export function sumFigures(store: Store, ages: Ages, destination: string): OutboxFigures {
  let [queued, dropped, rejected] = [0, 0, 0];
  let oldestMs: number | undefined;
  for (const stream of store.streamsOf(destination)) {
    queued += Math.max(0, stream.queued);
    dropped += stream.dropped;
    rejected += stream.rejected;
    if (stream.queued > 0) oldestMs = Math.max(oldestMs ?? 0, ages.oldestMs(stream));
  }
  return { queued, dropped, rejected, oldestSeconds: oldestMs === undefined ? null : oldestMs / 1000 };
}
