// What the rest of core records through: never throws, raises a condition while the log cannot be written, and gathers what comes in floods.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault } from "../../../drivers/contract/fault.ts";
import type { FaultReport } from "../../../drivers/contract/fault.ts";
import type { Actor } from "../accounts/actor.ts";
import type { Conditions } from "../health/conditions.ts";
import { isForWantOfRoom } from "../storage/open-database.ts";
import type { Audit, AuditEvent } from "./audit.ts";
import { Drops } from "./drops.ts";
import type { Drop } from "./drops.ts";
import type { AuditReserve } from "./reserve.ts";
import { Strangers } from "./strangers.ts";
import type { StrangerEvent } from "./strangers.ts";

const LOG = "audit.db";

export class AuditTrail {
  readonly #audit: Audit;
  readonly #conditions: Conditions;
  readonly #reserve: AuditReserve | undefined;
  readonly #drops: Drops;
  readonly #strangers: Strangers;
  #listener: () => void = () => undefined;

  /** Without a reserve a full disk ends the log until there is room. */
  constructor(audit: Audit, conditions: Conditions, clock: Clock, reserve?: AuditReserve) {
    this.#audit = audit;
    this.#conditions = conditions;
    this.#reserve = reserve;
    const write = (event: AuditEvent): void => this.record(event);
    this.#drops = new Drops(clock, write);
    this.#strangers = new Strangers(clock, write);
  }

  /** Durable when it returns, unless AUDIT_NOT_WRITTEN stands then. */
  record(event: AuditEvent): void {
    try {
      this.#write(withJump(event, this.#audit));
      this.#conditions.clear("AUDIT_NOT_WRITTEN", LOG);
    } catch (error) {
      this.#conditions.raise("AUDIT_NOT_WRITTEN", LOG, asFault(error).message);
      return;
    }
    this.#listener();
  }

  #write(event: AuditEvent): void {
    try {
      this.#audit.append(event);
    } catch (error) {
      if (this.#reserve === undefined || !isForWantOfRoom(error)) throw error;
      this.#reserve.write(() => this.#audit.append(event));
      if (!this.#reserve.isWhole) this.#conditions.raise("AUDIT_ON_RESERVE", LOG);
    }
  }

  /** Called after each entry. */
  onEntry(listener: () => void): void {
    this.#listener = listener;
  }

  /** A machine or the cloud was refused or refused us. */
  recordDenied(actor: string | Actor, target: string, fault: FaultReport): void {
    this.record({ actor, action: "access.denied", target, result: "refused", detail: { code: fault.code, message: fault.message, ...(fault.where === undefined ? {} : { where: fault.where }) } });
  }

  /** A failure of somebody whom nobody knows: a login of an unknown user, a call without a session, a refused peer. Gathered, so that a flood of them is few entries. */
  recordStranger(event: StrangerEvent): void {
    this.#strangers.note(event);
  }

  /** Gathered. */
  recordDrop(drop: Drop): void {
    this.#drops.note(drop);
  }

  /** To be called about once a second. */
  tick(): void {
    this.#drops.tick();
    this.#strangers.tick();
    const jump = this.#audit.time.look();
    if (jump !== undefined) this.record({ actor: "core", action: "clock.jumped", target: "clock", result: "done", detail: describe(jump) });
  }

  /** Before the end: writes what is gathered. */
  flush(): void {
    this.#drops.flush();
    this.#strangers.flush();
  }
}

/** Who sets the clock makes it jump: one entry tells both. */
function withJump(event: AuditEvent, { time }: Audit): AuditEvent {
  if (event.action !== "clock.set" || event.result !== "done") return event;
  const jump = time.look();
  return jump === undefined ? event : { ...event, detail: { ...event.detail, ...describe(jump) } };
}

function describe({ beforeMs, afterMs }: { readonly beforeMs: number; readonly afterMs: number }): Readonly<Record<string, unknown>> {
  return { before: new Date(beforeMs).toISOString(), after: new Date(afterMs).toISOString(), seconds: Math.round((afterMs - beforeMs) / 1000) };
}
