// Gives out the turns of core's event loop: what takes long runs in pieces, and no two pieces run in one turn.

import type { Clock } from "../../drivers/contract/clock.ts";

/** How long a piece works before it leaves the turn to others, where it can be cut: less than a commit takes, since its last item comes on top. */
const PIECE_MS = 2;

/**
 * One per process. A piece is at most one commit, one portion of a deletion, one slice of a check. They come in the order in which they asked, so that commits
 * and background work alternate; the loop looks at its sockets and timers between any two.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #isScheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls back in a turn of its own unless the returned function is called before. */
  take(piece: () => void): () => void {
    // A function that is asked for twice is two pieces.
    const own = (): void => piece();
    this.#waiting.add(own);
    this.#schedule();
    return () => void this.#waiting.delete(own);
  }

  /** The same, before all others that wait: for what ends something that was begun. */
  takeNext(piece: () => void): void {
    const others = [...this.#waiting];
    this.#waiting.clear();
    this.take(piece);
    for (const other of others) this.#waiting.add(other);
  }

  /** Resolves in a turn of its own: what the caller does until its next `await` is the piece. */
  next(): Promise<void> {
    return new Promise((resolve) => void this.take(resolve));
  }

  /** Works through the items in as many turns as it takes. What `work` throws ends it. */
  async each<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
    let untilMs = Number.NEGATIVE_INFINITY;
    for (const item of items) {
      if (this.#clock.uptimeMs() >= untilMs) {
        await this.next();
        untilMs = this.#clock.uptimeMs() + PIECE_MS;
      }
      work(item);
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    const [piece] = this.#waiting;
    if (piece === undefined) return;
    this.#waiting.delete(piece);
    // One that is scheduled within an immediate runs in the next turn.
    if (this.#waiting.size > 0) this.#schedule();
    piece();
  }
}
