// The events that a machine keeps, read page by page after the cursor: the only thing that moves the cursor, because only the list has the machine's order.

import { createHash } from "node:crypto";
import { fillPath, isMismatch } from "../../firmware/protocol/miko-mapping.ts";
import type { Accept, DriverContext } from "../contract/driver.ts";
import { Fault } from "../contract/fault.ts";
import type { EventReading } from "../contract/reading.ts";
import { moveTo, readCursor, startCursor, type Cursor } from "./cursor.ts";
import { arrivalOf, misfit, type Machine } from "./machine.ts";

export interface EventList {
  /** Gives every event after the cursor to `accept`, oldest first, and moves the cursor with them. Throws a Fault where the machine cannot be read. */
  catchUp(accept: Accept, signal: AbortSignal): Promise<void>;
  /** An event is durable that came by publish: the list does not give it again. */
  remember(id: string): void;
  /** The session's name at the broker, durable before it is used. */
  claimClientId(accept: Accept): Promise<string>;
}

const MAX_REMEMBERED = 4096;
/** Events committed at a time; each portion carries its own move of the cursor. */
const PORTION = 250;
/** A machine that never comes to an end of its list gets the others their turn. */
const MAX_PAGES = 1000;

export function openEventList(machine: Machine, context: DriverContext): EventList {
  const place: Place = { machine, context, cursor: readCursor(context.cursor(machine.asset)), remembered: new Set() };
  return {
    remember: (id) => remember(place, id),
    catchUp: async (accept, signal) => {
      if (machine.profile.request.events === undefined) return;
      for (let page = 0; page < MAX_PAGES && (await takePage(place, accept, signal)); page += 1) signal.throwIfAborted();
    },
    claimClientId: async (accept) => {
      if (place.cursor === undefined) await commit(place, [], startCursor(), accept);
      return (place.cursor ?? startCursor()).clientId;
    },
  };
}

/** Where in the machine's list we are. */
interface Place {
  readonly machine: Machine;
  readonly context: DriverContext;
  cursor: Cursor | undefined;
  /** Ids of events that are durable, and marks of items that were set apart. */
  readonly remembered: Set<string>;
}

function remember({ remembered }: Place, id: string): void {
  remembered.add(id);
  if (remembered.size <= MAX_REMEMBERED) return;
  const [oldest] = remembered;
  if (oldest !== undefined) remembered.delete(oldest);
}

async function commit(place: Place, events: readonly EventReading[], next: Cursor, accept: Accept): Promise<void> {
  await accept(events, moveTo(place.machine.asset, next));
  place.cursor = next;
  for (const { event } of events) remember(place, event.id);
}

/** True while there may be more. */
async function takePage(place: Place, accept: Accept, signal: AbortSignal): Promise<boolean> {
  const { machine, context } = place;
  const items = await askEvents(machine, place.cursor?.after, context, signal);
  let hasMoved = items.length === 0;
  for (let start = 0; start < items.length; start += PORTION) hasMoved = (await takePortion(place, items.slice(start, start + PORTION), accept)) || hasMoved;
  if (!hasMoved) context.report(misfit(machine.url, machine.profile.request.events?.path ?? "", `the events after ${JSON.stringify(place.cursor?.after)} lead no further`));
  return items.length > 0 && hasMoved;
}

/** True when the cursor moved. */
async function takePortion(place: Place, items: readonly unknown[], accept: Accept): Promise<boolean> {
  const { machine, context } = place;
  const events: EventReading[] = [];
  const arrival = arrivalOf(machine.asset, context);
  for (const item of items) {
    const event = machine.mapping.listedEvent?.(item, arrival);
    if (event === undefined || isMismatch(event)) await setApart(place, item, event?.mismatch ?? "the profile maps no events");
    else events.push(event);
  }
  const last = events.at(-1)?.event.id;
  const before = place.cursor ?? startCursor();
  if (last === undefined || last === before.after) return false;
  await commit(place, events.filter(({ event }) => !place.remembered.has(event.id)), { ...before, after: last }, accept);
  return true;
}

async function setApart(place: Place, item: unknown, reason: string): Promise<void> {
  const { machine, context, remembered } = place;
  const payload = Buffer.from(JSON.stringify(item) ?? "").subarray(0, 65_536);
  // The list shows the same item again and again; it is kept once.
  const mark = `unmappable ${createHash("sha256").update(payload).digest("base64")}`;
  if (remembered.has(mark)) return;
  await context.quarantine(machine.asset, `${machine.profile.request.events?.path ?? ""}: ${reason}`, payload);
  remember(place, mark);
}

async function askEvents(machine: Machine, after: string | undefined, context: DriverContext, signal: AbortSignal): Promise<readonly unknown[]> {
  const events = machine.profile.request.events;
  if (events === undefined) return [];
  const first = await machine.requests.get(after === undefined ? events.firstPath : fillPath(events.path, "{after}", after), after === undefined ? [] : [404, 410], signal);
  if (first.status !== 200) {
    context.report(new Fault("PEER_PROTOCOL", `no longer knows the event ${JSON.stringify(after)}; its events are read from the oldest that it keeps`, { where: machine.url }));
  }
  const { document } = first.status === 200 ? first : await machine.requests.get(events.firstPath, [], signal);
  const items = machine.mapping.events(document);
  if (isMismatch(items)) throw misfit(machine.url, events.path, items.mismatch);
  return items;
}
