// Finds the reading at which a broker closes the connection: MQTT 3.1.1 has no other way to refuse a message.

import type { Lane, LeaseHead } from "../../conduit/cloud.ts";

/** A message that was under way when the connection ended. */
export interface Open {
  readonly lane: Lane;
  readonly stream: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** Kept over connections. */
export interface Blame {
  /** One message at a time, so that it is known which one a close belongs to. */
  readonly isCareful: boolean;
  /** False in a search, and where the broker closed three times before the documents were answered: then only telemetry is sent. */
  readonly mayPublishDocuments: boolean;
  /** The peer closed before it had answered the documents, when nothing else was under way. */
  documentsClosed(): void;
  /** Readings per message at most. */
  readonly maxCount: number;
  /** The reason, for a reading that has ended three connections alone. */
  known(stream: string, seq: number): string | undefined;
  /** True when the lease holds such a reading. */
  holdsKnown(head: LeaseHead): boolean;
  confirmed(message: Open): void;
  /** The peer closed while these were unconfirmed, in the order of sending. True when the next attempt need not wait long: it is part of the search. */
  closed(open: readonly Open[]): boolean;
  /**
   * Another message was confirmed while this reading was held. False acquits it for once: that the broker takes others now may
   * mean that it took nothing before. True when it was found a second time after that.
   */
  convicts(stream: string, seq: number): boolean;
  /** The link was found guilty instead. */
  forgetAll(): void;
}

/** So many closes at the same message, and the message is suspected. */
const CLOSES = 3;
const REASON = "the broker closed the connection each time this reading was sent";

export function makeBlame(): Blame {
  return new OpenBlame();
}

class OpenBlame implements Blame {
  /** Closes at each reading that was sent alone. */
  readonly #alone = new Map<string, number>();
  readonly #guilty = new Set<string>();
  readonly #acquitted = new Set<string>();
  #oldest = new Map<string, number>();
  #search: Open | undefined;
  #documentCloses = 0;

  get isCareful(): boolean {
    return this.#search !== undefined;
  }

  get mayPublishDocuments(): boolean {
    return this.#search === undefined && this.#documentCloses < CLOSES;
  }

  get maxCount(): number {
    return this.#search === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(this.#search.count / 2));
  }

  documentsClosed(): void {
    this.#documentCloses += 1;
  }

  known(stream: string, seq: number): string | undefined {
    return this.#guilty.has(keyOf(stream, seq)) ? REASON : undefined;
  }

  holdsKnown({ stream, ranges }: LeaseHead): boolean {
    return [...this.#guilty].some((key) => ranges.some(([first, last]) => isWithin(key, stream, first, last)));
  }

  confirmed({ lane, last }: Open): void {
    this.#oldest.clear();
    if (this.#search !== undefined && lane === this.#search.lane && last >= this.#search.last) this.#search = undefined;
  }

  closed(open: readonly Open[]): boolean {
    const [only] = open;
    if (this.#search !== undefined) {
      if (only !== undefined && open.length === 1) this.#narrow(only);
      return only !== undefined;
    }
    const suspected = this.#count(open);
    if (suspected !== undefined) this.#narrow(suspected);
    return suspected !== undefined;
  }

  convicts(stream: string, seq: number): boolean {
    const key = keyOf(stream, seq);
    const isFirst = this.#guilty.delete(key) && !this.#acquitted.delete(key);
    this.#alone.delete(key);
    if (isFirst) this.#acquitted.add(key);
    return !isFirst;
  }

  forgetAll(): void {
    this.#guilty.clear();
    this.#alone.clear();
    this.#acquitted.clear();
  }

  /** The message at whose head the connection ended so often in a row that it is suspected. */
  #count(open: readonly Open[]): Open | undefined {
    const counted = new Map<string, number>();
    let suspected: Open | undefined;
    for (const message of firstOfEachLane(open)) {
      const key = keyOf(message.stream, message.first);
      const closes = (this.#oldest.get(key) ?? 0) + 1;
      counted.set(key, closes);
      if (closes >= CLOSES) suspected ??= message;
    }
    this.#oldest = counted;
    return suspected;
  }

  #narrow(message: Open): void {
    this.#search = message;
    if (message.count > 1) return;
    const key = keyOf(message.stream, message.first);
    const closes = (this.#alone.get(key) ?? 0) + 1;
    this.#alone.set(key, closes);
    if (closes < CLOSES) return;
    this.#guilty.add(key);
    this.#search = undefined;
  }
}

function keyOf(stream: string, seq: number): string {
  return `${stream} ${seq}`;
}

function firstOfEachLane(open: readonly Open[]): readonly Open[] {
  const lanes = new Map<Lane, Open>();
  for (const message of open) if (!lanes.has(message.lane)) lanes.set(message.lane, message);
  return [...lanes.values()];
}

function isWithin(key: string, stream: string, first: number, last: number): boolean {
  const [keyStream, seq] = key.split(" ");
  return keyStream === stream && Number(seq) >= first && Number(seq) <= last;
}
