// Service windows: the times in which the plant lets service accounts act [K2.1.9b]. In memory alone, so that a restart of core ends them.

import { randomUUID } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { ServiceWindow } from "../../conduit/accounts.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Actor } from "./actor.ts";

/** More than a plant has service people at work in one gateway. */
const MOST_OPEN = 32;
const MINUTE_MS = 60_000;

export interface WindowOrder {
  /** The service account, or null: all of them. */
  readonly account: string | null;
  readonly purpose: string;
  readonly scope: readonly string[];
  readonly minutes: number;
}

interface Open extends WindowOrder {
  readonly id: string;
  readonly openedBy: string;
  readonly opened: string;
  readonly endsMs: number;
}

export class ServiceWindows {
  readonly #clock: Clock;
  readonly #trail: Pick<AuditTrail, "record">;
  readonly #open = new Map<string, Open>();

  constructor(clock: Clock, trail: Pick<AuditTrail, "record">) {
    this.#clock = clock;
    this.#trail = trail;
  }

  /** A former one for the same account ends with it. Throws INPUT_INVALID where too many are open. */
  open(order: WindowOrder, by: Actor): ServiceWindow {
    this.tick();
    const former = this.#of(order.account);
    if (former === undefined && this.#open.size >= MOST_OPEN) throw new Fault("INPUT_INVALID", `${MOST_OPEN} service windows are open`, { remedy: "Close those that are not needed." });
    if (former !== undefined) this.#end(former, by, "replaced");
    const window: Open = { ...order, id: randomUUID().replaceAll("-", ""), openedBy: by.name, opened: new Date(this.#clock.now()).toISOString(), endsMs: this.#clock.uptimeMs() + order.minutes * MINUTE_MS };
    this.#open.set(window.id, window);
    const { id, purpose, scope, minutes } = window;
    this.#trail.record({ actor: by, action: "service-window.opened", target: nameOf(window), result: "done", detail: { id, purpose, scope, minutes } });
    return this.#report(window);
  }

  /** Throws NOT_FOUND. */
  close(id: string, by: Actor): void {
    this.tick();
    const window = this.#open.get(id);
    if (window === undefined) throw new Fault("NOT_FOUND", "no such service window is open", { remedy: "`weir window list` shows those that are." });
    this.#end(window, by, "closed");
  }

  /** Those that are open, the newest last. */
  list(): ServiceWindow[] {
    this.tick();
    return [...this.#open.values()].map((window) => this.#report(window));
  }

  /** The one that this service account acts in: its own before the one for all. */
  openFor(account: string): ServiceWindow | null {
    this.tick();
    const window = this.#of(account) ?? this.#of(null);
    return window === undefined ? null : this.#report(window);
  }

  /** Nothing is open any more: with the accounts go their windows. */
  closeAll(by: Actor): void {
    for (const window of this.#open.values()) this.#end(window, by, "closed");
  }

  /** Ends what is over; asked before every answer, and about once a second, so that the log says when. */
  tick(): void {
    const nowMs = this.#clock.uptimeMs();
    for (const window of this.#open.values()) if (window.endsMs <= nowMs) this.#end(window, "core", "over");
  }

  #of(account: string | null): Open | undefined {
    return [...this.#open.values()].find((window) => window.account === account);
  }

  #end(window: Open, by: Actor | "core", why: "closed" | "replaced" | "over"): void {
    this.#open.delete(window.id);
    this.#trail.record({ actor: by, action: "service-window.ended", target: nameOf(window), result: "done", detail: { id: window.id, why } });
  }

  #report({ id, account, purpose, scope, openedBy, opened, endsMs }: Open): ServiceWindow {
    return { id, account, purpose, scope: [...scope], openedBy, opened, secondsLeft: Math.max(0, Math.ceil((endsMs - this.#clock.uptimeMs()) / 1000)) };
  }
}

function nameOf({ account }: WindowOrder): string {
  return account ?? "all service accounts";
}
