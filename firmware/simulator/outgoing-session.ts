// The machine's side of one persistent MQTT session: what waits, what is in flight, what was acknowledged.

import type { FrameWriter } from "./mqtt-frames.ts";

/** One message of a machine. `label` is what the ledger says about it; empty where it is no reading. */
export interface Message {
  readonly topic: Buffer;
  readonly topicName: string;
  readonly payload: string;
  readonly label: string;
  readonly isRetained: boolean;
  /** How often it was put on the wire. */
  sends: number;
  id: number;
}

export interface SessionEvents {
  acknowledged(message: Message): void;
  /** Dropped by the machine itself, because it keeps only so many while nobody takes them. */
  dropped(message: Message): void;
}

export interface SessionLimits {
  /** Messages kept beyond those in flight. */
  readonly keep: number;
  /** Messages in flight at most; the subscriber may ask for fewer. */
  readonly window: number;
}

export interface Link {
  readonly writer: FrameWriter;
  readonly isVersion5: boolean;
  readonly window: number;
  /** The QoS granted for a topic; undefined where nobody subscribed. */
  qosFor(topic: string): 0 | 1 | undefined;
  /** False while the socket's own buffer is full or nothing is subscribed to yet. */
  mayTake(): boolean;
}

export interface OutgoingSession {
  /** Queues one message. Nothing is sent before `pump`. */
  offer(message: Message): void;
  /** Gives a message up that is never to be sent. */
  refuse(message: Message): void;
  /** Sends what the window admits. */
  pump(): void;
  puback(id: number): void;
  /** The subscriber is there: sends again, in order and marked as repeats, what it had not acknowledged. */
  attach(link: Link): void;
  detach(): void;
  /** How many messages the window and the queue still admit without anything being dropped. */
  room(): number;
  waiting(): number;
  /** Everything not acknowledged, oldest first; the session is empty afterwards. */
  drain(): Message[];
}

export function makeOutgoingSession(limits: SessionLimits, events: SessionEvents): OutgoingSession {
  const inFlight = new Map<number, Message>();
  const state: SessionState = { limits, events, inFlight, queue: makeQueue(), takeId: makePacketIds(inFlight), link: undefined };
  const { queue } = state;
  return {
    pump: () => pump(state),
    refuse: events.dropped,
    offer(message) {
      queue.push(message);
      const oldest = queue.size() > limits.keep ? queue.shift() : undefined;
      if (oldest !== undefined) events.dropped(oldest);
    },
    puback(id) {
      const message = inFlight.get(id);
      if (message !== undefined && inFlight.delete(id)) events.acknowledged(message);
    },
    attach(link) {
      state.link = link;
      for (const message of inFlight.values()) send(link, message, 1);
      pump(state);
    },
    detach: () => void (state.link = undefined),
    room: () => Math.max(0, windowOf(state) - inFlight.size - queue.size()),
    waiting: queue.size,
    drain() {
      const all = [...inFlight.values(), ...queue.clear()];
      inFlight.clear();
      return all;
    },
  };
}

interface SessionState {
  readonly limits: SessionLimits;
  readonly events: SessionEvents;
  readonly inFlight: Map<number, Message>;
  readonly queue: Queue;
  readonly takeId: () => number;
  link: Link | undefined;
}

function windowOf({ link, limits }: SessionState): number {
  return link?.mayTake() === true ? Math.min(link.window, limits.window) : 0;
}

function pump(state: SessionState): void {
  const { link, inFlight, queue } = state;
  if (link === undefined) return;
  while (inFlight.size < windowOf(state)) {
    const message = queue.shift();
    if (message === undefined) break;
    const qos = link.qosFor(message.topicName);
    if (qos === 1) {
      message.id = state.takeId();
      inFlight.set(message.id, message);
    }
    if (qos !== undefined) send(link, message, qos);
    // Nobody will ever acknowledge what nobody asked for with QoS 1.
    if (qos !== 1) state.events.dropped(message);
  }
  link.writer.flush();
}

function send(to: Link, message: Message, qos: 0 | 1): void {
  to.writer.publish({ ...message, qos, isRepeat: message.sends > 0 && qos === 1, isVersion5: to.isVersion5 });
  message.sends += 1;
}

const lastPacketId = 65_535;

/** Packet ids in turn, none that is in flight (MQTT 5.0 §2.2.1). */
function makePacketIds(inFlight: ReadonlyMap<number, unknown>): () => number {
  let next = 1;
  return () => {
    while (inFlight.has(next)) next = (next % lastPacketId) + 1;
    const id = next;
    next = (next % lastPacketId) + 1;
    return id;
  };
}

interface Queue {
  push(message: Message): void;
  shift(): Message | undefined;
  size(): number;
  clear(): Message[];
}

/** First in, first out; what was taken is let go of in portions, since shifting an array costs its length. */
function makeQueue(): Queue {
  let messages: Message[] = [];
  let head = 0;
  return {
    push: (message) => void messages.push(message),
    size: () => messages.length - head,
    shift() {
      const message = messages[head];
      if (message === undefined) return undefined;
      head += 1;
      if (head > 4096 && head * 2 > messages.length) {
        messages = messages.slice(head);
        head = 0;
      }
      return message;
    },
    clear() {
      const left = messages.slice(head);
      messages = [];
      head = 0;
      return left;
    },
  };
}
