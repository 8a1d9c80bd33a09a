// Core's way to the zone host: each call has an actor, an end in time, and an entry in the audit log.

import { existsSync } from "node:fs";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault, asFault, isFault } from "../../../drivers/contract/fault.ts";
import { hostConduit } from "../../conduit/host.ts";
import type { FirewallRequest, NetworkRequest } from "../../conduit/host.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import { openConduit } from "../../runtime/conduit-client.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";
import type { Log } from "../../runtime/journal.ts";
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
  applyFirewall(actor: string, request: FirewallRequest, signal: AbortSignal): Promise<OnTrial>;
  applyNetwork(actor: string, request: NetworkRequest, signal: AbortSignal): Promise<OnTrial>;
  /** NOT_FOUND when the change is not on trial any more. */
  confirm(actor: string, change: string, signal: AbortSignal): Promise<void>;
  /** Returns the addresses that may not stand for a cloud name. */
  admitCloud(addresses: InputOf<(typeof hostConduit)["admitCloud"]>["addresses"], signal: AbortSignal): Promise<readonly string[]>;
  authorizeUsb(actor: string, device: string, authorized: boolean, signal: AbortSignal): Promise<void>;
  setTime(actor: string, time: string, signal: AbortSignal): Promise<void>;
  reboot(actor: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const ANSWER_MS = 30_000;
/** After a trial's end core asks whether the change returned; host's timer may be this late. */
const RETURN_MARGIN_MS = 5000;

type Contract = typeof hostConduit;
type Ask = <Name extends keyof Contract>(verb: Name, input: InputOf<Contract[Name]>, signal: AbortSignal) => Promise<ReplyOf<Contract[Name]>>;
type Entry = Pick<AuditEvent, "actor" | "action" | "target">;

export function openHostLink(options: HostLinkOptions): HostLink {
  const ending = new AbortController();
  const client = openConduit(hostConduit, options);
  const ask = makeAsk(client, options, ending.signal);
  const audited = <Answer>(entry: Entry, work: () => Promise<Answer>): Promise<Answer> => audit(options.trail, entry, work);
  const onTrial = (kind: "firewall" | "network", actor: string, work: () => Promise<OnTrial>): Promise<OnTrial> =>
    audited({ actor, action: `${kind}.changed`, target: kind }, async () => {
      const trial = await work();
      watchReturn(kind, trial, ask, options, ending.signal);
      return trial;
    });
  return {
    isPresent: () => existsSync(options.socket),
    applyFirewall: (actor, request, signal) => onTrial("firewall", actor, () => ask("applyFirewall", request, signal)),
    applyNetwork: (actor, request, signal) => onTrial("network", actor, () => ask("applyNetwork", request, signal)),
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

function makeAsk(client: ConduitClient<Contract>, { socket, clock }: HostLinkOptions, ending: AbortSignal): Ask {
  return async (verb, input, signal) => {
    if (!existsSync(socket)) throw new Fault("NOT_SUPPORTED", "this is not an appliance: there is no zone host that could change the system", { where: socket });
    const limit = new AbortController();
    const cancelLimit = clock.after(ANSWER_MS, () => limit.abort());
    try {
      return await client.call(verb, input, AbortSignal.any([signal, limit.signal, ending]));
    } catch (error) {
      if (limit.signal.aborted && isFault(error, "CANCELLED")) throw new Fault("PEER_TIMEOUT", "the zone host did not answer in time", { where: verb, cause: error });
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

/** A change that nobody confirmed returns without anybody's call, so core looks. */
function watchReturn(kind: "firewall" | "network", { change, confirmWithinMs }: OnTrial, ask: Ask, { clock, log, trail }: HostLinkOptions, ending: AbortSignal): void {
  const look = async (): Promise<void> => {
    const standing = await ask("standing", {}, ending);
    if (standing[kind].returned === change) trail.record({ actor: "host", action: "change.returned", target: kind, result: "done", detail: { change } });
  };
  const cancel = clock.after(confirmWithinMs + RETURN_MARGIN_MS, () => {
    ending.removeEventListener("abort", cancel);
    void look().catch((error: unknown) => ending.aborted || log.warn({ fault: asFault(error) }, "host does not say whether a change returned"));
  });
  ending.addEventListener("abort", cancel, { once: true });
}

function short(text: string): string {
  return text.slice(0, 64);
}
