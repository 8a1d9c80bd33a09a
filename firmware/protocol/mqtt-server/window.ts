// What a client has in flight towards us: which packet ids are taken, and which acknowledgements may go out, in the order the messages came.

import { REASON, violation } from "./reason.ts";
import type { Message } from "./read-packets.ts";

/** Messages that came together. They are acknowledged together, once `settle` was called for them. */
export interface Delivery {
  /** What the client may publish. */
  readonly messages: readonly Message[];
  /** What it may not: MQTT 5 is told so, MQTT 3.1.1 has no word for it. */
  readonly refused: readonly Message[];
  /** For `settle`. It does not hold the messages: those that the caller lets go of are free before they are durable elsewhere. */
  readonly receipt: Receipt;
}

export interface Receipt {
  /** Packet ids in the order they came; REFUSED is added to those of refused messages. */
  readonly packetIds: readonly number[];
  readonly bytes: number;
  readonly messages: number;
}

export interface Window {
  /** Notes a message. Throws a violation where the client has too much in flight or reuses a packet id. */
  admit(message: Message, isAllowed: boolean): void;
  /** What was noted since the last call; undefined where nothing was. */
  cut(): Delivery | undefined;
  /** The delivery is durable, or set apart durably. */
  settle(receipt: Receipt): void;
  /** PUBACKs of all that is settled and has nothing unsettled before it; undefined where there are none. */
  takeAcknowledgements(): Buffer | undefined;
  /** Messages and about how many bytes of memory are not settled. */
  readonly messages: number;
  readonly bytes: number;
}

interface Entry extends Receipt {
  readonly packetIds: number[];
  bytes: number;
  messages: number;
  isSettled: boolean;
}

interface Gathered extends Delivery {
  readonly messages: Message[];
  readonly refused: Message[];
  readonly receipt: Entry;
}

const REFUSED = 0x1_0000;

interface State {
  readonly isVersion5: boolean;
  readonly receiveMaximum: number;
  gathered: Gathered | undefined;
  waiting: Entry[];
  /** One bit per packet id in flight. */
  taken: Uint8Array | undefined;
  inFlight: number;
  messages: number;
  bytes: number;
}

/** What a message costs beside its bytes on the wire, about. */
const MESSAGE_BYTES = 256;

export function makeWindow(isVersion5: boolean, receiveMaximum: number): Window {
  const state: State = { isVersion5, receiveMaximum, gathered: undefined, waiting: [], taken: undefined, inFlight: 0, messages: 0, bytes: 0 };
  return {
    admit: (message, isAllowed) => admit(state, message, isAllowed),
    cut: () => {
      const { gathered } = state;
      if (gathered !== undefined) state.waiting.push(gathered.receipt);
      state.gathered = undefined;
      return gathered;
    },
    settle: (receipt) => {
      const entry = state.waiting.find((each) => each === receipt);
      if (entry === undefined || entry.isSettled) return;
      entry.isSettled = true;
      state.messages -= entry.messages;
      state.bytes -= entry.bytes;
    },
    takeAcknowledgements: () => takeAcknowledgements(state),
    get messages() {
      return state.messages;
    },
    get bytes() {
      return state.bytes;
    },
  };
}

function admit(state: State, message: Message, isAllowed: boolean): void {
  if (message.qos === 1) takePacketId(state, message);
  const gathered = (state.gathered ??= { messages: [], refused: [], receipt: { packetIds: [], bytes: 0, messages: 0, isSettled: false } });
  const entry = gathered.receipt;
  (isAllowed ? gathered.messages : gathered.refused).push(message);
  entry.messages += 1;
  if (message.qos === 1) entry.packetIds.push(isAllowed ? message.packetId : message.packetId + REFUSED);
  const size = MESSAGE_BYTES + message.payload.length;
  entry.bytes += size;
  state.bytes += size;
  state.messages += 1;
}

function takePacketId(state: State, { packetId, isDuplicate }: Message): void {
  const taken = (state.taken ??= new Uint8Array(8192));
  const at = packetId >> 3;
  const bit = 1 << (packetId & 7);
  const byte = taken[at] ?? 0;
  if ((byte & bit) !== 0) {
    // MQTT 5 §4.4 forbids it; some 3.1.1 clients send again on the same connection, marked as a duplicate.
    if (state.isVersion5 || !isDuplicate) throw violation(REASON.protocolError, `sent packet id ${packetId} again before it was acknowledged`);
    return;
  }
  if (state.isVersion5 && state.inFlight >= state.receiveMaximum) throw violation(REASON.receiveMaximumExceeded, `has more than ${state.receiveMaximum} messages in flight`);
  taken[at] = byte | bit;
  state.inFlight += 1;
}

function takeAcknowledgements(state: State): Buffer | undefined {
  const { waiting } = state;
  let entries = 0;
  let count = 0;
  for (const entry of waiting) {
    if (!entry.isSettled) break;
    entries += 1;
    count += entry.packetIds.length;
  }
  if (entries === 0) return undefined;
  const done = waiting.splice(0, entries);
  if (count === 0) return undefined;
  const bytes = Buffer.allocUnsafe(count * 5);
  let at = 0;
  for (const { packetIds } of done) {
    for (const id of packetIds) {
      at = writePuback(bytes, at, id & 0xffff, id >= REFUSED && state.isVersion5);
      freePacketId(state, id & 0xffff);
    }
  }
  return bytes.subarray(0, at);
}

function freePacketId(state: State, packetId: number): void {
  const { taken } = state;
  const byte = taken?.[packetId >> 3] ?? 0;
  const bit = 1 << (packetId & 7);
  if (taken === undefined || (byte & bit) === 0) return;
  taken[packetId >> 3] = byte & ~bit;
  state.inFlight -= 1;
}

/** MQTT 5 §3.4; a success is written as in 3.1.1. */
function writePuback(bytes: Buffer, at: number, packetId: number, isRefused: boolean): number {
  bytes[at] = 0x40;
  bytes[at + 1] = isRefused ? 3 : 2;
  bytes[at + 2] = packetId >> 8;
  bytes[at + 3] = packetId & 0xff;
  if (!isRefused) return at + 4;
  bytes[at + 4] = REASON.notAuthorised;
  return at + 5;
}
