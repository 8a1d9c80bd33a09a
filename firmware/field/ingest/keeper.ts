// Keeps the ingest endpoint as core wants it: its ports open where they are configured, its machines let in, its standing told.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { DriverIngest } from "../../../drivers/contract/driver.ts";
import { asFault, Fault, reportFault, type FaultReport } from "../../../drivers/contract/fault.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { InputOf } from "../../conduit/route.ts";
import type { Assignment, IngestTls, SegmentDuty, sourceConduit } from "../../conduit/source.ts";
import type { Log } from "../../runtime/journal.ts";
import type { OwnAddress } from "../../runtime/own-addresses.ts";
import { makeAccounts, subnetsOf, type Accounts } from "./accounts.ts";
import { doorsOf, isDoor, keyOf, type Door } from "./doors.ts";
import { openIngest, type Ingest, type OpenPort } from "./endpoint.ts";
import type { IngestLimits } from "./limits.ts";
import type { IngestPorts, Message, Source } from "./ports.ts";
import { clip, makePeerReports } from "./peer-reports.ts";
import { makeReceivers, type Receivers } from "./receivers.ts";

type Standing = InputOf<typeof sourceConduit.ingest>;

export interface KeeperParts {
  readonly clock: Clock;
  readonly log: Log;
  /** What it asks of core. */
  readonly core: {
    ingest(standing: Standing, signal: AbortSignal): Promise<unknown>;
    peer(fault: FaultReport, signal: AbortSignal): Promise<unknown>;
    quarantine(asset: AssetId, reason: string, payload: Uint8Array, signal: AbortSignal): Promise<void>;
  };
  listOwnAddresses(): readonly OwnAddress[];
  readonly limits?: Partial<IngestLimits>;
  /** Aborts when nothing can become durable any more. */
  readonly signal: AbortSignal;
}

/** What core wants, all of it, each time anew. */
export interface IngestDuty {
  readonly segments: readonly SegmentDuty[];
  readonly ingestTls?: IngestTls | undefined;
  readonly assignments: readonly Assignment[];
}

export interface IngestKeeper {
  /** Brings ports, certificates and machines in line; returns at once. */
  apply(duty: IngestDuty): void;
  /** The endpoint as the driver of one machine sees it. */
  forMachine(assignment: Pick<Assignment, "name" | "segment" | "config" | "ingest">): DriverIngest;
  /** Reads no more, waits until everything that was received is settled, acknowledges it and closes. */
  close(): Promise<void>;
}

/** An address may come and go without a word (DHCP, a plug); a port may become free. */
const LOOK_MS = 2000;
const TELL_MS = 60_000;
/** How often it is told at most that nothing more is read for the moment. */
const FULL_MS = 10_000;

interface Opened {
  readonly door: Door;
  readonly port: OpenPort;
}

interface State {
  readonly parts: KeeperParts;
  readonly ingest: Ingest;
  readonly open: Map<string, Opened>;
  /** Absent until core has said it for the first time. */
  duty: IngestDuty | undefined;
  /** The certificates that the open ports show. */
  shown: string;
  told: string;
  toldMs: number;
  fullToldMs: number;
  isTelling: boolean;
}

export async function openIngestKeeper(parts: KeeperParts): Promise<IngestKeeper> {
  const { clock } = parts;
  const ending = new AbortController();
  const accounts = makeAccounts();
  const receivers = makeReceivers({ clock, interrupt: (asset, text) => ingest.interrupt(asset, text) });
  const ingest = await openIngest({ ports: makePorts(parts, accounts, receivers), clock, ...(parts.limits === undefined ? {} : { limits: parts.limits }) });
  const state: State = { parts, ingest, open: new Map(), duty: undefined, shown: "", told: "", toldMs: Number.NEGATIVE_INFINITY, fullToldMs: Number.NEGATIVE_INFINITY, isTelling: false };
  let wake = (): void => undefined;
  const over = AbortSignal.any([parts.signal, ending.signal]);
  over.addEventListener("abort", () => wake(), { once: true });
  const keeping = keep(state, (next) => void (wake = next), over);
  return {
    apply: (duty) => {
      state.duty = duty;
      for (const name of accounts.apply(duty.assignments)) {
        const asset = receivers.assetOf(name);
        if (asset !== undefined) ingest.dismiss(asset, "the gateway accepts this machine no more, or no more by what it proved itself with");
      }
      wake();
    },
    forMachine: ({ name, segment, config, ingest: access }) => ({
      isEnrolled: access !== undefined,
      isHere: (url) => isDoor(url, doorsOf(state.duty?.segments ?? [], parts.listOwnAddresses()), segment.length === 0 ? [] : subnetsOf({ segment, config })),
      receive: (asset, root, handlers, signal) => receivers.receive({ name, asset, root, handlers }, signal),
    }),
    close: async () => {
      receivers.stop();
      ending.abort();
      await ingest.close();
      await keeping;
    },
  };
}

