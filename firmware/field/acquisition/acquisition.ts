// One assignment's life: open, identify to core, subscribe; and after a fault what its kind asks for. It shares nothing with the others but the batcher.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Accept, Driver, DriverContext, DriverIngest, Session } from "../../../drivers/contract/driver.ts";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import { assetIdOf, type AssetId } from "../../../drivers/contract/identity.ts";
import type { Assignment } from "../../conduit/source.ts";
import { makeBackoff } from "../../runtime/backoff.ts";
import type { Log } from "../../runtime/journal.ts";
import type { Batcher } from "../reading-batcher.ts";
import { withDeadline } from "./deadline.ts";
import type { LinkReport } from "./link-report.ts";
import { listPoints, tellPoints } from "./point-list.ts";
import type { Core } from "./core.ts";
import type { Sessions } from "./sessions.ts";

export interface AcquisitionParts {
  readonly drivers: readonly Driver<unknown>[];
  readonly core: Core;
  readonly batcher: Batcher;
  readonly clock: Clock;
  readonly log: Log;
  /** The sessions with accepted machines, for whoever else has something to ask of them. */
  readonly sessions?: Sessions;
  /** The gateway's own endpoint as the machine's driver may use it. */
  ingestFor?(assignment: Assignment): DriverIngest;
}

/** Delays between attempts: with the connection itself, a machine that is back is read again within 5 s. */
const RETRY = { firstMs: 100, maxMs: 3000, stableMs: 10_000 };
const MAX_DEFECTS = 3;
const OPEN_LIMIT_MS = 120_000;
const CLOSE_LIMIT_MS = 3000;
/** How often core is asked again about a machine that nobody has accepted yet. */
const PENDING_MS = 5000;

/** Runs until the signal aborts, or until a fault says that trying again is useless. Never rejects. */
export async function acquire(assignment: Assignment, link: LinkReport, parts: AcquisitionParts, signal: AbortSignal): Promise<void> {
  const { clock } = parts;
  const log = parts.log.child(assignment.name);
  const scope: Scope = { log, link, cursors: new Map(Object.entries(assignment.cursors)) };
  const backoff = makeBackoff(RETRY);
  for (let defects = 0; !signal.aborted; ) {
    const startMs = clock.uptimeMs();
    const fault = await attempt(assignment, parts, scope, signal);
    if (signal.aborted) return;
    if (fault.kind === "defect") defects += 1;
    const isFinal = fault.kind === "config" || fault.kind === "denied" || fault.kind === "permanent" || defects > MAX_DEFECTS;
    // Core turns the points bad when it is told of the loss: no good value may come after that, and none of the following connection before.
    await orAborted(parts.batcher.settled(assignment.name), signal);
    const isNews = link.state(isFinal ? "stopped" : "lost", fault);
    if (isFinal) log.error({ fault }, "reading stopped");
    else log[isNews ? "warn" : "debug"]({ fault }, "the machine is lost");
    if (isFinal) return;
    await orAborted(link.told(), signal);
    const ranMs = clock.uptimeMs() - startMs;
    // An attempt that waited for a silent machine has used up half its delay; not all, or a busy zone would only try faster.
    const delayMs = backoff.nextMs(ranMs);
    await clock.sleep(Math.max(delayMs / 2, delayMs - ranMs), signal).catch(() => undefined);
  }
}

interface Scope {
  readonly log: Log;
  readonly link: LinkReport;
  /** Durable cursors by asset, as core said and accept moved them. */
  readonly cursors: Map<AssetId, string>;
}

async function attempt(assignment: Assignment, parts: AcquisitionParts, scope: Scope, signal: AbortSignal): Promise<Fault> {
  let session: Session | undefined;
  try {
    scope.link.state("connecting");
    const driver = parts.drivers.find(({ id }) => id === assignment.driver);
    if (driver === undefined) throw new Fault("NOT_SUPPORTED", `there is no driver "${assignment.driver}" here`, { where: assignment.name });
    const context = makeContext(assignment, parts, scope, signal);
    session = await withDeadline(`driver ${driver.id}: open`, OPEN_LIMIT_MS, parts.clock, signal, (limited) => driver.open(assignment.config, context, limited));
    await follow(session, assignment, parts, scope, signal);
    throw new Fault("PEER_CLOSED", "the driver ended without a reason", { where: assignment.name });
  } catch (error) {
    return asFault(error, assignment.name);
  } finally {
    if (session !== undefined) await closeSession(session, parts, scope.log);
  }
}

