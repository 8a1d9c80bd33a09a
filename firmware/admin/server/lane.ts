// How much goes to core at a time: bounded in all and for each who asks, and what waits is bounded too.

import { Fault } from "../../../drivers/contract/fault.ts";

export interface LaneLimits {
  readonly most: number;
  readonly mostEach: number;
  readonly mostWaiting: number;
  readonly mostWaitingEach: number;
}

interface Waiting {
  readonly who: string;
  readonly go: () => void;
}

export class Lane {
  readonly #limits: LaneLimits;
  readonly #running = new Map<string, number>();
  #runs = 0;
  #waiting: Waiting[] = [];

  constructor(limits: LaneLimits) {
    this.#limits = limits;
  }

  /**
   * Runs the work as soon as there is room, first come first served among those who have less than their share under way.
   * Rejects with PEER_OVERLOADED where too much waits already, with CANCELLED when the signal aborts first.
   */
  async run<T>(who: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#hasRoom(who)) this.#count(who, 1);
    else await this.#wait(who, signal);
    try {
      return await work();
    } finally {
      this.#count(who, -1);
      this.#letIn();
    }
  }

  #hasRoom(who: string): boolean {
    return this.#runs < this.#limits.most && (this.#running.get(who) ?? 0) < this.#limits.mostEach;
  }

  #wait(who: string, signal: AbortSignal): Promise<void> {
    const own = this.#waiting.filter((one) => one.who === who).length;
    if (this.#waiting.length >= this.#limits.mostWaiting || own >= this.#limits.mostWaitingEach) {
      return Promise.reject(new Fault("PEER_OVERLOADED", "too much is asked at once", { remedy: "Ask again in a few seconds." }));
    }
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener("abort", stop);
        resolve();
      };
      const one = { who, go };
      const stop = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== one);
        reject(new Fault("CANCELLED", "whoever asked is gone", { cause: signal.reason }));
      };
      if (signal.aborted) return stop();
      signal.addEventListener("abort", stop, { once: true });
      this.#waiting.push(one);
    });
  }

  /** The first that may; its room is taken before anybody new comes. */
  #letIn(): void {
    const next = this.#waiting.find(({ who }) => this.#hasRoom(who));
    if (next === undefined) return;
    this.#waiting = this.#waiting.filter((other) => other !== next);
    this.#count(next.who, 1);
    next.go();
  }

  #count(who: string, by: number): void {
    this.#runs += by;
    const now = (this.#running.get(who) ?? 0) + by;
    if (now === 0) this.#running.delete(who);
    else this.#running.set(who, now);
  }
}
