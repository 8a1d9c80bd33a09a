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
/** Characters; far below the contract's bytes, whatever they are written in. */
const LENGTH_PER_REQUEST = 262_144;
/** Some come together; and however much somebody makes up, core hears of 320 changes a second at most. */
const LINGER_MS = 20;
const PAUSE_MS = 100;
/** As many as are remembered of a segment (FOUND_LIMITS), for two of them. */
const MAX_WAITING = 16_384;

const compiled = Compile(FoundReportSchema);

export function makeFoundQueue(parts: FoundQueueParts): FoundQueue {
  return new Waiting(parts);
}

class Waiting implements FoundQueue {
  readonly #parts: FoundQueueParts;
  readonly #waiting = new Map<string, Entry>();
  #isSending = false;

  constructor(parts: FoundQueueParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#waiting.size;
  }

  put(segment: string, report: FoundReport): void {
    const { endpoint } = report;
    if (!compiled.Check(report)) return this.#parts.log.debug({ endpoint: endpoint.slice(0, 200) }, "what was found says more than is taken of one");
    const key = keyOf(segment, report);
    this.#waiting.delete(key);
    this.#waiting.set(key, { segment, report });
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= MAX_WAITING) break;
      this.#waiting.delete(oldest);
    }
    this.#start();
  }

  drop(segment: string): void {
    for (const [key, one] of this.#waiting) if (one.segment === segment) this.#waiting.delete(key);
  }

  #start(): void {
    if (this.#isSending || this.#parts.signal.aborted) return;
    this.#isSending = true;
    void this.#sendAll()
      .catch(() => undefined)
      .finally(() => {
        this.#isSending = false;
        if (this.#waiting.size > 0) this.#start();
      });
  }

  async #sendAll(): Promise<void> {
    const { clock, signal } = this.#parts;
    const backoff = makeBackoff({ firstMs: 100, maxMs: 5000 });
    await clock.sleep(LINGER_MS, signal);
    while (this.#waiting.size > 0) {
      const isTaken = await this.#send(takeBatch(this.#waiting));
      if (isTaken) backoff.reset();
      await clock.sleep(isTaken ? PAUSE_MS : backoff.nextMs(), signal);
    }
  }

  /** False where core takes nothing now; what was to be sent waits on. */
  async #send(batch: Batch): Promise<boolean> {
    const { post, log, signal } = this.#parts;
    try {
      await post(batch.segment, batch.reports, signal);
    } catch (error) {
      if (!isFault(error, "INPUT_INVALID")) {
        log.debug({ fault: asFault(error) }, "core takes nothing of what was found now");
        putBack(this.#waiting, batch);
        return false;
      }
      log.error({ fault: error }, "core refuses the form of what was found");
    }
    return true;
  }
}

interface Entry {
  readonly segment: string;
  readonly report: FoundReport;
}

function keyOf(segment: string, { address, endpoint }: FoundReport): string {
  return `${segment} ${address} ${endpoint}`;
}

interface Batch {
  readonly segment: string;
  readonly reports: FoundReport[];
}

/** Those of the oldest one's segment, in their order. */
function takeBatch(waiting: Map<string, Entry>): Batch {
  const segment = waiting.values().next().value?.segment ?? "";
  const reports: FoundReport[] = [];
  let length = 0;
  for (const [key, one] of waiting) {
    if (reports.length >= REPORTS_PER_REQUEST || length >= LENGTH_PER_REQUEST) break;
    if (one.segment !== segment) continue;
    length += JSON.stringify(one.report).length;
    reports.push(one.report);
    waiting.delete(key);
  }
  return { segment, reports };
}

/** What is newer stays. */
function putBack(waiting: Map<string, Entry>, { segment, reports }: Batch): void {
  for (const report of reports) if (!waiting.has(keyOf(segment, report))) waiting.set(keyOf(segment, report), { segment, report });
}
