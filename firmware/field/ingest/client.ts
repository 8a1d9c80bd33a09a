// One connection: the socket on one side, the protocol's state machine on the other, and between them back-pressure both ways.

import type { Socket } from "node:net";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import type { Turn } from "../../protocol/mqtt-server/connection.ts";
import { REASON } from "../../protocol/mqtt-server/reason.ts";
import type { ConnectRequest } from "../../protocol/mqtt-server/read-connect.ts";
import type { Delivery, Receipt } from "../../protocol/mqtt-server/window.ts";
import { decide } from "./decide.ts";
import { count, finish, makeLink, name, report, type Link } from "./link.ts";
import type { Client, Peer, Room } from "./room.ts";

/** Serves the socket until either side ends it; adds itself to the room's clients and goes from them. */
export function serveClient(socket: Socket, peer: Peer, room: Room): void {
  const link = makeLink(socket, peer, room);
  const gone = Promise.withResolvers<void>();
  const client: Client = {
    get source() {
      return link.isEnded ? undefined : link.source;
    },
    get heldBytes() {
      return link.heldBytes;
    },
    gone: gone.promise,
    adjust: () => adjust(link),
    pushCommands: () => pushCommands(link),
    sweep: (now) => sweep(link, now),
    end: (reasonCode, text, fault) => end(link, reasonCode, text, fault),
    drain: () => drain(link),
  };
  room.clients.add(client);
  socket.on("data", (chunk: Buffer) => {
    link.heardMs = room.clock.uptimeMs();
    apply(link, link.connection.receive(chunk));
  });
  socket.on("drain", () => {
    adjust(link);
    pushCommands(link);
  });
  socket.on("error", (error) => void (link.lastError = error));
  socket.once("close", () => {
    finish(link, undefined, new Fault("PEER_CLOSED", link.lastError === undefined ? "closed the connection without a word" : `lost the connection (${link.lastError.message})`));
    room.clients.delete(client);
    gone.resolve();
  });
}

/** Does what the bytes came to. */
export function apply(link: Link, turn: Turn): void {
  write(link, turn.send);
  for (const event of turn.events) {
    switch (event.kind) {
      case "connect":
        void letInOrNot(link, event.request);
        break;
      case "publish":
        take(link, event.delivery);
        break;
      case "filtersRefused":
        report(link, new Fault("ACCESS_DENIED", `asks for ${event.filters.slice(0, 3).map(quote).join(", ")}, which it may not subscribe to`, { remedy: "Let the machine subscribe only to <root>/commands and below." }));
        break;
      case "goodbye":
        link.session?.close({ isWillDue: event.isWillDue, expirySeconds: event.sessionExpirySeconds });
        finish(link, undefined, undefined);
        break;
      case "broken":
        report(link, event.fault);
        finish(link, undefined, event.fault);
        break;
    }
  }
  count(link);
  adjust(link);
}

async function letInOrNot(link: Link, request: ConnectRequest): Promise<void> {
  link.isDeciding = true;
  const next = await decide(link, request);
  link.isDeciding = false;
  if (next !== undefined) apply(link, next);
}

function take(link: Link, delivery: Delivery): void {
  const durable = handOver(link, delivery);
  if (durable !== undefined) follow(link, delivery.receipt, durable);
}

function handOver(link: Link, { messages, refused }: Delivery): Promise<unknown> | undefined {
  const { source, room, connection } = link;
  if (source === undefined) return undefined;
  const [first] = refused;
  const accepted = messages.length > 0 ? attempt(() => room.ports.accept(source, messages)) : undefined;
  if (first === undefined) return accepted;
  const fault = new Fault("ACCESS_DENIED", `publishes to ${quote(first.topic)}, beside its root ${quote(source.root)}`, { remedy: "Correct the topic at the machine." });
  report(link, fault);
  return Promise.all([accepted, connection.isVersion5 ? undefined : attempt(() => room.ports.setApart(source, refused, name(link, fault)))]);
}

/** Apart from `handOver`, so that what waits here holds the receipt only and not the messages. */
function follow(link: Link, receipt: Receipt, durable: Promise<unknown>): void {
  link.pending += 1;
  durable.then(
    () => settle(link, receipt),
    (error: unknown) => {
      forget(link, receipt);
      if (link.isEnded) report(link, asFault(error));
      end(link, REASON.serverBusy, "the gateway could not keep the message; send it again", asFault(error));
    },
  );
}

