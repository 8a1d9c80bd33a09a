// Hands core what was found: the newest state of each target, few at a time, with patience while core is away, within bounds.

import { Compile } from "typebox/compile";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, isFault } from "../../../drivers/contract/fault.ts";
import { FoundReportSchema, type FoundReport } from "../../conduit/source.ts";
import { makeBackoff } from "../../runtime/backoff.ts";
import type { Log } from "../../runtime/journal.ts";

export interface FoundQueue {
  /** Replaces what waits about the same target. Beyond the bound the oldest goes; what is present is told again anyway. */
  put(segment: string, report: FoundReport): void;
  /** Nothing more is told of a segment that is searched no longer. */
  drop(segment: string): void;
  readonly size: number;
}

export interface FoundQueueParts {
  /** Resolves when core has it. */
  readonly post: (segment: string, reports: FoundReport[], signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What the contract takes in one request. */
const REPORTS_PER_REQUEST = 32;
/** Some come together; and however much somebody makes up, core hears of 320 changes a second at most. */
const LINGER_MS = 20;
const PAUSE_MS = 100;
/** As many as are remembered of a segment (FOUND_LIMITS), for two of them. */
const MAX_WAITING = 16_384;

const compiled = Compile(FoundReportSchema);

export function makeFoundQueue(parts: FoundQueueParts): FoundQueue {
  const { clock, log, signal } = parts;
  const waiting = new Map<string, { readonly segment: string; readonly report: FoundReport }>();
  let isSending = false;

  const send = async (): Promise<void> => {
    const backoff = makeBackoff({ firstMs: 100, maxMs: 5000 });
    await clock.sleep(LINGER_MS, signal);
    while (waiting.size > 0) {
      const batch = takeBatch(waiting);
      try {
        await parts.post(batch.segment, batch.reports, signal);
        backoff.reset();
        await clock.sleep(PAUSE_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isFault(error, "INPUT_INVALID")) log.error({ fault: error }, "core refuses the form of what was found");
        else {
          log.debug({ fault: asFault(error) }, "core takes nothing of what was found now");
          putBack(waiting, batch);
          await clock.sleep(backoff.nextMs(), signal);
        }
      }
    }
  };
  const start = (): void => {
    if (isSending || signal.aborted) return;
    isSending = true;
    void send()
      .catch(() => undefined)
      .finally(() => {
        isSending = false;
        if (waiting.size > 0) start();
      });
  };
  return {
    put: (segment, report) => {
      const { endpoint } = report;
      if (!compiled.Check(report)) return void log.debug({ endpoint: endpoint.slice(0, 200) }, "what was found says more than is taken of one");
      const key = keyOf(segment, report);
      waiting.delete(key);
      waiting.set(key, { segment, report });
      for (const oldest of waiting.keys()) {
        if (waiting.size <= MAX_WAITING) break;
        waiting.delete(oldest);
      }
      start();
    },
    drop: (segment) => {
      for (const [key, one] of waiting) if (one.segment === segment) waiting.delete(key);
    },
    get size() {
      return waiting.size;
    },
  };
}

function keyOf(segment: string, { address, endpoint }: FoundReport): string {
  return `${segment} ${address} ${endpoint}`;
}

interface Batch {
  readonly segment: string;
  readonly reports: FoundReport[];
}

/** Those of the oldest one's segment, in their order. */
function takeBatch(waiting: Map<string, { readonly segment: string; readonly report: FoundReport }>): Batch {
  const segment = waiting.values().next().value?.segment ?? "";
  const reports: FoundReport[] = [];
  for (const [key, one] of waiting) {
    if (reports.length >= REPORTS_PER_REQUEST) break;
    if (one.segment !== segment) continue;
    reports.push(one.report);
    waiting.delete(key);
  }
  return { segment, reports };
}

/** What is newer stays. */
function putBack(waiting: Map<string, { readonly segment: string; readonly report: FoundReport }>, { segment, reports }: Batch): void {
  for (const report of reports) if (!waiting.has(keyOf(segment, report))) waiting.set(keyOf(segment, report), { segment, report });
}
