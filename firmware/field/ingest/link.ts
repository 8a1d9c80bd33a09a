// What belongs to one connection, its account of memory, and its end.

import type { Socket } from "node:net";
import type { Fault } from "../../../drivers/contract/fault.ts";
import { makeConnection, type Connection } from "../../protocol/mqtt-server/connection.ts";
import type { OpenSession } from "../../protocol/mqtt-server/session-table.ts";
import type { Source } from "./ports.ts";
import { nameFault } from "./reports.ts";
import type { Peer, Room } from "./room.ts";

/** What is left of a connection after its last words. */
const LINGER_MS = 500;

export interface Link {
  readonly room: Room;
  readonly socket: Socket;
  readonly peer: Peer;
  readonly connection: Connection;
  /** Aborts when the connection is gone. */
  readonly gone: AbortController;
  readonly startedMs: number;
  /** When it must have been let in. */
  deadlineMs: number;
  source: Source | undefined;
  session: OpenSession | undefined;
  keepAliveMs: number;
  heardMs: number;
  /** Since when nothing of what waits was taken; undefined while nothing waits. */
  stalledMs: number | undefined;
  isDeciding: boolean;
  isPaused: boolean;
  isDraining: boolean;
  isFlushing: boolean;
  isEnded: boolean;
  countedBytes: number;
  heldBytes: number;
  /** Deliveries that are not settled. */
  pending: number;
  whenIdle: (() => void) | undefined;
  lastError: Error | undefined;
}

export function makeLink(socket: Socket, peer: Peer, room: Room): Link {
  const nowMs = room.clock.uptimeMs();
  return {
    room,
    socket,
    peer,
    connection: makeConnection(room.limits),
    gone: new AbortController(),
    startedMs: nowMs,
    deadlineMs: nowMs + room.limits.handshakeMs,
    source: undefined,
    session: undefined,
    keepAliveMs: 0,
    heardMs: nowMs,
    stalledMs: undefined,
    isDeciding: false,
    isPaused: false,
    isDraining: false,
    isFlushing: false,
    isEnded: false,
    countedBytes: 0,
    heldBytes: 0,
    pending: 0,
    whenIdle: undefined,
    lastError: undefined,
  };
}

/** Keeps the room's account of what this connection holds in memory. */
export function count(link: Link): void {
  const { bytes, heldBytes } = link.connection.load();
  const held = link.isEnded ? 0 : heldBytes;
  if (bytes !== link.countedBytes) link.room.budget.add(bytes - link.countedBytes);
  link.countedBytes = bytes;
  if (held !== link.heldBytes) {
    const more = held - link.heldBytes;
    link.heldBytes = held;
    link.room.held.add(more);
  }
}

/** The connection is over, whoever ended it. A session that was not closed before it was lost: its will is due. */
export function finish(link: Link, lastWords: Buffer | undefined, fault: Fault | undefined): void {
  if (link.isEnded) return;
  link.isEnded = true;
  const { socket, room, source } = link;
  link.gone.abort();
  link.session?.close({ isWillDue: true });
  count(link);
  // What still comes is read and dropped: unread bytes would turn the end into a reset, and the last words were lost.
  socket.removeAllListeners("data").resume();
  if (socket.writableLength > room.limits.maxUnsentBytes) socket.destroy();
  else if (!socket.destroyed) {
    socket.end(lastWords ?? "");
    const stop = room.clock.after(LINGER_MS, () => socket.destroy());
    socket.once("close", stop);
  }
  if (source !== undefined) room.ports.presence?.(source, false, fault === undefined ? undefined : name(link, fault));
}

export function report(link: Link, fault: Fault): void {
  link.room.report(name(link, fault), { address: link.peer.address });
}

export function name({ peer, source }: Link, fault: Fault): Fault {
  const address = peer.address.includes(":") ? `[${peer.address}]` : peer.address;
  return nameFault(fault, { address: `${address}:${peer.port}`, machine: source?.machine, clientId: source?.clientId });
}
