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
  const alone = new Map<string, number>();
  const guilty = new Set<string>();
  const acquitted = new Set<string>();
  let oldest = new Map<string, number>();
  let search: Open | undefined;
  let documentCloses = 0;
  const keyOf = (stream: string, seq: number): string => `${stream} ${seq}`;
  const narrow = (message: Open): void => {
    search = message;
    if (message.count > 1) return;
    const key = keyOf(message.stream, message.first);
    alone.set(key, (alone.get(key) ?? 0) + 1);
    if ((alone.get(key) ?? 0) < CLOSES) return;
    guilty.add(key);
    search = undefined;
  };
  return {
    get isCareful() {
      return search !== undefined;
    },
    get mayPublishDocuments() {
      return search === undefined && documentCloses < CLOSES;
    },
    documentsClosed: () => void (documentCloses += 1),
    get maxCount() {
      return search === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(search.count / 2));
    },
    known: (stream, seq) => (guilty.has(keyOf(stream, seq)) ? REASON : undefined),
    holdsKnown: (head) => guilty.size > 0 && [...guilty].some((key) => head.ranges.some(([first, last]) => isWithin(key, head.stream, first, last))),
    confirmed: (message) => {
      oldest.clear();
      if (search !== undefined && message.lane === search.lane && message.last >= search.last) search = undefined;
    },
    closed: (open) => {
      const [only] = open;
      if (search !== undefined) {
        if (only !== undefined && open.length === 1) narrow(only);
        return only !== undefined;
      }
      const counted = new Map<string, number>();
      let suspected: Open | undefined;
      for (const message of firstOfEachLane(open)) {
        const key = keyOf(message.stream, message.first);
        counted.set(key, (oldest.get(key) ?? 0) + 1);
        if ((counted.get(key) ?? 0) >= CLOSES) suspected ??= message;
      }
      oldest = counted;
      if (suspected !== undefined) narrow(suspected);
      return suspected !== undefined;
    },
    convicts: (stream, seq) => {
      const key = keyOf(stream, seq);
      const isFirst = guilty.delete(key) && !acquitted.delete(key);
      alone.delete(key);
      if (isFirst) acquitted.add(key);
      return !isFirst;
    },
    forgetAll: () => {
      guilty.clear();
      alone.clear();
      acquitted.clear();
    },
  };
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
