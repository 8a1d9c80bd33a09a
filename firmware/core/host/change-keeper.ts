// Brings one kind of change, step by step, from what is installed to what the configuration asks for, and says how it stands.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, isFault } from "../../../drivers/contract/fault.ts";
import type { Fault } from "../../../drivers/contract/fault.ts";
import { digestOf } from "../../conduit/digest.ts";
import type { HostStanding } from "../../conduit/host.ts";
import type { NetworkStanding } from "../../conduit/network.ts";
import type { Configuration } from "../../config/schema.ts";
import type { By } from "../accounts/actor.ts";
import type { AuditEvent } from "../audit/audit.ts";
import type { Conditions } from "../health/conditions.ts";
import type { ChangeKind } from "./change-kinds.ts";
import type { HostLink } from "./host-link.ts";
import { nextStep } from "./next-step.ts";
import type { Step } from "./next-step.ts";

export interface KeeperPorts {
  readonly host: HostLink;
  readonly clock: Clock;
  readonly conditions: Conditions;
  readonly trail: { record(event: AuditEvent): void };
  configuration(): Configuration;
}

/** More steps than any way through them has: what needs more is tried again at the next look. */
const MAX_STEPS = 8;
/** What failed for the moment is not tried again at once. */
const RETRY_MS = 30_000;
/** The time left stands in a condition in portions, so that each second is no new one. */
const LEFT_PORTION_S = 15;
const SHOWN_LINES = 12;

const CODES = ["NETWORK_ON_TRIAL", "NETWORK_CHANGE_RETURNED", "FIREWALL_NOT_APPLIED"] as const;

export class ChangeKeeper<Request> {
  readonly #kind: ChangeKind<Request>;
  readonly #ports: KeeperPorts;
  #standing: NetworkStanding = { state: "unknown", change: null, secondsLeft: null, lines: [], words: null };
  #failed: { readonly digest: string; readonly fault: Fault; readonly untilMs: number; readonly epoch: string } | undefined;

  constructor(kind: ChangeKind<Request>, ports: KeeperPorts) {
    this.#kind = kind;
    this.#ports = ports;
  }

  get standing(): NetworkStanding {
    return this.#standing;
  }

  /** Goes as far as it can without a person. Throws only when the signal aborts or host cannot be asked. */
  async settle(signal: AbortSignal): Promise<void> {
    for (let steps = 0; steps < MAX_STEPS; steps += 1) {
      const found = await this.#ports.host.standing(signal);
      const request = this.#kind.want(this.#ports.configuration());
      const step = this.#next(found, digestOf(request), request);
      const isDone = await this.#take(step, request, found, signal);
      if (isDone) return;
    }
  }

  /** Confirms what is wanted and on trial, one of `changes` where these are named. False when there is none. */
  async confirm(actor: By, changes: readonly string[] | undefined, signal: AbortSignal): Promise<boolean> {
    const found = (await this.#ports.host.standing(signal))[this.#kind.name];
    const request = this.#kind.want(this.#ports.configuration());
    if (found.trial === null || found.installed !== digestOf(request)) return false;
    if (changes !== undefined && !changes.includes(found.trial)) return false;
    await this.#ports.host.confirm(actor, found.trial, signal);
    this.#kind.remembered.setConfirmed(request);
    return true;
  }

  /** What returned or was refused is tried anew at the next look. */
  tryAgain(): void {
    this.#failed = undefined;
    this.#kind.remembered.forgetTried();
  }

  #next(found: HostStanding, wanted: string, request: Request): Step {
    const { remembered, isHarmless, name } = this.#kind;
    return nextStep({ wanted, confirmed: remembered.confirmed?.digest, tried: remembered.tried?.digest, isHarmless: isHarmless(request) }, found[name]);
  }

