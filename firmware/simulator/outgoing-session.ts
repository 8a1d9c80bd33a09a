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

const packetIds = 65_535;

export function makeOutgoingSession(limits: SessionLimits, events: SessionEvents): OutgoingSession {
  const inFlight = new Map<number, Message>();
  let queue: Message[] = [];
  let head = 0;
  let nextId = 1;
  let link: Link | undefined;

  const takeId = (): number => {
    while (inFlight.has(nextId)) nextId = (nextId % packetIds) + 1;
    const id = nextId;
    nextId = (nextId % packetIds) + 1;
    return id;
  };
  const shift = (): Message | undefined => {
    const message = queue[head];
    if (message === undefined) return undefined;
    head += 1;
    if (head > 4096 && head * 2 > queue.length) {
      queue = queue.slice(head);
      head = 0;
    }
    return message;
  };
  const send = (to: Link, message: Message, qos: 0 | 1): void => {
    to.writer.publish({ topic: message.topic, payload: message.payload, qos, id: message.id, isRetained: message.isRetained, isRepeat: message.sends > 0 && qos === 1, isVersion5: to.isVersion5 });
    message.sends += 1;
  };
  const pump = (): void => {
    if (link === undefined) return;
    const window = Math.min(link.window, limits.window);
    while (inFlight.size < window && link.mayTake()) {
      const message = shift();
      if (message === undefined) break;
      const qos = link.qosFor(message.topicName);
      if (qos === 1) {
        message.id = takeId();
        inFlight.set(message.id, message);
      }
      if (qos !== undefined) send(link, message, qos);
      // Nobody will ever acknowledge what nobody asked for with QoS 1.
      if (qos !== 1) events.dropped(message);
    }
    link.writer.flush();
  };
  return {
    pump,
    refuse: events.dropped,
    offer(message) {
      queue.push(message);
      if (queue.length - head <= limits.keep) return;
      const oldest = shift();
      if (oldest !== undefined) events.dropped(oldest);
    },
    puback(id) {
      const message = inFlight.get(id);
      if (message === undefined) return;
      inFlight.delete(id);
      events.acknowledged(message);
    },
    attach(next) {
      link = next;
      for (const message of inFlight.values()) send(next, message, 1);
      pump();
    },
    detach: () => void (link = undefined),
    room: () => (link?.mayTake() === true ? Math.max(0, Math.min(link.window, limits.window) - inFlight.size - (queue.length - head)) : 0),
    waiting: () => queue.length - head,
    drain() {
      const all = [...inFlight.values(), ...queue.slice(head)];
      inFlight.clear();
      queue = [];
      head = 0;
      return all;
    },
  };
}
