// Gathers the drops of the outbox for the audit log: under a full disk it drops again and again, and one entry a minute carries all ranges of that minute.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { AuditEvent } from "./audit.ts";

/** One committed drop of the outbox. */
export interface Drop {
  readonly destination: string;
  readonly stream: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly reason: string;
}

const EVERY_MS = 60_000;
/** Ranges in one entry; what follows goes into the next. */
const RANGES_PER_ENTRY = 200;

export class Drops {
  readonly #clock: Clock;
  readonly #write: (event: AuditEvent) => void;
  #drops: Drop[] = [];
  #writtenMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, write: (event: AuditEvent) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Written at once after a quiet minute, else gathered: a crash may lose the entries of the last minute, never the gap records themselves. */
  note(drop: Drop): void {
    const last = this.#drops.at(-1);
    const continues = last !== undefined && last.destination === drop.destination && last.stream === drop.stream && last.reason === drop.reason && last.last + 1 === drop.first;
    if (continues) this.#drops[this.#drops.length - 1] = { ...last, last: drop.last, count: last.count + drop.count };
    else this.#drops.push(drop);
    if (this.#drops.length > RANGES_PER_ENTRY) this.flush();
    else this.tick();
  }

  /** To be called about once a second. */
  tick(): void {
    if (this.#drops.length > 0 && this.#clock.uptimeMs() - this.#writtenMs >= EVERY_MS) this.flush();
  }

  flush(): void {
    const drops = this.#drops;
    this.#drops = [];
    this.#writtenMs = this.#clock.uptimeMs();
    for (const [key, same] of Map.groupBy(drops, (drop) => `${drop.destination} ${drop.stream} ${drop.reason}`)) {
      const count = same.reduce((sum, drop) => sum + drop.count, 0);
      const gaps = same.map(({ first, last }) => [first, last]);
      const [target = key] = key.split(" ");
      this.#write({ actor: "core", action: same[0]?.reason === "damaged" ? "readings.damaged" : "readings.dropped", target, result: "done", detail: { stream: same[0]?.stream, reason: same[0]?.reason, count, gaps } });
    }
  }
}
