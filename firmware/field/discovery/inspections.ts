// When what was found is asked who it is: few at a time, seldom at one address, and never more often because somebody says so.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { isFault } from "../../../drivers/contract/fault.ts";
import { SourceBudget } from "../../protocol/ws-discovery/outgoing.ts";
import type { Shown } from "./inspect-target.ts";

export interface Subject {
  /** What is asked, where and how: what is alike is asked once. */
  readonly key: string;
  readonly url: string;
  readonly host: string;
  readonly ask: (signal: AbortSignal) => Promise<Shown>;
}

export interface InspectionLimits {
  readonly atATime: number;
  /** Between two at one URL, whoever wants them. */
  readonly perUrlMs: number;
  /** How long a good answer counts before it is asked for again. */
  readonly againMs: number;
  /** At one address: so many at once, then so many a second. */
  readonly burst: number;
  readonly perSecond: number;
  /** Subjects remembered, with their answers. */
  readonly subjects: number;
  /** Of certificates in all answers together. */
  readonly certificateBytes: number;
}

/** A host carries 64 targets at most (FOUND_LIMITS); a gateway is for 2,000 machines. */
export const INSPECTION_LIMITS: InspectionLimits = { atATime: 8, perUrlMs: 60_000, againMs: 600_000, burst: 64, perSecond: 1, subjects: 2048, certificateBytes: 16 * 1_048_576 };

interface Known {
  subject: Subject;
  shown: Shown | undefined;
  bytes: number;
  /** Monotonic. When it is due to be asked, for who waits or has been answered. */
  dueMs: number;
  failures: number;
  isRunning: boolean;
}

export interface InspectionParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** There is a new answer. */
  readonly onShown: (key: string) => void;
  readonly limits?: InspectionLimits;
}

const LOOK_MS = 1000;
/** Faults that say nothing of who is there: what was shown before stays beside them. */
const UNREACHED = ["PEER_UNREACHABLE", "PEER_TIMEOUT", "PEER_CLOSED"] as const;

export class Inspections {
  /** Subjects for which there was no room. */
  refused = 0;
  readonly #parts: InspectionParts;
  readonly #limits: InspectionLimits;
  readonly #hosts: SourceBudget;
  readonly #known = new Map<string, Known>();
  readonly #startedAt = new Map<string, number>();
  readonly #busyHosts = new Set<string>();
  #certificateBytes = 0;
  #cancel: (() => void) | undefined;

  constructor(parts: InspectionParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? INSPECTION_LIMITS;
    this.#hosts = new SourceBudget(this.#limits.perSecond, this.#limits.burst, this.#limits.subjects);
    parts.signal.addEventListener("abort", () => this.#cancel?.(), { once: true });
  }

  /** Asks for it as soon as may be; where it is known already, again only when it is `changed`. */
  want(subject: Subject, changed: boolean): void {
    const { clock } = this.#parts;
    const known = this.#known.get(subject.key);
    if (known === undefined && this.#known.size >= this.#limits.subjects) return void (this.refused += 1);
    if (known === undefined) this.#known.set(subject.key, { subject, shown: undefined, bytes: 0, dueMs: clock.uptimeMs(), failures: 0, isRunning: false });
    else known.subject = subject;
    if (known !== undefined && changed) known.dueMs = Math.min(known.dueMs, clock.uptimeMs());
    if (known === undefined || changed) this.#look();
  }

  /** The newest answer; undefined where there is none yet. */
  shown(key: string): Shown | undefined {
    return this.#known.get(key)?.shown;
  }

  /** Forgets all others. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, { bytes }] of this.#known) {
      if (keys.has(key)) continue;
      this.#known.delete(key);
      this.#certificateBytes -= bytes;
    }
    const oldestMs = this.#parts.clock.uptimeMs() - this.#limits.perUrlMs;
    for (const [url, startedMs] of this.#startedAt) if (startedMs < oldestMs) this.#startedAt.delete(url);
  }

  #look(): void {
    const { clock, signal } = this.#parts;
    if (signal.aborted) return;
    const nowMs = clock.uptimeMs();
    for (const known of this.#known.values()) {
      if (this.#busyHosts.size >= this.#limits.atATime) break;
      if (this.#mayStart(known, nowMs)) void this.#run(known, nowMs);
    }
    this.#cancel?.();
    this.#cancel = this.#known.size === 0 ? undefined : clock.after(LOOK_MS, () => this.#look());
  }

  #mayStart({ isRunning, dueMs, subject: { url, host } }: Known, nowMs: number): boolean {
    if (isRunning || dueMs > nowMs || this.#busyHosts.has(host)) return false;
    const startedMs = this.#startedAt.get(url);
    if (startedMs !== undefined && nowMs - startedMs < this.#limits.perUrlMs) return false;
    return this.#hosts.take(host, nowMs);
  }

  async #run(known: Known, nowMs: number): Promise<void> {
    const { clock, signal, onShown } = this.#parts;
    const { key, url, host, ask } = known.subject;
    known.isRunning = true;
    this.#busyHosts.add(host);
    this.#startedAt.delete(url);
    this.#startedAt.set(url, nowMs);
    const shown = await ask(signal);
    known.isRunning = false;
    this.#busyHosts.delete(host);
    if (signal.aborted) return;
    if (this.#known.get(key) === known) {
      this.#keep(known, shown);
      known.failures = shown.fault === undefined ? 0 : known.failures + 1;
      known.dueMs = clock.uptimeMs() + (shown.fault === undefined ? this.#limits.againMs : Math.min(this.#limits.againMs, this.#limits.perUrlMs * 2 ** (known.failures - 1)));
      onShown(key);
    }
    this.#look();
  }

  /** Certificates for which there is no room are not kept, and neither is what came with them: without a certificate it would seem to have none. */
  #keep(known: Known, now: Shown): void {
    const shown = known.shown !== undefined && now.certificates === undefined && now.fault !== undefined && isFault(now.fault, ...UNREACHED) ? { ...known.shown, fault: now.fault } : now;
    const bytes = shown.certificates?.reduce((sum, text) => sum + text.length, 0) ?? 0;
    if (this.#certificateBytes - known.bytes + bytes > this.#limits.certificateBytes) return void (this.refused += 1);
    this.#certificateBytes += bytes - known.bytes;
    known.bytes = bytes;
    known.shown = shown;
  }
}
