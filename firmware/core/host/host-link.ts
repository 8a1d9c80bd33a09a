// Core's way to the zone host: each call has an actor, an end in time, and an entry in the audit log.

import { existsSync } from "node:fs";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault, asFault, isFault } from "../../../drivers/contract/fault.ts";
import { hostConduit } from "../../conduit/host.ts";
import type { FirewallRequest, HostStanding, NetworkRequest } from "../../conduit/host.ts";
import type { Observation } from "../../conduit/observation.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import { openConduit } from "../../runtime/conduit-client.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";
import type { Log } from "../../runtime/journal.ts";
import type { By } from "../accounts/actor.ts";
import type { AuditEvent } from "../audit/audit.ts";

export interface HostLinkOptions {
  /** The host conduit's socket; where it is not there, this is no appliance. */
  readonly socket: string;
  readonly clock: Clock;
  readonly epoch: string;
  readonly log: Log;
  readonly trail: { record(event: AuditEvent): void };
}

export interface OnTrial {
  readonly change: string;
  readonly confirmWithinMs: number;
}

/** Every verb throws NOT_SUPPORTED where there is no zone host, host's own faults, and PEER_TIMEOUT when it does not answer within 30 s. */
export interface HostLink {
  /** False on a developer's machine. */
  isPresent(): boolean;
  applyFirewall(actor: By, request: FirewallRequest, signal: AbortSignal): Promise<OnTrial>;
  applyNetwork(actor: By, request: NetworkRequest, signal: AbortSignal): Promise<OnTrial>;
  /** NOT_FOUND when the change is not on trial any more. */
  confirm(actor: By, change: string, signal: AbortSignal): Promise<void>;
  /** What is installed and on trial. Never audited: core asks it every few seconds. */
  standing(signal: AbortSignal): Promise<HostStanding>;
  /** What the kernel has counted and remembered. Never audited: core asks it every few seconds. */
  observe(signal: AbortSignal): Promise<Observation>;
  /** Calls of this link that host refused. */
  readonly refusals: number;
  /** Returns the addresses that may not stand for a cloud name. */
  admitCloud(addresses: InputOf<(typeof hostConduit)["admitCloud"]>["addresses"], signal: AbortSignal): Promise<readonly string[]>;
  authorizeUsb(actor: By, device: string, authorized: boolean, signal: AbortSignal): Promise<void>;
  setTime(actor: By, time: string, signal: AbortSignal): Promise<void>;
  reboot(actor: By, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const ANSWER_MS = 30_000;

type Contract = typeof hostConduit;
type Ask = <Name extends keyof Contract>(verb: Name, input: InputOf<Contract[Name]>, signal: AbortSignal) => Promise<ReplyOf<Contract[Name]>>;
type Entry = Pick<AuditEvent, "actor" | "action" | "target">;

export function openHostLink(options: HostLinkOptions): HostLink {
  const ending = new AbortController();
  const client = openConduit(hostConduit, options);
  let refusals = 0;
  const ask = makeAsk(client, options, ending.signal, () => (refusals += 1));
  const audited = <Answer>(entry: Entry, work: () => Promise<Answer>): Promise<Answer> => audit(options.trail, entry, work);
  return {
    get refusals() {
      return refusals;
    },
    standing: (signal) => ask("standing", {}, signal),
    observe: (signal) => ask("observe", {}, signal),
    isPresent: () => existsSync(options.socket),
    applyFirewall: (actor, request, signal) => audited({ actor, action: "firewall.changed", target: "firewall" }, () => ask("applyFirewall", request, signal)),
    applyNetwork: (actor, request, signal) => audited({ actor, action: "network.changed", target: "network" }, () => ask("applyNetwork", request, signal)),
    confirm: (actor, change, signal) => audited({ actor, action: "change.confirmed", target: short(change) }, async () => void (await ask("confirm", { change }, signal))),
    admitCloud: async (addresses, signal) => {
      const { refused } = await ask("admitCloud", { addresses }, signal);
      if (refused.length > 0) options.trail.record({ actor: "host", action: "cloud-addresses.refused", target: "cloud", result: "refused", detail: { refused } });
      return refused;
    },
    authorizeUsb: (actor, device, authorized, signal) => audited({ actor, action: "usb.authorized", target: short(device) }, async () => void (await ask("authorizeUsb", { device, authorized }, signal))),
    setTime: (actor, time, signal) => audited({ actor, action: "clock.set", target: short(time) }, async () => void (await ask("setTime", { time }, signal))),
    reboot: (actor, signal) => audited({ actor, action: "system.restarted", target: "system" }, async () => void (await ask("reboot", {}, signal))),
    close: async () => {
      ending.abort();
      await client.close();
    },
  };
}

function makeAsk(client: ConduitClient<Contract>, { socket, clock }: HostLinkOptions, ending: AbortSignal, onRefused: () => void): Ask {
  return async (verb, input, signal) => {
    if (!existsSync(socket)) throw new Fault("NOT_SUPPORTED", "this is not an appliance: there is no zone host that could change the system", { where: socket });
    const limit = new AbortController();
    const cancelLimit = clock.after(ANSWER_MS, () => limit.abort());
    try {
      return await client.call(verb, input, AbortSignal.any([signal, limit.signal, ending]));
    } catch (error) {
      if (limit.signal.aborted && isFault(error, "CANCELLED")) throw new Fault("PEER_TIMEOUT", "the zone host did not answer in time", { where: verb, cause: error });
      if (!isFault(error, "CANCELLED")) onRefused();
      throw error;
    } finally {
      cancelLimit();
    }
  };
}

/** What was refused stands in the log like what was done. */
async function audit<Answer>(trail: HostLinkOptions["trail"], entry: Entry, work: () => Promise<Answer>): Promise<Answer> {
  try {
    const answer = await work();
    trail.record({ ...entry, result: "done" });
    return answer;
  } catch (error) {
    const { kind, code, message } = asFault(error);
    const isRefusal = kind === "config" || kind === "denied" || kind === "permanent";
    trail.record({ ...entry, result: isRefusal ? "refused" : "failed", detail: { code, message } });
    throw error;
  }
}

function short(text: string): string {
  return text.slice(0, 64);
}
