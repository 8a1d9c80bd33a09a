// One lane of the uplink on one connection: leases in order, sends several ahead, settles each on its acknowledgement.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { Lane } from "../../conduit/cloud.ts";
import type { CloudLink } from "../../config/cloud-section.ts";
import { bisect } from "./bisect.ts";
import { CONTENT_REASONS } from "./broker-fault.ts";
import type { Blame } from "./blame.ts";
import type { Answer, Connection } from "./connection.ts";
import { makeDrainPace } from "./drain-pace.ts";
import type { Lease, LeaseDesk, LeaseRequest } from "./lease-desk.ts";
import { openOf } from "./outlet.ts";
import type { Outlet } from "./outlet.ts";
import { envelopeBytes } from "./payload.ts";
import { makePermits } from "./permits.ts";
import { splitReadings } from "./split-readings.ts";
import type { Suspects } from "./suspects.ts";
import type { Target } from "./target.ts";
import type { Timing } from "./timing.ts";

export interface LanePorts {
  readonly clock: Clock;
  readonly timing: Timing;
  readonly desk: LeaseDesk;
  readonly connection: Connection;
  readonly outlet: Outlet;
  readonly suspects: Suspects;
  readonly blame: Blame;
  readonly target: Target;
  readonly gateway: string;
  readonly batch: CloudLink["batch"];
  readonly backlogPerSecond: number;
}

const LEAST_LEASE_BYTES = 1024;

/** Runs until the signal aborts and everything it leased is settled. Rejects when core refuses a lease or a settlement. */
export async function runLane(lane: Lane, ports: LanePorts, signal: AbortSignal): Promise<void> {
  const { desk, outlet, blame, batch } = ports;
  const slots = makePermits(batch.inFlight);
  const pacing = lane === "backlog" ? makePacing(ports) : undefined;
  const running = new Set<Promise<void>>();
  const failure = new AbortController();
  const ended = AbortSignal.any([signal, failure.signal]);
  // While a refused batch is being searched, nothing newer of this lane overtakes it.
  let search = Promise.resolve();
  const track = (task: Promise<void>): void => {
    const tracked = task.catch((error: unknown) => failure.abort(error)).finally(() => running.delete(tracked));
    running.add(tracked);
  };
  const searchThrough = (lease: Lease): Promise<void> => (search = search.then(() => searchLease(lease, ports, signal)));
  const conclude = async (lease: Lease, sending: Promise<Answer>): Promise<void> => {
    const answer = await sending;
    if (answer.kind === "confirmed") await desk.settle(lease, { accepted: lease.head.ranges });
    else if (answer.kind === "refused" && CONTENT_REASONS.has(answer.code)) await searchThrough(lease);
    else {
      if (answer.kind === "refused") outlet.refuse(answer.code, answer.reason);
      await desk.keep(lease);
    }
  };
  const dispatch = async (lease: Lease): Promise<void> => {
    const open = openOf(lease);
    const ready = blame.holdsKnown(lease.head) ? "known" : await outlet.prepare(open, lease.body, ended);
    if (ready === undefined) track(desk.keep(lease).finally(slots.release));
    else if (typeof ready === "string") track(searchThrough(lease).finally(slots.release));
    else track(conclude(lease, pacing === undefined ? outlet.send(ready) : pacing.send(lease, ready.payload.length, () => outlet.send(ready))).finally(slots.release));
  };
  while (await slots.acquire(ended)) {
    await search;
    const maxBytes = (await pacing?.room(ended)) ?? batch.maxBytes;
    const lease = ended.aborted ? undefined : await desk.take(leaseRequest(lane, maxBytes, ports), ended);
    await search;
    if (lease === undefined) slots.release();
    else await dispatch(lease);
  }
  while (running.size > 0) await Promise.all(running);
  if (failure.signal.aborted) throw failure.signal.reason;
}

function leaseRequest(lane: Lane, maxBytes: number, { batch, blame, timing, connection, gateway }: LanePorts): LeaseRequest {
  const room = Math.min(maxBytes, batch.maxBytes, connection.maxPacketBytes) - envelopeBytes(gateway);
  return { lane, maxCount: Math.min(batch.maxCount, blame.maxCount), maxBytes: Math.max(LEAST_LEASE_BYTES, Math.floor(room)), lingerMs: batch.lingerMs, waitMs: timing.leaseWaitMs };
}

async function searchLease(lease: Lease, ports: LanePorts, signal: AbortSignal): Promise<void> {
  const { desk, outlet, suspects, blame, connection, target } = ports;
  const { stream } = lease.head;
  const verdict = await bisect(splitReadings(lease.body), {
    send: async (pieces) => {
      const answer = await outlet.sendPieces(lease, pieces, signal);
      if (answer.kind === "refused" && !CONTENT_REASONS.has(answer.code)) outlet.refuse(answer.code, answer.reason);
      return answer;
    },
    hold: (range, reason) => suspects.hold({ lease, range, reason, after: outlet.lastNumber() }),
    isKnown: (piece) => blame.known(stream, piece.range[0]),
    isContent: (code) => CONTENT_REASONS.has(code),
  });
  await desk.settle(lease, verdict);
  if (!suspects.isLink()) return;
  blame.forgetAll();
  connection.breakOff(new Fault("ACCESS_DENIED", "the broker refuses every reading, one by one as well, so it is not the readings; they are kept", { where: target.address, remedy: "Look into the broker's log and its rules for telemetry topics; it is tried again every few minutes." }));
}

interface Pacing {
  /** Waits until the backlog may send, and says how many bytes. */
  room(signal: AbortSignal): Promise<number>;
  send(lease: Lease, bytes: number, send: () => Promise<Answer>): Promise<Answer>;
}

function makePacing({ clock, batch, backlogPerSecond, connection }: LanePorts): Pacing {
  const pace = makeDrainPace({ clock, perSecond: backlogPerSecond, maxBytes: batch.maxBytes, inFlight: batch.inFlight });
  let wake = (): void => undefined;
  const nextConfirmation = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        signal.removeEventListener("abort", wake);
        resolve();
      };
      signal.addEventListener("abort", wake, { once: true });
    });
  return {
    room: async (signal) => {
      while (!signal.aborted && (pace.budget() === 0 || connection.unsentBytes() > batch.maxBytes)) await nextConfirmation(signal);
      // An abort ends the wait; the loop looks at the signal next.
      if (pace.waitMs() >= 1) await clock.sleep(pace.waitMs(), signal).catch(() => undefined);
      return pace.budget();
    },
    send: async (lease, bytes, send) => {
      const sentMs = clock.uptimeMs();
      pace.sent(lease.head.count, bytes);
      const answer = await send();
      pace.confirmed(bytes, clock.uptimeMs() - sentMs);
      wake();
      return answer;
    },
  };
}
