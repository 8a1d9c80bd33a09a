// One resolution of a name: A and AAAA asked side by side, with the time to live.

import { lookup, Resolver } from "node:dns/promises";
import type { RecordWithTtl } from "node:dns";
import { isIP } from "node:net";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { NameTiming } from "./name-timing.ts";
import { isDenial, nameResolverFault } from "./name-fault.ts";
import type { Destination } from "./name-fault.ts";

/** `denied`: the name has no address. `silent`: nobody who should know says anything. */
export type Resolution =
  | { readonly kind: "found"; readonly addresses: readonly string[]; readonly ttlSeconds: number }
  | { readonly kind: "denied" | "silent"; readonly fault: Fault };

export interface ResolvePorts {
  readonly clock: Clock;
  readonly timing: NameTiming;
  /** Addresses, with a port where it is not 53; empty to ask as the system does. */
  readonly servers: readonly string[];
}

/** c-ares doubles it at the second try; two servers are through within the limit. */
const FIRST_TRY_MS = 1500;
const TRIES = 2;

/** Always answers within `timing.limitMs`. Throws CANCELLED when the signal aborts. */
export async function resolveName(destination: Destination, ports: ResolvePorts, signal: AbortSignal): Promise<Resolution> {
  const { clock, timing, servers } = ports;
  if (signal.aborted) throw cancelled(signal);
  const over = Promise.withResolvers<Resolution>();
  const abort = (): void => over.reject(cancelled(signal));
  signal.addEventListener("abort", abort, { once: true });
  const resolver = servers.length === 0 ? undefined : new Resolver({ timeout: FIRST_TRY_MS, tries: TRIES });
  const late = Object.assign(new Error("no answer in time"), { code: "ETIMEOUT" });
  // What one family has said by then is kept; the system's own resolver cannot be cancelled and is left alone.
  const stopTimer = clock.after(timing.limitMs, () => (resolver === undefined ? over.resolve({ kind: "silent", fault: nameResolverFault([late], destination, servers) }) : resolver.cancel()));
  try {
    resolver?.setServers(servers);
    const asked = resolver === undefined ? askSystem(destination, timing) : askServers(resolver, destination, ports);
    return await Promise.race([asked, over.promise]);
  } finally {
    stopTimer();
    signal.removeEventListener("abort", abort);
    resolver?.cancel();
  }
}

async function askServers(resolver: Resolver, destination: Destination, { clock, timing, servers }: ResolvePorts): Promise<Resolution> {
  const found: RecordWithTtl[][] = [[], []];
  const patience = Promise.withResolvers<void>();
  let stopTimer: (() => void) | undefined;
  const ask = async (place: number, question: Promise<RecordWithTtl[]>): Promise<unknown> => {
    try {
      found[place] = await question;
      // Some servers answer no AAAA at all; the other family does not wait for that (RFC 8305 §3).
      stopTimer ??= clock.after(timing.patienceMs, patience.resolve);
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const both = Promise.all([ask(0, resolver.resolve6(destination.host, { ttl: true })), ask(1, resolver.resolve4(destination.host, { ttl: true }))]);
  const errors = await Promise.race([both, patience.promise]);
  stopTimer?.();
  const records = takeInTurn(found);
  if (records.length > 0) return { kind: "found", addresses: records.map(({ address }) => address), ttlSeconds: Math.min(...records.map(({ ttl }) => ttl)) };
  const failures = errors ?? [];
  return { kind: isDenial(failures) ? "denied" : "silent", fault: nameResolverFault(failures, destination, servers) };
}

/** IPv6 first, then one of each (RFC 8305 §4). */
function takeInTurn<Item>(lists: readonly (readonly Item[])[]): Item[] {
  const longest = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, place) => lists.flatMap((list) => list.slice(place, place + 1))).flat();
}

/** The thread that a lookup holds cannot be called back, so that a second one for the name joins it. */
const pending = new Map<string, Promise<string[]>>();

/** The system tells no time to live. */
async function askSystem(destination: Destination, { refreshMinMs }: NameTiming): Promise<Resolution> {
  const { host } = destination;
  try {
    const asked = pending.get(host) ?? lookup(host, { all: true, order: "verbatim" }).then((found) => found.map(({ address }) => address).filter((address) => isIP(address) !== 0));
    pending.set(host, asked);
    return { kind: "found", addresses: await asked.finally(() => pending.delete(host)), ttlSeconds: refreshMinMs / 1000 };
  } catch (error) {
    return { kind: isDenial([error]) ? "denied" : "silent", fault: nameResolverFault([error], destination, []) };
  }
}

function cancelled(signal: AbortSignal): Fault {
  return new Fault("CANCELLED", "the resolution of a name was given up", { cause: signal.reason });
}
