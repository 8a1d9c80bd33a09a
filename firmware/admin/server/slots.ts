// How many of what stands for long there may be: in all, and for each.

export class Slots {
  readonly #most: number;
  readonly #mostEach: number;
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(most: number, mostEach: number) {
    this.#most = most;
    this.#mostEach = mostEach;
  }

  /** Gives one back when it is called, once; undefined where none is free. */
  take(who: string): (() => void) | undefined {
    const own = this.#taken.get(who) ?? 0;
    if (this.#all >= this.#most || own >= this.#mostEach) return undefined;
    this.#count(who, 1);
    let isTaken = true;
    return () => {
      if (isTaken) this.#count(who, -1);
      isTaken = false;
    };
  }

  #count(who: string, by: number): void {
    const now = (this.#taken.get(who) ?? 0) + by;
    this.#all += by;
    if (now === 0) this.#taken.delete(who);
    else this.#taken.set(who, now);
  }
}
