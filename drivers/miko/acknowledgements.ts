// Which messages a broker may be told are done: only durable ones, in the order they came, many at a time, within a bound.

import { acknowledgeAll } from "../../firmware/protocol/mqtt-subscriber.ts";

export interface AcknowledgementOptions {
  /** Bytes received and not yet durable above which `flow` says stop; at half of it, go on. */
  readonly maxBytes: number;
  write(bytes: Buffer): void;
  flow(isFull: boolean): void;
  fail(error: unknown): void;
}

export interface Acknowledgements {
  /** Packets received together, as long as `durable` is pending. A rejection goes to `fail` and leaves them unacknowledged. */
  add(packetIds: readonly number[], bytes: number, durable: Promise<unknown>): void;
  /** Nothing is written afterwards. */
  stop(): void;
}

interface Arrived {
  readonly packetIds: readonly number[];
  readonly bytes: number;
  isDurable: boolean;
}

export function makeAcknowledgements(options: AcknowledgementOptions): Acknowledgements {
  // A deque by index: a shift of thousands of entries would move them all each time.
  let arrived: Arrived[] = [];
  let first = 0;
  let bytes = 0;
  let isFull = false;
  let isStopped = false;
  let isFlushing = false;

  const flush = (): void => {
    isFlushing = false;
    if (isStopped) return;
    const done: number[] = [];
    for (let head = arrived[first]; head?.isDurable === true; head = arrived[first]) {
      for (const id of head.packetIds) done.push(id);
      bytes -= head.bytes;
      first += 1;
    }
    if (first > 1024 || first === arrived.length) {
      arrived = arrived.slice(first);
      first = 0;
    }
    if (done.length > 0) options.write(acknowledgeAll(done));
    if (isFull && bytes <= options.maxBytes / 2) options.flow((isFull = false));
  };
  const settle = (entry: Arrived): void => {
    entry.isDurable = true;
    if (isFlushing) return;
    isFlushing = true;
    // All that became durable in this turn of the event loop goes out in one write.
    setImmediate(flush);
  };
  return {
    add: (packetIds, size, durable) => {
      const entry = { packetIds, bytes: size, isDurable: false };
      arrived.push(entry);
      bytes += size;
      if (!isFull && bytes > options.maxBytes) options.flow((isFull = true));
      durable.then(() => settle(entry), options.fail);
    },
    stop: () => void (isStopped = true),
  };
}
