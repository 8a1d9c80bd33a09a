// Does what core orders of the machines of this zone: one at a time for each machine, a few in all, until core wants it no more.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Session } from "../../../drivers/contract/driver.ts";
import { asFault, Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { InputOf } from "../../conduit/route.ts";
import type { Order, sourceConduit } from "../../conduit/source.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";
import type { Log } from "../../runtime/journal.ts";
import { withDeadline } from "../acquisition/deadline.ts";
import type { Sessions } from "../acquisition/sessions.ts";
import { Gate } from "./gate.ts";
import { readSnapshots, writeSnapshots } from "./snapshot-text.ts";

export interface OrderParts {
  readonly client: Pick<ConduitClient<typeof sourceConduit>, "call">;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly log: Log;
}

type Progress = InputOf<typeof sourceConduit.orderProgress>;

const WAIT_MS = 30_000;
const RETRY_MS = 1000;
/** How often a machine that is lost in the middle is asked anew. */
const MOST_TRIES = 3;
/** Machines that are asked at one time: an order beside the readings, not instead of them. */
const AT_ONCE = 2;
const MOST_MS = 600_000;
/** In base64 what one request takes. */
const PIECE_BYTES = 196_608;

/** Until the signal aborts. What is not in core's list any more is ended. Never rejects. */
export async function followOrders(parts: OrderParts, signal: AbortSignal): Promise<void> {
  const running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();
  const gate = new Gate(AT_ONCE);
  // An answer that was on its way when an order ended may still have it.
  const ended = new Set<string>();
  let after = 0;
  while (!signal.aborted) {
    try {
      const { revision, orders } = await parts.client.call("orders", { after, waitMs: WAIT_MS }, signal);
      after = revision;
      const wanted = new Set(orders.map(({ id }) => id));
      for (const [id, { abort }] of running) if (!wanted.has(id)) abort.abort();
      for (const id of ended) if (!wanted.has(id)) ended.delete(id);
      for (const order of orders) {
        if (running.has(order.id) || ended.has(order.id)) continue;
        const abort = new AbortController();
        const done = doOrder(order, parts, gate, AbortSignal.any([signal, abort.signal])).finally(() => {
          running.delete(order.id);
          ended.add(order.id);
        });
        running.set(order.id, { abort, done });
      }
    } catch (error) {
      if (signal.aborted) break;
      parts.log.warn({ fault: asFault(error) }, "core gives no orders");
      await parts.clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
  await Promise.all([...running.values()].map(({ done }) => done));
}

async function doOrder(order: Order, parts: OrderParts, gate: Gate, signal: AbortSignal): Promise<void> {
  for (let tries = 1; !signal.aborted; tries += 1) {
    try {
      await parts.sessions.wait(order.assignment, signal);
      return await gate.through(() => takeSnapshot(order, parts, signal), signal);
    } catch (error) {
      if (signal.aborted || isFault(error, "NOT_FOUND")) return;
      const fault = asFault(error, order.assignment);
      parts.log.warn({ fault, order: order.id }, "an order met a fault");
      if (fault.kind !== "transient" || tries >= MOST_TRIES) return tellFailed(order, parts, fault, signal);
      await parts.clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

async function takeSnapshot({ id, assignment }: Order, parts: OrderParts, signal: AbortSignal): Promise<void> {
  const { clock } = parts;
  const session = await parts.sessions.wait(assignment, signal);
  const tell = makeTeller(id, parts, signal);
  await tell({ state: "running", progress: 0, words: `It asks ${assignment}.` });
  const taken = new Date(clock.now()).toISOString();
  const snapshots = await readInTime(session, tell.soon, clock, signal);
  const name = `${assignment.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, 64)}-${taken.slice(0, 19).replaceAll(":", "")}.json`;
  let offset = 0;
  let gathered: Buffer[] = [];
  const send = async (): Promise<void> => {
    const bytes = Buffer.concat(gathered);
    gathered = [];
    for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
      const piece = bytes.subarray(from, from + PIECE_BYTES);
      await tell({ state: "running", progress: 0.95, words: "It hands over what it read.", result: { name, type: "application/json", offset, base64: piece.toString("base64") } });
      offset += piece.length;
    }
  };
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  for await (const text of writeSnapshots(snapshots, { assignment, taken, turn })) {
    gathered.push(Buffer.from(text, "utf8"));
    if (gathered.reduce((sum, { length }) => sum + length, 0) >= PIECE_BYTES) await send();
  }
  await send();
  await tell({ state: "done", progress: 1, words: describe(snapshots), result: { name, type: "application/json", offset, base64: "" } });
}

/** A machine that gives without end is no reason to ask it for ever. */
async function readInTime(session: Session, soon: (fraction: number) => void, clock: Clock, signal: AbortSignal): Promise<Awaited<ReturnType<typeof readSnapshots>>> {
  const untilMs = clock.uptimeMs() + MOST_MS;
  try {
    return await withDeadline("driver: snapshot", MOST_MS, clock, signal, (limited) => readSnapshots(session, soon, limited));
  } catch (error) {
    if (signal.aborted || clock.uptimeMs() < untilMs) throw error;
    throw new Fault("PEER_LIMIT", `it did not give all of it within ${MOST_MS / 60_000} minutes`, { cause: error });
  }
}

function describe(snapshots: Awaited<ReturnType<typeof readSnapshots>>): string {
  const missing = new Set([...snapshots.values()].flatMap((parts) => Object.entries(parts).flatMap(([name, part]) => ("missing" in part ? [name] : []))));
  return missing.size === 0 ? "All parts were read." : `Without ${[...missing].join(", ")}: the file says why.`;
}

interface Teller {
  /** Throws CANCELLED where core wants it no more. */
  (progress: Omit<Progress, "id">): Promise<void>;
  /** A fraction on the way; told unless the one before is still on its way. */
  soon(fraction: number): void;
}

function makeTeller(id: string, { client }: OrderParts, signal: AbortSignal): Teller {
  let soon: Promise<unknown> | undefined;
  const tell = async (progress: Omit<Progress, "id">): Promise<void> => {
    await soon;
    const { isCancelled } = await client.call("orderProgress", { id, ...progress }, signal);
    if (isCancelled) throw new Fault("NOT_FOUND", "the order is wanted no more", { where: id });
  };
  const tellSoon = (fraction: number): void => {
    soon ??= client.call("orderProgress", { id, state: "running", progress: Math.min(0.95, fraction), words: "It reads the machine." }, signal).catch(() => undefined).finally(() => (soon = undefined));
  };
  return Object.assign(tell, { soon: tellSoon });
}

async function tellFailed({ id }: Order, { client, log }: OrderParts, fault: Fault, signal: AbortSignal): Promise<void> {
  await client.call("orderProgress", { id, state: "failed", progress: 0, words: fault.toString().slice(0, 2048) }, signal).catch((error: unknown) => log.warn({ fault: asFault(error) }, "the end of an order was not told"));
}
