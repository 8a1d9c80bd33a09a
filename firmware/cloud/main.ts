// The cloud zone: fetches the link that core wants, runs the uplink for it, and starts it anew when the link changes.

import { cloudConduit } from "../conduit/cloud.ts";
import { openConduit } from "../runtime/conduit-client.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import type { Service, ZoneContext } from "../runtime/service.ts";
import { tellAlive } from "../runtime/zone-alive.ts";
import { openNames } from "./names/names.ts";
import { openLeaseDesk } from "./uplink/lease-desk.ts";
import type { LeaseDesk } from "./uplink/lease-desk.ts";
import { TIMING } from "./uplink/timing.ts";
import type { Timing } from "./uplink/timing.ts";
import { runUplink } from "./uplink/uplink.ts";

const LINK_WAIT_MS = 30_000;
/** What was leased is settled within this after a stop; all processes are gone within 5 s. */
const SETTLE_MS = 3500;

export const cloud: Service = { name: "cloud", run: (context, signal) => runCloud(context, TIMING, signal) };

/** `cloud.run` with other times, for tests. */
export async function runCloud(context: ZoneContext, timing: Timing, signal: AbortSignal): Promise<void> {
  const { clock, log, dataDir, epoch } = context;
  const core = openConduit(cloudConduit, { socket: conduitSocket(dataDir, "cloud"), clock, epoch, log });
  const last = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const startLast = (): void => void (stopTimer = clock.after(SETTLE_MS, () => last.abort()));
  let stopTimer = (): void => undefined;
  signal.addEventListener("abort", startLast, { once: true });
  const here = AbortSignal.any([signal, last.signal]);
  const alive = tellAlive((words, stop) => core.call("alive", words, stop), clock, here, context.recent);
  try {
    const desk = openLeaseDesk(core, last.signal, failed.reject);
    await Promise.race([followLink({ context, core, desk, timing }, signal), failed.promise]);
  } finally {
    signal.removeEventListener("abort", startLast);
    stopTimer();
    last.abort();
    await core.close();
    await alive;
  }
}

interface ZonePorts {
  readonly context: ZoneContext;
  readonly core: ConduitClient<typeof cloudConduit>;
  readonly desk: LeaseDesk;
  readonly timing: Timing;
}

type LinkAnswer = Awaited<ReturnType<typeof askLink>>;

function askLink({ core }: ZonePorts, after: number, signal: AbortSignal) {
  return core.call("link", { after, waitMs: LINK_WAIT_MS }, signal);
}

/** One uplink at a time; the one before has settled everything when the next begins. */
async function followLink(ports: ZonePorts, signal: AbortSignal): Promise<void> {
  let answer = await untilStopped(askLink(ports, 0, signal), signal);
  ports.context.ready();
  while (answer !== undefined && !signal.aborted) {
    ports.context.setLogLevel?.(answer.logLevel);
    const change = new AbortController();
    const running = runLink(ports, answer, AbortSignal.any([signal, change.signal]));
    const changed = nextLink(ports, answer, signal);
    changed.catch(() => undefined);
    try {
      answer = await Promise.race([changed, running.then(() => changed)]);
    } finally {
      change.abort();
      await running;
    }
  }
}

/** The next answer with another link, gateway or secret; undefined when the signal aborts. */
async function nextLink(ports: ZonePorts, present: LinkAnswer, signal: AbortSignal): Promise<LinkAnswer | undefined> {
  const content = ({ revision: _, logLevel: __, ...rest }: LinkAnswer): string => JSON.stringify(rest);
  let { revision } = present;
  for (;;) {
    const answer = await untilStopped(askLink(ports, revision, signal), signal);
    if (answer === undefined || content(answer) !== content(present)) return answer;
    ports.context.setLogLevel?.(answer.logLevel);
    ({ revision } = answer);
  }
}

async function runLink(ports: ZonePorts, { link, secrets, gateway, version, nameServers }: LinkAnswer, signal: AbortSignal): Promise<void> {
  const { context, core, desk, timing } = ports;
  const { clock } = context;
  if (link === null) return void (await untilStopped(core.call("state", { state: "stopped" }, signal), signal));
  const names = openNames({ clock, log: context.log.child("names"), timing: timing.names, core, servers: nameServers });
  await runUplink({ gateway, version, link, secrets }, { clock, log: context.log.child("uplink"), timing, names, core, desk }, signal);
}

async function untilStopped<Reply>(call: Promise<Reply>, signal: AbortSignal): Promise<Reply | undefined> {
  try {
    return await call;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
