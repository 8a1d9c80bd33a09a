// The connection to a machine's broker: receives with back-pressure, notices when the broker is gone, acknowledges what is durable.

import type { Socket } from "node:net";
import { DISCONNECT, makeSubscriber, PING, type Message, type Subscriber, type SubscriberOptions } from "../../firmware/protocol/mqtt-subscriber.ts";
import type { Clock } from "../contract/clock.ts";
import { asFault, Fault } from "../contract/fault.ts";
import { makeAcknowledgements, type Acknowledgements } from "./acknowledgements.ts";
import { connectPeer, writeAddress, type Peer } from "./peer-socket.ts";

export interface BrokerOptions extends Omit<SubscriberOptions, "keepAliveSeconds"> {
  readonly peer: Peer;
  /** For the connection, and again for the subscription. */
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
}

export interface BrokerHandlers {
  /** All subscriptions stand. Called once, before the first messages of that turn. */
  ready(): void;
  /** Messages in the order they came. They are acknowledged when the promise resolves; a rejection ends the connection. Called again before that. */
  take(messages: readonly Message[]): Promise<unknown>;
}

/** Received and not yet durable, per machine. */
const MAX_IN_FLIGHT_BYTES = 262_144;
/** A broker that does not read its acknowledgements (4 bytes each) is cut off. */
const MAX_UNSENT_BYTES = 1_048_576;

/** Runs until the signal aborts (resolves) or the broker is lost (throws a Fault that names it). Leaves nothing open either way. */
export async function followBroker(options: BrokerOptions, handlers: BrokerHandlers, clock: Clock, signal: AbortSignal): Promise<void> {
  const where = `mqtt broker ${writeAddress(options.peer)}`;
  const socket = await connectPeer(options.peer, options.connectTimeoutMs, clock, signal);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: unknown): void => {
    const fault = asFault(error, where);
    reject(fault.where === undefined ? new Fault(fault.code, `the machine's broker: ${fault.message}`, { where, remedy: fault.remedy, cause: fault }) : fault);
  };
  const onAbort = (): void => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) resolve();
  const link = makeLink(socket, options, handlers, clock, fail);
  const stopTimers = watchSilence(link, socket, options, clock, fail);
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    stopTimers();
    link.acknowledgements.stop();
    socket.removeAllListeners("data").resume();
    // MQTT 3.1.1 §3.14: an orderly end, so that the machine does not publish a will for us; the session stays.
    socket.end(DISCONNECT);
    socket.destroySoon();
    const stop = clock.after(500, () => socket.destroy());
    socket.once("close", stop);
  }
}

interface Link {
  readonly acknowledgements: Acknowledgements;
  readonly subscriber: Subscriber;
  heardMs: number;
  spokeMs: number;
  isPaused: boolean;
  isReady: boolean;
}

function makeLink(socket: Socket, options: BrokerOptions, handlers: BrokerHandlers, clock: Clock, fail: (error: unknown) => void): Link {
  const write = (bytes: Buffer): void => {
    if (socket.destroyed) return;
    socket.write(bytes);
    link.spokeMs = clock.uptimeMs();
    if (socket.writableLength > MAX_UNSENT_BYTES) fail(new Fault("PEER_OVERLOADED", "does not take its acknowledgements"));
  };
  const flow = (isFull: boolean): void => {
    link.isPaused = isFull;
    link.heardMs = clock.uptimeMs();
    if (isFull) socket.pause();
    else socket.resume();
  };
  const link: Link = {
    acknowledgements: makeAcknowledgements({ maxBytes: MAX_IN_FLIGHT_BYTES, write, flow, fail }),
    // One and a half times of it is what the broker waits; a pause of ours must not be taken for a death.
    subscriber: makeSubscriber({ ...options, keepAliveSeconds: Math.min(65_535, Math.max(10, Math.ceil((options.keepAliveMs * 5) / 1000))) }),
    heardMs: clock.uptimeMs(),
    spokeMs: clock.uptimeMs(),
    isPaused: false,
    isReady: false,
  };
  socket.on("data", (chunk: Buffer) => {
    link.heardMs = clock.uptimeMs();
    try {
      receive(chunk, link, handlers, write);
    } catch (error) {
      socket.pause();
      fail(error);
    }
  });
  socket.once("end", () => fail(new Fault("PEER_CLOSED", "closed the connection")));
  socket.once("close", () => fail(new Fault("PEER_CLOSED", "the connection broke")));
  write(link.subscriber.hello);
  return link;
}

function receive(chunk: Buffer, link: Link, handlers: BrokerHandlers, write: (bytes: Buffer) => void): void {
  const turn = link.subscriber.receive(chunk);
  if (turn.send !== undefined) write(turn.send);
  if (turn.isReady) {
    link.isReady = true;
    handlers.ready();
  }
  if (turn.messages.length === 0) return;
  const packetIds: number[] = [];
  for (const { packetId } of turn.messages) if (packetId !== 0) packetIds.push(packetId);
  link.acknowledgements.add(packetIds, chunk.length, handlers.take(turn.messages));
}

/** Pings a silent broker and gives it up when it stays silent. Returns the function that stops it. */
function watchSilence(link: Link, socket: Socket, options: BrokerOptions, clock: Clock, fail: (error: unknown) => void): () => void {
  const { keepAliveMs, connectTimeoutMs } = options;
  const startMs = clock.uptimeMs();
  let stop = (): void => undefined;
  let pingedMs = Number.NEGATIVE_INFINITY;
  const look = (): void => {
    const now = clock.uptimeMs();
    // While we are the ones who do not read, silence says nothing.
    const silentMs = link.isPaused ? 0 : now - link.heardMs;
    if (!link.isReady && now - startMs > connectTimeoutMs) return fail(new Fault("PEER_TIMEOUT", `did not grant the subscription within ${connectTimeoutMs} ms`));
    if (silentMs >= keepAliveMs * 2) return fail(new Fault("PEER_TIMEOUT", `no sign of life for ${Math.round(silentMs)} ms`));
    const isDue = link.isReady && now - pingedMs >= keepAliveMs && (silentMs >= keepAliveMs || now - link.spokeMs >= keepAliveMs * 4);
    if (isDue && !socket.destroyed) {
      pingedMs = now;
      link.spokeMs = now;
      socket.write(PING);
    }
    stop = clock.after(Math.min(keepAliveMs / 4, connectTimeoutMs), look);
  };
  look();
  return () => stop();
}
