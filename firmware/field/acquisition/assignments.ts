// Keeps one acquisition running for each assignment: a changed one is started anew, a removed one ends, the others go on untouched.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Assignment } from "../../conduit/source.ts";
import { acquire, type AcquisitionParts } from "./acquisition.ts";
import { makeLinkReport, type LinkReport } from "./link-report.ts";

export interface Acquisitions {
  /** Brings what runs in line with the list, and tells core again how the links of what goes on stand. Returns at once. */
  apply(assignments: readonly Assignment[]): void;
  /** Ends all; resolves when all have ended. */
  stop(): Promise<void>;
}

interface Running {
  /** What the acquisition was started with. */
  readonly key: string;
  readonly abort: AbortController;
  readonly link: LinkReport;
  done: Promise<void>;
}

/** Starts are spread over so long where there are many, so that they do not fall on core in one moment. */
const SPREAD_MS = 2000;

export function makeAcquisitions(parts: AcquisitionParts): Acquisitions {
  const running = new Map<string, Running>();

  const start = (assignment: Assignment, before: Promise<void>, delayMs: number): void => {
    const abort = new AbortController();
    const { signal } = abort;
    const { core, log } = parts;
    const link = makeLinkReport(assignment.name, (report) => core.link(report, signal), log.child(assignment.name));
    const done = before
      .then(() => pause(parts.clock, delayMs, signal))
      .then(() => (signal.aborted ? undefined : acquire(assignment, link, parts, signal)));
    running.set(assignment.name, { key: keyOf(assignment), abort, link, done });
  };
  const end = (name: string): Promise<void> => {
    const found = running.get(name);
    running.delete(name);
    found?.abort.abort();
    return found?.done ?? Promise.resolve();
  };
  return {
    apply: (assignments) => {
      const names = new Set(assignments.map(({ name }) => name));
      for (const name of running.keys()) if (!names.has(name)) void end(name);
      for (const { link } of running.values()) link.retell();
      const changed = assignments.filter((assignment) => running.get(assignment.name)?.key !== keyOf(assignment));
      // The new one waits for the old one: two sessions of one client id would throw each other out at the broker.
      changed.forEach((assignment, index) => start(assignment, end(assignment.name), changed.length > 20 ? (index / changed.length) * SPREAD_MS : 0));
    },
    stop: async () => {
      await Promise.all([...running.keys()].map(end));
    },
  };
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await clock.sleep(ms, signal).catch(() => undefined);
}

/** All that an acquisition depends on; cursors move by its own work and are no change, and by what an enrolled machine proves itself is the endpoint's business. */
function keyOf({ driver, config, segment, secrets, ingest }: Assignment): string {
  return JSON.stringify([driver, config, segment, secrets, ingest !== undefined]);
}