async function follow(session: Session, assignment: Assignment, parts: AcquisitionParts, scope: Scope, signal: AbortSignal): Promise<void> {
  const hasPoints = await identify(session, assignment, parts, scope, signal);
  const subscribe = session.subscribe?.bind(session);
  if (subscribe === undefined) throw new Fault("NOT_SUPPORTED", `driver "${assignment.driver}" supplies nothing by itself`, { where: assignment.name });
  const { clock, batcher } = parts;
  let isConnected = false;
  const noteConnected = (): void => {
    if (isConnected) return;
    isConnected = true;
    scope.link.state("connected");
    scope.log.info({}, "connected");
  };
  // A machine without a single point has no first reading to show that it is there.
  const stop = hasPoints ? () => undefined : clock.after(PENDING_MS, noteConnected);
  const accept: Accept = async (readings, moved) => {
    await batcher.add(assignment.name, readings, moved);
    if (moved !== undefined) scope.cursors.set(moved.asset, moved.cursor);
    if (readings.length > 0) noteConnected();
  };
  const leave = parts.sessions?.enter(assignment.name, session);
  try {
    await withDeadline(`driver ${assignment.driver}: subscribe`, Number.POSITIVE_INFINITY, clock, signal, (limited) => subscribe(accept, limited));
  } finally {
    leave?.();
    stop();
  }
}

/** Tells core what was found; resolves when at least one of the assets is accepted, with whether any of them has points. */
async function identify(session: Session, assignment: Assignment, parts: AcquisitionParts, scope: Scope, signal: AbortSignal): Promise<boolean> {
  const found = await Promise.all(session.assets.map(async (nameplate) => ({ nameplate, list: listPoints(assetIdOf(nameplate), await session.browse(assetIdOf(nameplate), signal)) })));
  for (;;) {
    const { accepted, wanted, cursors } = await parts.core.identify({ assignment: assignment.name, address: addressOf(assignment), assets: found.map(({ nameplate, list }) => ({ nameplate, points: list.digest })) }, signal);
    for (const [asset, cursor] of Object.entries(cursors)) scope.cursors.set(asset, cursor);
    const lists = found.map(({ list }) => list).filter(({ asset }) => wanted.includes(asset));
    if (accepted.length > 0 && (await tellPoints(parts.core, assignment.name, lists, signal))) return found.some(({ list }) => list.pages.some(({ points }) => points.length > 0));
    scope.log.debug({}, "waits to be accepted");
    await parts.clock.sleep(PENDING_MS, signal);
  }
}

/** Resolves with the promise or the abort, whichever is first. */
async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  signal.addEventListener("abort", stop, { once: true });
  if (!signal.aborted) await Promise.race([promise, aborted]);
  signal.removeEventListener("abort", stop);
}

async function closeSession(session: Session, { clock }: AcquisitionParts, log: Log): Promise<void> {
  const never = new AbortController().signal;
  await withDeadline("driver: close", CLOSE_LIMIT_MS, clock, never, () => session.close()).catch((error: unknown) => log.error({ fault: asFault(error) }, "a session did not close"));
}

function makeContext(assignment: Assignment, parts: AcquisitionParts, { log, link, cursors }: Scope, signal: AbortSignal): DriverContext {
  // One at a time: a machine that sends nothing but nonsense does not crowd out the others at core.
  let last: Promise<unknown> = Promise.resolve();
  return {
    clock: parts.clock,
    log,
    segment: assignment.segment,
    secret: (name) => {
      const text = assignment.secrets[name];
      if (text === undefined) throw new Fault("SECRET_MISSING", `secret "${name}" is not set`, { where: assignment.name, remedy: `Set it with \`weir secret set ${name}\`.` });
      return text;
    },
    cursor: (asset) => cursors.get(asset),
    quarantine: (asset, reason, payload) => {
      const turn = last.then(() => parts.core.quarantine(asset, reason, payload, signal));
      last = turn.catch(() => undefined);
      return turn;
    },
    ...(parts.ingestFor === undefined ? {} : { ingest: parts.ingestFor(assignment) }),
    arrivesBy: (via) => link.arrivesBy(via),
    report: (fault) => {
      log.warn({ fault }, "something about the machine is not right");
      link.advise(fault);
    },
  };
}

function addressOf({ config, name }: Assignment): string {
  if (typeof config !== "object" || config === null) return name;
  const { url, address } = config as { readonly url?: unknown; readonly address?: unknown };
  const found = url ?? address;
  return typeof found === "string" ? found.slice(0, 512) : name;
}
