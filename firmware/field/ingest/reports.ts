// Faults of clients on their way out: named by machine and address, and few, however often a client repeats them.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";

export interface PeerName {
  readonly address: string;
  readonly machine?: string | undefined;
  readonly clientId?: string | undefined;
}

/** The same fault with `where` naming the peer. */
export function nameFault(fault: Fault, { address, machine, clientId }: PeerName): Fault {
  if (fault.where !== undefined) return fault;
  const client = clientId === undefined || clientId === "" ? "" : `client ${JSON.stringify(clientId.slice(0, 64))} at `;
  const where = machine === undefined ? `${client}${address}` : `machine ${machine}, ${client}${address}`;
  return new Fault(fault.code, fault.message, { where, remedy: fault.remedy, cause: fault });
}

const SILENT_MS = 10_000;
/** Beyond it the oldest is forgotten, and may be reported again. */
const MAX_KNOWN = 1024;

/** Hands on the first fault of a code and an address at once, and afterwards one in ten seconds that says how many there were. */
export function makeReports(clock: Clock, report: (fault: Fault) => void): (fault: Fault, peer: PeerName) => void {
  const known = new Map<string, { lastMs: number; silent: number }>();
  return (fault, peer) => {
    const key = `${fault.code} ${peer.address}`;
    const nowMs = clock.uptimeMs();
    const found = known.get(key);
    if (found !== undefined && nowMs - found.lastMs < SILENT_MS) {
      found.silent += 1;
      return;
    }
    known.delete(key);
    known.set(key, { lastMs: nowMs, silent: 0 });
    const [oldest] = known.keys();
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    const named = nameFault(fault, peer);
    const silent = found?.silent ?? 0;
    report(silent === 0 ? named : new Fault(named.code, `${named.message} (and ${silent} faults like it before)`, { where: named.where, remedy: named.remedy, cause: fault }));
  };
}
