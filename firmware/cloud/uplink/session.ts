// What runs on one connection: the lanes and the documents, until it ends or the uplink is told to stop.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault } from "../../../drivers/contract/fault.ts";
import type { Fault } from "../../../drivers/contract/fault.ts";
import { LANES } from "../../conduit/cloud.ts";
import type { cloudConduit } from "../../conduit/cloud.ts";
import type { CloudLink } from "../../config/cloud-section.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";
import type { Log } from "../../runtime/journal.ts";
import type { Names } from "../names/names.ts";
import type { Blame, Open } from "./blame.ts";
import type { Connection } from "./connection.ts";
import type { LeaseDesk } from "./lease-desk.ts";
import { makeDocuments, offlineWill, tellDocument } from "./documents.ts";
import { runLane } from "./lanes.ts";
import { makeOutlet } from "./outlet.ts";
import { makeSuspects } from "./suspects.ts";
import type { Target } from "./target.ts";
import { reportTasks } from "./task-reports.ts";
import type { Timing } from "./timing.ts";

export interface UplinkSettings {
  readonly gateway: string;
  readonly version: string;
  readonly link: CloudLink;
  readonly secrets: Readonly<Record<string, string>>;
}

export interface UplinkPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly timing: Timing;
  readonly names: Names;
  readonly core: ConduitClient<typeof cloudConduit>;
  readonly desk: LeaseDesk;
}

/** Why the connection ended. */
export interface SessionEnd {
  readonly fault: Fault;
  /** True when the next attempt is part of the search for the reading at which the broker closes. */
  readonly isSearching: boolean;
}

/** What a session runs with. `blame` outlives it. */
export interface SessionSetting {
  readonly connection: Connection;
  readonly target: Target;
  readonly settings: UplinkSettings;
  readonly blame: Blame;
}

/** Resolves when the connection has ended and everything leased on it is settled. Rejects when core refuses what it was told. */
export async function runSession({ connection, target, settings, blame }: SessionSetting, ports: UplinkPorts, signal: AbortSignal): Promise<SessionEnd> {
  const { clock, log, timing, desk } = ports;
  const { link, gateway, version } = settings;
  const suspects = makeSuspects(desk, ({ range, lease, reason }) => {
    const isConvicted = blame.convicts(lease.head.stream, range[0]);
    if (isConvicted) log.warn({ stream: lease.head.stream, first: range[0], last: range[1], reason }, "the broker takes everything but this reading; it is set apart");
    return isConvicted;
  });
  const outlet = makeOutlet({ connection, target, gateway, compression: link.compression, blame, suspects });
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  void connection.closed.then(() => over.abort());
  const lanePorts = { clock, timing, desk, connection, outlet, suspects, blame, target, gateway, batch: link.batch, backlogPerSecond: link.backlogPerSecond };
  const lanes = link.order === "strict" ? (["live"] as const) : LANES;
  const broken = (error: unknown): never => {
    connection.breakOff(asFault(error));
    throw error;
  };
  const documents = makeDocuments(connection, { clock, log, timing, core: ports.core, gateway, version });
  let isPastDocuments = !blame.mayPublishDocuments;
  // Before the telemetry, so that a broker that closes at a document is not taken for one that closes at a reading.
  const runAll = async (): Promise<void> => {
    const mayPublish = blame.mayPublishDocuments;
    if (mayPublish) await documents.first(ended);
    isPastDocuments ||= connection.isOpen();
    const work = [...lanes.map((lane) => runLane(lane, lanePorts, ended)), ...(mayPublish ? [documents.run(ended), reportTasks(connection, { core: ports.core, gateway, log }, ended)] : [])];
    const failed = (await Promise.allSettled(work.map((task) => task.catch(broken)))).find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  };
  const done = Promise.allSettled([runAll().catch(broken)]);
  await Promise.race([connection.closed, aborted(signal)]);
  if (signal.aborted) await sayFarewell(connection, done, settings, ports);
  const fault = await connection.closed;
  const [result] = await done;
  await suspects.keepAll();
  if (result.status === "rejected") throw result.reason;
  const isAtDocuments = !signal.aborted && !isPastDocuments && (isClosing(fault) || fault.kind === "denied");
  if (isAtDocuments) await tellDocument(ports.core, "inventory", fault, signal);
  return { fault, isSearching: !signal.aborted && isSearch(fault, isAtDocuments, outlet.lost, blame) };
}

/** Only a close by the peer says something about what was sent; a silence or our own end does not. */
function isSearch(fault: Fault, isAtDocuments: boolean, lost: readonly Open[], blame: Blame): boolean {
  if (isAtDocuments) {
    blame.documentsClosed();
    return true;
  }
  return isClosing(fault) && blame.closed(lost);
}

/** What is in flight gets a moment to be confirmed, so that a stop makes no repeats; then the broker hears that we go. */
async function sayFarewell(connection: Connection, done: Promise<unknown>, settings: UplinkSettings, { clock, timing }: UplinkPorts): Promise<void> {
  await withinMs(done, timing.farewellMs, clock);
  const { topic, payload } = offlineWill(settings.gateway, settings.version);
  await withinMs(connection.publish(topic, payload, { retain: true }), timing.farewellMs / 3, clock);
  await connection.end();
}

function isClosing({ code }: Fault): boolean {
  return code === "PEER_CLOSED" || code === "PEER_PROTOCOL" || code === "PEER_LIMIT";
}

async function withinMs(promise: Promise<unknown>, ms: number, clock: UplinkPorts["clock"]): Promise<void> {
  const late = Promise.withResolvers<void>();
  const stopTimer = clock.after(ms, late.resolve);
  await Promise.race([promise, late.promise]);
  stopTimer();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