async function attempt(work: () => Promise<unknown>): Promise<unknown> {
  return work();
}

function settle(link: Link, receipt: Receipt): void {
  forget(link, receipt);
  if (link.isFlushing) return;
  link.isFlushing = true;
  // All that became durable in this turn of the event loop goes out in one write.
  setImmediate(() => {
    link.isFlushing = false;
    flush(link);
    adjust(link);
  });
}

function forget(link: Link, receipt: Receipt): void {
  link.connection.settle(receipt);
  link.pending -= 1;
  count(link);
  if (link.pending === 0) link.whenIdle?.();
}

function flush(link: Link): void {
  write(link, link.connection.takeAcknowledgements());
}

function write(link: Link, bytes: Buffer | undefined): void {
  const { socket } = link;
  if (bytes !== undefined && !socket.destroyed && !socket.writableEnded) socket.write(bytes);
}

/** Answers follow from what is read, and a client that reads none is not read from; commands wait here until it reads. */
function pushCommands(link: Link): void {
  const { socket, session, room } = link;
  while (!link.isEnded && socket.writableLength <= room.limits.maxUnsentBytes) {
    const bytes = session?.commands.take();
    if (bytes === undefined) return;
    write(link, bytes);
  }
  adjust(link);
}

function adjust(link: Link): void {
  if (link.isEnded) return;
  const { room, socket, connection } = link;
  const { limits } = room;
  const { messages, bytes } = connection.load();
  // What stopped at a bound goes on at half of it.
  const share = link.isPaused ? 0.5 : 1;
  const isLoaded = messages > limits.receiveMaximum * share || bytes > limits.maxInFlightBytes * share;
  const isDeaf = socket.writableLength > limits.maxUnsentBytes;
  link.stalledMs = isDeaf ? (link.stalledMs ?? room.clock.uptimeMs()) : undefined;
  const mustPause = isLoaded || isDeaf || link.isDeciding || link.isDraining || room.budget.isFull;
  if (mustPause === link.isPaused) return;
  link.isPaused = mustPause;
  // While we were the ones who did not read, its silence said nothing.
  link.heardMs = room.clock.uptimeMs();
  if (mustPause) socket.pause();
  else socket.resume();
}

function sweep(link: Link, nowMs: number): void {
  const { room, source, keepAliveMs } = link;
  if (source === undefined) {
    if (nowMs < link.deadlineMs) return;
    const ms = Math.round(nowMs - link.startedMs);
    const fault = new Fault("PEER_TIMEOUT", `was not let in within ${ms} ms after it connected`);
    report(link, fault);
    return finish(link, link.connection.refuse(REASON.serverUnavailable, "the gateway could not decide in time"), fault);
  }
  if (link.stalledMs !== undefined && nowMs - link.stalledMs > room.limits.maxStallMs) {
    return end(link, REASON.quotaExceeded, "too much waits to be read", new Fault("PEER_OVERLOADED", `has read nothing of what it was sent for ${room.limits.maxStallMs} ms`));
  }
  // MQTT 5 §3.1.2.10: one and a half times of the keep-alive.
  if (keepAliveMs === 0 || link.isPaused || nowMs - link.heardMs <= keepAliveMs * 1.5) return;
  end(link, REASON.keepAliveTimeout, "no sign of life", new Fault("PEER_TIMEOUT", `gave no sign of life for ${Math.round(nowMs - link.heardMs)} ms where it promised one every ${keepAliveMs} ms`));
}

function end(link: Link, reasonCode: number, text: string, fault: Fault | undefined): void {
  if (link.isEnded) return;
  if (fault !== undefined) report(link, fault);
  finish(link, link.connection.end(reasonCode, text), fault);
}

async function drain(link: Link): Promise<void> {
  link.isDraining = true;
  adjust(link);
  if (link.pending > 0) {
    const { promise, resolve } = Promise.withResolvers<void>();
    link.whenIdle = resolve;
    await promise;
  }
  if (!link.isEnded) flush(link);
}

function quote(topic: string): string {
  return JSON.stringify(topic.length > 96 ? `${topic.slice(0, 96)}…` : topic);
}