function makePorts(parts: KeeperParts, accounts: Accounts, receivers: Receivers): IngestPorts {
  return {
    authenticate: async (claim, signal) => receivers.admit(accounts.check(claim), signal),
    accept: receivers.accept,
    presence: receivers.presence,
    setApart: (source, messages, fault) => setApart(parts, source, messages, fault),
    report: makePeerReports((fault) => parts.core.peer(fault, parts.signal), parts.log),
  };
}

async function setApart({ core, signal }: KeeperParts, { machine }: Source, messages: readonly Message[], fault: Fault): Promise<void> {
  for (const { topic, payload } of messages) await core.quarantine(machine, `${topic.slice(0, 512)}: ${fault.message}`, payload.subarray(0, 65_536), signal);
}

/** Looks again whenever it is woken, and every two seconds. */
async function keep(state: State, onWake: (wake: () => void) => void, signal: AbortSignal): Promise<void> {
  const { clock, log } = state.parts;
  while (!signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>();
    onWake(resolve);
    try {
      if (state.duty !== undefined) {
        const standing = await openDoors(state, state.duty, signal);
        if (!signal.aborted) tell(state, standing, signal);
      }
    } catch (error) {
      if (!signal.aborted) log.error({ fault: asFault(error) }, "the ingest endpoint is not as it should be");
    }
    if (signal.aborted) return;
    const stop = clock.after(LOOK_MS, resolve);
    await promise;
    stop();
  }
}

/** Closes what is not wanted any more and opens what is; gives the doors with what keeps them closed. */
async function openDoors(state: State, { segments, ingestTls }: IngestDuty, signal: AbortSignal): Promise<readonly { readonly door: Door; readonly fault?: Fault }[]> {
  const { parts, ingest, open } = state;
  const doors = doorsOf(segments, parts.listOwnAddresses());
  const wanted = new Set(doors.filter(({ isTls }) => !isTls || ingestTls !== undefined).map(keyOf));
  for (const [key, { port }] of open) {
    if (wanted.has(key)) continue;
    open.delete(key);
    await port.close();
  }
  renew(state, ingestTls);
  const standing: { readonly door: Door; readonly fault?: Fault }[] = [];
  for (const door of doors) {
    if (signal.aborted) break;
    const fault = open.has(keyOf(door)) ? undefined : await openDoor(ingest, door, ingestTls, open);
    standing.push(fault === undefined ? { door } : { door, fault });
  }
  return standing;
}

async function openDoor(ingest: Ingest, door: Door, tls: IngestTls | undefined, open: Map<string, Opened>): Promise<Fault | undefined> {
  const { host, port, isTls, segment, address } = door;
  const where = `ingest ${address}:${port}`;
  if (host === undefined) return new Fault("CONFIG_INVALID", `the interface ${address} has no address in the segment ${segment}`, { where, remedy: "Plug the cable in, or give the interface an address in `network.field`." });
  if (isTls && tls === undefined) return new Fault("CONDUIT_UNAVAILABLE", "the gateway has no certificate for it yet", { where });
  try {
    open.set(keyOf(door), { door, port: await ingest.listen({ host, port, ...(isTls && tls !== undefined ? { tls } : {}) }) });
    return undefined;
  } catch (error) {
    return asFault(error, where);
  }
}

function renew(state: State, tls: IngestTls | undefined): void {
  const shown = JSON.stringify(tls ?? null);
  if (tls === undefined || shown === state.shown) return;
  state.shown = shown;
  state.ingest.renew(tls);
}

/** At most one report is on its way: the ports are kept while core is away. */
function tell(state: State, doors: readonly { readonly door: Door; readonly fault?: Fault }[], signal: AbortSignal): void {
  const { parts, ingest } = state;
  if (state.isTelling) return;
  const nowMs = parts.clock.uptimeMs();
  const listeners = doors.slice(0, 512).map(({ door: { segment, address, port, isTls }, fault }) => ({ segment, address, port, isTls, ...(fault === undefined ? {} : { fault: clip(reportFault(fault)) }) }));
  const { connections, isFull } = ingest.figures();
  const text = JSON.stringify(listeners);
  const isFullNews = isFull && nowMs - state.fullToldMs >= FULL_MS;
  if (text === state.told && !isFullNews && nowMs - state.toldMs < TELL_MS) return;
  state.isTelling = true;
  parts.core
    .ingest({ listeners, connections, isFull }, signal)
    .then(
      () => Object.assign(state, { told: text, toldMs: nowMs, fullToldMs: isFull ? nowMs : state.fullToldMs }),
      (error: unknown) => parts.log.debug({ fault: asFault(error) }, "core took no report of the ingest endpoint"),
    )
    .finally(() => void (state.isTelling = false));
}
