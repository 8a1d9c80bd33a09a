// Asks host every few seconds what the kernel has seen, and tells what is found in it.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, isFault } from "../../../drivers/contract/fault.ts";
import type { Log } from "../../runtime/journal.ts";
import type { HostLink } from "../host/host-link.ts";
import type { Detections } from "./detections.ts";
import type { LearnedSegments } from "./learned.ts";
import { findRefusals, NOTHING_YET } from "./refusals.ts";

export interface WatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly host: Pick<HostLink, "isPresent" | "observe">;
  readonly detections: Pick<Detections, "tell">;
  readonly segments: Pick<LearnedSegments, "step">;
  readonly writeTurn: () => Promise<void>;
}

/** Two observations lie between the first packet and the event: 20 s at most. */
const EVERY_MS = 10_000;
/** Findings in one commit. */
const PORTION = 200;

/** Until the signal aborts; never throws. Without a zone host there is nothing to watch. */
export async function watchNetwork(parts: WatchParts, signal: AbortSignal): Promise<void> {
  const { clock, log, host } = parts;
  const look = makeLook(parts);
  let isFailing = false;
  while (!signal.aborted) {
    try {
      await clock.sleep(EVERY_MS, signal);
      if (host.isPresent()) await look(signal);
      isFailing = false;
    } catch (error) {
      if (signal.aborted && isFault(error, "CANCELLED")) return;
      if (!isFailing) log.warn({ fault: asFault(error) }, "what the network does cannot be observed");
      isFailing = true;
    }
  }
}

/** Each segment and each portion of findings has a turn of core's event loop in which state.db may be written. */
function makeLook({ clock, host, detections, segments, writeTurn }: WatchParts): (signal: AbortSignal) => Promise<void> {
  let memory = NOTHING_YET;
  let lastMs = clock.uptimeMs();
  return async (signal) => {
    const observation = await host.observe(signal);
    const seconds = (clock.uptimeMs() - lastMs) / 1000;
    lastMs = clock.uptimeMs();
    await writeTurn();
    const refusals = findRefusals(memory, observation);
    memory = refusals.memory;
    const findings = [...refusals.findings];
    for (const segment of observation.segments) {
      await writeTurn();
      findings.push(...segments.step(segment, seconds));
    }
    for (let start = 0; start < findings.length; start += PORTION) {
      await writeTurn();
      detections.tell(findings.slice(start, start + PORTION));
    }
  };
}