  /** True when nothing more is to be done now. */
  async #take(step: Step, request: Request, found: HostStanding, signal: AbortSignal): Promise<boolean> {
    const { remembered, name } = this.#kind;
    switch (step.name) {
      case "settled":
        this.#become("in force", request, undefined);
        return true;
      case "on trial":
        if (remembered.tried?.digest !== digestOf(request)) remembered.setTried(request);
        this.#showTrial(request, found);
        return true;
      case "returned":
        if (!remembered.hasReturned) this.#ports.trail.record({ actor: "host", action: "change.returned", target: name, result: "done", detail: { lines: this.#lines(request) } });
        remembered.noteReturned();
        this.#become("returned", request, { code: "NETWORK_CHANGE_RETURNED", detail: this.#lines(request).join("\n") });
        return true;
      case "remember":
        remembered.setConfirmed(step.which === "tried" && remembered.tried !== undefined ? remembered.tried.request : request);
        return false;
      case "confirm":
        return this.#attempt(found, step.change, request, () => this.#ports.host.confirm("core", step.change, signal), signal);
      default:
        return this.#apply(step, request, found, signal);
    }
  }

  #apply({ which, keep }: Extract<Step, { name: "apply" }>, wanted: Request, found: HostStanding, signal: AbortSignal): Promise<boolean> {
    const { remembered, apply } = this.#kind;
    const request = which === "confirmed" && remembered.confirmed !== undefined ? remembered.confirmed.request : wanted;
    return this.#attempt(found, digestOf(request), wanted, async () => {
      if (!keep) remembered.setTried(request);
      try {
        const { change } = await apply("core", request, signal);
        if (keep) await this.#ports.host.confirm("core", change, signal);
      } catch (error) {
        // Of another version, and of no use any more.
        if (which === "confirmed" && asFault(error).kind === "config") remembered.forgetConfirmed();
        else if (!keep && !signal.aborted) remembered.forgetTried();
        throw error;
      }
    }, signal);
  }

  /** True when it failed: then a condition says why, and it is not tried again until something has changed or some time has passed. */
  async #attempt(found: HostStanding, digest: string, wanted: Request, work: () => Promise<void>, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#ports;
    const failed = this.#failed;
    if (failed !== undefined && failed.digest === digest && failed.epoch === found.epoch && clock.uptimeMs() < failed.untilMs) {
      this.#become("refused", wanted, { code: "FIREWALL_NOT_APPLIED", detail: wordsOf(failed.fault) });
      return true;
    }
    try {
      await work();
      this.#failed = undefined;
      return false;
    } catch (error) {
      signal.throwIfAborted();
      const fault = asFault(error, this.#kind.name);
      // What returned a moment before it was confirmed is found at the next look.
      if (isFault(error, "NOT_FOUND")) return false;
      this.#failed = { digest, fault, epoch: found.epoch, untilMs: fault.kind === "config" ? Number.POSITIVE_INFINITY : clock.uptimeMs() + RETRY_MS };
      this.#become("refused", wanted, { code: "FIREWALL_NOT_APPLIED", detail: wordsOf(fault) });
      return true;
    }
  }

  #showTrial(request: Request, found: HostStanding): void {
    const { trial, leftMs } = found[this.#kind.name];
    const seconds = Math.ceil((leftMs ?? 0) / 1000);
    const atMost = Math.ceil(seconds / LEFT_PORTION_S) * LEFT_PORTION_S;
    this.#become("on trial", request, { code: "NETWORK_ON_TRIAL", detail: [`It returns by itself in at most ${atMost} seconds:`, ...this.#lines(request)].join("\n") }, { change: trial, secondsLeft: seconds });
  }

  #become(state: NetworkStanding["state"], request: Request, now: { readonly code: (typeof CODES)[number]; readonly detail: string } | undefined, trial: Pick<NetworkStanding, "change" | "secondsLeft"> = { change: null, secondsLeft: null }): void {
    this.#ports.conditions.become(CODES, this.#kind.name, now);
    this.#standing = { state, ...trial, lines: state === "in force" ? [] : [...this.#kind.describe(request)].slice(0, MAX_LINES), words: state === "refused" ? (now?.detail ?? null) : null };
  }

  #lines(request: Request): readonly string[] {
    const lines = this.#kind.describe(request);
    return lines.length > SHOWN_LINES ? [...lines.slice(0, SHOWN_LINES), `… and ${lines.length - SHOWN_LINES} more`] : lines;
  }
}

/** What the conduit carries at most. */
const MAX_LINES = 500;

function wordsOf({ message, remedy }: Fault): string {
  return remedy === undefined ? message : `${message}. ${remedy}`;
}
