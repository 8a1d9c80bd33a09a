// Reading a machine that does not publish: all points at an interval, and only what has changed goes on.

import { Fault } from "../contract/fault.ts";
import type { PointId } from "../contract/identity.ts";
import type { Sample } from "../contract/reading.ts";
import { readPresent } from "./machine.ts";
import type { Subscription } from "./subscription.ts";

/** How often the machine is asked whether it publishes by now. */
const PUBLISHES_MS = 60_000;

/** Until the signal aborts (rejects with CANCELLED), the machine is lost (throws a Fault) or publishes by now (PEER_CLOSED). Begins with every point. */
export async function poll({ machine, events, config, context, accept }: Subscription, publishes: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  const { clock } = context;
  const seen = new Map<PointId, string>();
  let eventsDueMs = clock.uptimeMs();
  let publishesDueMs = clock.uptimeMs() + PUBLISHES_MS;
  for (;;) {
    const startMs = clock.uptimeMs();
    const samples = await readPresent(machine, [...machine.points.keys()], context, signal);
    signal.throwIfAborted();
    const changed = samples.filter((sample) => seen.get(sample.point) !== fingerprint(sample));
    if (changed.length > 0) await accept(changed);
    for (const sample of changed) seen.set(sample.point, fingerprint(sample));
    if (clock.uptimeMs() >= eventsDueMs) {
      await events.catchUp(accept, signal);
      eventsDueMs = clock.uptimeMs() + config.eventsInterval;
    }
    if (clock.uptimeMs() >= publishesDueMs) {
      if (await publishes()) throw new Fault("PEER_CLOSED", "the machine publishes by now", { where: machine.url });
      publishesDueMs = clock.uptimeMs() + PUBLISHES_MS;
    }
    await clock.sleep(Math.max(1, config.pollInterval - (clock.uptimeMs() - startMs)), signal);
  }
}

function fingerprint({ value, quality, reason, sourceTime }: Sample): string {
  return JSON.stringify([value, quality, reason, sourceTime]);
}
