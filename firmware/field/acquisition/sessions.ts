// The sessions that run, by the names of their assignments: for orders that ask something of a machine beside its readings.

import type { Session } from "../../../drivers/contract/driver.ts";
import { Fault } from "../../../drivers/contract/fault.ts";

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #waiting = new Set<() => void>();

  /** The machine is accepted and connected, until the returned function is called: then the session ends. */
  enter(assignment: string, session: Session): () => void {
    this.#sessions.set(assignment, session);
    for (const wake of this.#waiting) wake();
    return () => {
      if (this.#sessions.get(assignment) === session) this.#sessions.delete(assignment);
    };
  }

  /** Resolves with the session as soon as there is one. Rejects with CANCELLED when the signal aborts. It may end at any time: what is asked of it fails then. */
  async wait(assignment: string, signal: AbortSignal): Promise<Session> {
    for (;;) {
      const found = this.#sessions.get(assignment);
      if (found !== undefined) return found;
      await this.#change(signal);
    }
  }

  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = (): void => reject(new Fault("CANCELLED", "the wait for a machine was cancelled", { cause: signal.reason }));
    this.#waiting.add(resolve);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      await promise;
    } finally {
      this.#waiting.delete(resolve);
      signal.removeEventListener("abort", stop);
    }
  }
}
