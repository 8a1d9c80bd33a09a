// What the rest of core records through: never throws, raises a condition while the log cannot be written, and gathers drops.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault } from "../../../drivers/contract/fault.ts";
import type { FaultReport } from "../../../drivers/contract/fault.ts";
import type { Conditions } from "../health/conditions.ts";
import type { Audit, AuditEvent } from "./audit.ts";

/** One committed drop of the outbox. */
export interface Drop {
  readonly destination: string;
  readonly stream: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly reason: string;
}

/** Under a full disk the outbox drops again and again; one entry a minute carries all ranges of that minute. */
const DROPS_EVERY_MS = 60_000;
/** Ranges in one entry; what follows goes into the next. */
const RANGES_PER_ENTRY = 200;

export class AuditTrail {
  readonly #audit: Audit;
  readonly #conditions: Conditions;
  readonly #clock: Clock;
  #drops: Drop[] = [];
  #dropsWrittenMs = Number.NEGATIVE_INFINITY;

  constructor(audit: Audit, conditions: Conditions, clock: Clock) {
    this.#audit = audit;
    this.#conditions = conditions;
    this.#clock = clock;
  }

  record(event: AuditEvent): void {
    try {
      this.#audit.append(event);
      this.#conditions.clear("AUDIT_NOT_WRITTEN", "audit.db");
    } catch (error) {
      this.#conditions.raise("AUDIT_NOT_WRITTEN", "audit.db", asFault(error).message);
    }
  }

  /** A machine or the cloud was refused or refused us. */
  recordDenied(actor: string, target: string, fault: FaultReport): void {
    this.record({ actor, action: "access.denied", target, result: "refused", detail: { code: fault.code, message: fault.message, ...(fault.where === undefined ? {} : { where: fault.where }) } });
  }

  /** Written at once after a quiet minute, else gathered: a crash may lose the entries of the last minute, never the gap records themselves. */
  recordDrop(drop: Drop): void {
    const last = this.#drops.at(-1);
    const continues = last !== undefined && last.destination === drop.destination && last.stream === drop.stream && last.reason === drop.reason && last.last + 1 === drop.first;
    if (continues) this.#drops[this.#drops.length - 1] = { ...last, last: drop.last, count: last.count + drop.count };
    else this.#drops.push(drop);
    if (this.#drops.length > RANGES_PER_ENTRY) this.flushDrops();
    else this.tick();
  }

  /** To be called about once a second. */
  tick(): void {
    if (this.#drops.length > 0 && this.#clock.uptimeMs() - this.#dropsWrittenMs >= DROPS_EVERY_MS) this.flushDrops();
  }

  flushDrops(): void {
    const drops = this.#drops;
    this.#drops = [];
    this.#dropsWrittenMs = this.#clock.uptimeMs();
    for (const [key, same] of Map.groupBy(drops, (drop) => `${drop.destination} ${drop.stream} ${drop.reason}`)) {
      const count = same.reduce((sum, drop) => sum + drop.count, 0);
      const gaps = same.map(({ first, last }) => [first, last]);
      const [target = key] = key.split(" ");
      this.record({ actor: "core", action: same[0]?.reason === "damaged" ? "readings.damaged" : "readings.dropped", target, result: "done", detail: { stream: same[0]?.stream, reason: same[0]?.reason, count, gaps } });
    }
  }
}
