// The uplink: connects for ever, runs a session on each connection, and tells core how it stands.

import { asFault, Fault, reportFault } from "../../../drivers/contract/fault.ts";
import { makeBackoff } from "../../runtime/backoff.ts";
import { keepAdmitted } from "../names/keep-admitted.ts";
import { makeBlame } from "./blame.ts";
import type { Blame } from "./blame.ts";
import { openConnection } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { destinationOf } from "./dial.ts";
import { offlineWill } from "./documents.ts";
import { runSession } from "./session.ts";
import type { SessionEnd, UplinkPorts, UplinkSettings } from "./session.ts";
import { readTarget } from "./target.ts";
import type { Target } from "./target.ts";

/**
 * Runs until the signal aborts and all it leased is settled. Passing troubles are retried with growing, jittered waits;
 * refusals (certificate, credentials, rights, configuration) slowly, because they may be put right at the other end at any
 * time. Both for ever. Rejects only when core refuses what it is told.
 */
export async function runUplink(settings: UplinkSettings, ports: UplinkPorts, signal: AbortSignal): Promise<void> {
  const { clock, log, timing } = ports;
  const backoff = makeBackoff({ firstMs: timing.retryFirstMs, maxMs: timing.retryMaxMs, stableMs: timing.stableMs });
  const refused = makeBackoff({ firstMs: timing.refusedMs, maxMs: timing.refusedMs });
  const blame = makeBlame();
  await tell(ports, { state: "connecting", peer: settings.link.url.slice(0, 512) }, signal);
  while (!signal.aborted) {
    const startedMs = clock.uptimeMs();
    const { fault, isSearching } = await attempt(settings, blame, ports, signal);
    if (signal.aborted) break;
    log.warn({ fault }, "the cloud link is down");
    await tell(ports, { state: "lost", fault: reportFault(fault) }, signal);
    const waitMs = isSearching ? timing.retryFirstMs * (0.5 + Math.random() / 2) : fault.kind === "transient" ? backoff.nextMs(clock.uptimeMs() - startedMs) : refused.nextMs();
    await clock.sleep(waitMs, signal).catch(() => undefined);
  }
}

async function attempt(settings: UplinkSettings, blame: Blame, ports: UplinkPorts, signal: AbortSignal): Promise<SessionEnd> {
  const opened = await open(settings, ports, signal);
  if (opened instanceof Fault) return { fault: opened, isSearching: false };
  const { target, connection } = opened;
  ports.log.info({ peer: target.address }, "the cloud link is up");
  // The lanes start only afterwards: core opens the live lane by this.
  await tell(ports, { state: "connected", peer: target.address }, signal);
  const over = new AbortController();
  const keeping = keepAdmitted(destinationOf(target), { ...ports, timing: ports.timing.names }, AbortSignal.any([signal, over.signal]));
  keeping.catch((error: unknown) => connection.breakOff(asFault(error)));
  try {
    return await runSession({ connection, target, settings, blame }, ports, signal);
  } finally {
    over.abort();
    await keeping;
  }
}

async function open(settings: UplinkSettings, ports: UplinkPorts, signal: AbortSignal): Promise<{ target: Target; connection: Connection } | Fault> {
  try {
    const target = readTarget(settings.link, settings.secrets, settings.gateway);
    return { target, connection: await openConnection(target, offlineWill(settings.gateway, settings.version), ports, signal) };
  } catch (error) {
    const fault = asFault(error);
    if (fault.kind === "defect") throw fault;
    return fault;
  }
}

type LinkState = { readonly state: "connecting" | "connected" | "lost" | "stopped"; readonly peer?: string; readonly fault?: ReturnType<typeof reportFault> };

async function tell({ core }: UplinkPorts, state: LinkState, signal: AbortSignal): Promise<void> {
  await core.call("state", state, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
