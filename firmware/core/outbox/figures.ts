// What the outbox holds for one destination, summed over its streams.

import type { OutboxFigures } from "../../conduit/shared.ts";
import type { Store } from "./store.ts";

/** Cheap: the streams in memory, and one row of each for its age. */
export function sumFigures(store: Store, destination: string, nowMs: number): OutboxFigures {
  let [queued, dropped, rejected] = [0, 0, 0];
  let oldest: number | undefined;
  for (const stream of store.streamsOf(destination)) {
    queued += Math.max(0, stream.queued);
    dropped += stream.dropped;
    rejected += stream.rejected;
    const timeMs = stream.queued > 0 && store.db.open ? store.sql.timeAt.get(stream.origin + stream.oldest) : undefined;
    if (timeMs !== undefined && (oldest === undefined || timeMs < oldest)) oldest = timeMs;
  }
  return { queued, dropped, rejected, oldestSeconds: oldest === undefined ? null : Math.max(0, (nowMs - oldest) / 1000) };
}
