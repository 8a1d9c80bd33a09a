// What came twice and what came late: duplicates by message id, and the order that a target service gives its messages.

import type { AppSequence } from "./message.ts";

/**
 * Whether the message comes after the last one of the same service that was taken. A later instance is a later life; within one sequence the
 * number grows; sequences of one life have no order among each other (WS-Discovery 1.1 §7). Without either, it is taken.
 */
export function isNewer(next: AppSequence | undefined, last: AppSequence | undefined): boolean {
  if (next === undefined || last === undefined) return true;
  if (next.instanceId !== last.instanceId) return next.instanceId > last.instanceId;
  return next.sequenceId !== last.sequenceId || next.messageNumber > last.messageNumber;
}

/** The last message ids, so that a repeated datagram (SOAP-over-UDP sends each twice) counts once. Bounded: the oldest are forgotten. */
export class SeenMessages {
  readonly #max: number;
  #young = new Set<string>();
  #old = new Set<string>();

  /** Remembers at least `max` ids, at most twice as many. */
  constructor(max: number) {
    this.#max = max;
  }

  /** True when this id of this source is new; it is remembered. The source counts, so that nobody can use up another's ids. */
  isNew(source: string, messageId: string): boolean {
    const key = `${source} ${messageId}`;
    if (this.#young.has(key) || this.#old.has(key)) return false;
    if (this.#young.size >= this.#max) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(key);
    return true;
  }
}
