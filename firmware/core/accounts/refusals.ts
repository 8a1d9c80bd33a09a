// What the audit log says of people and tokens who ask for what they may not: at once, and gathered where they ask again and again.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Fault, FaultCode } from "../../../drivers/contract/fault.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Actor } from "./actor.ts";

/** One entry per minute and case; the next one says how many there were meanwhile. */
const EVERY_MS = 60_000;
/** Cases at the same time: what is more counts as one. */
const MOST_CASES = 256;

interface Case {
  readonly actor: Actor;
  readonly target: string;
  readonly code: FaultCode;
  recordedMs: number;
  unrecorded: number;
}

export class Refusals {
  readonly #clock: Clock;
  readonly #trail: Pick<AuditTrail, "record">;
  readonly #cases = new Map<string, Case>();

  constructor(clock: Clock, trail: Pick<AuditTrail, "record">) {
    this.#clock = clock;
    this.#trail = trail;
  }

  /** The first of a case is written at once; more of it within a minute are counted. */
  note(actor: Actor, target: string, { code }: Fault): void {
    const nowMs = this.#clock.uptimeMs();
    const known = this.#find(actor, target, code, nowMs);
    known.unrecorded += 1;
    if (nowMs - known.recordedMs >= EVERY_MS) this.#write(known, nowMs);
  }

  /** To be called about once a second. */
  tick(): void {
    const nowMs = this.#clock.uptimeMs();
    for (const [key, one] of this.#cases) {
      if (nowMs - one.recordedMs < EVERY_MS) continue;
      if (one.unrecorded > 0) this.#write(one, nowMs);
      else this.#cases.delete(key);
    }
  }

  /** Before the end: what was counted is written. */
  flush(): void {
    for (const one of this.#cases.values()) if (one.unrecorded > 0) this.#write(one, this.#clock.uptimeMs());
  }

  #find(actor: Actor, target: string, code: FaultCode, nowMs: number): Case {
    const isRoom = this.#cases.size < MOST_CASES;
    const key = JSON.stringify([actor.name, actor.source, target, code]);
    const others = JSON.stringify(["others", actor.zone]);
    const found = this.#cases.get(key) ?? (isRoom ? undefined : this.#cases.get(others));
    if (found !== undefined) return found;
    const made: Case = { actor: isRoom ? actor : { name: "others", zone: actor.zone, source: null }, target: isRoom ? target : "several", code, recordedMs: nowMs - EVERY_MS, unrecorded: 0 };
    this.#cases.set(isRoom ? key : others, made);
    return made;
  }

  #write(one: Case, nowMs: number): void {
    const { actor, target, code, unrecorded } = one;
    one.recordedMs = nowMs;
    one.unrecorded = 0;
    this.#trail.record({ actor, action: "access.denied", target, result: "refused", detail: { code, times: unrecorded } });
  }
}
