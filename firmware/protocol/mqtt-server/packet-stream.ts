// Cuts what a client sends into packets, one at a time, and refuses by the first bytes what is too long or no MQTT at all.

import { REASON, violation } from "./reason.ts";

/** One whole packet inside a longer run of bytes; valid until the next one is asked for. */
export interface Packet {
  /** First byte: packet type and flags. */
  readonly head: number;
  readonly bytes: Buffer;
  /** Where the variable header begins. */
  readonly start: number;
  /** Behind the packet's last byte. */
  readonly end: number;
}

export interface PacketStream {
  push(chunk: Buffer): void;
  /** The next whole packet; undefined until more bytes come. Throws a violation; nothing is to be asked afterwards. */
  next(): Packet | undefined;
  /** From now on any packet up to so many bytes; before, only a CONNECT within the first limit. */
  open(maxPacketBytes: number): void;
  /** Bytes of a packet that is not complete. */
  heldBytes(): number;
}

const CONNECT_HEAD = 0x10;
const NOTHING = Buffer.alloc(0);

interface State {
  bytes: Buffer;
  at: number;
  /** What came behind `bytes` while the packet in it is incomplete. */
  parts: Buffer[];
  heldBytes: number;
  /** Below so many bytes it is no use to look again. */
  neededBytes: number;
  maxPacketBytes: number;
  isOpen: boolean;
  /** The one object that `next` gives each time: one less to collect per message. */
  readonly packet: { head: number; bytes: Buffer; start: number; end: number };
}

export function makePacketStream(maxConnectBytes: number): PacketStream {
  const state: State = { bytes: NOTHING, at: 0, parts: [], heldBytes: 0, neededBytes: 0, maxPacketBytes: maxConnectBytes, isOpen: false, packet: { head: 0, bytes: NOTHING, start: 0, end: 0 } };
  return {
    push: (chunk) => {
      if (state.at < state.bytes.length || state.heldBytes > 0) {
        state.parts.push(chunk);
        state.heldBytes += chunk.length;
        return;
      }
      state.bytes = chunk;
      state.at = 0;
    },
    next: () => next(state),
    open: (maxPacketBytes) => {
      state.maxPacketBytes = maxPacketBytes;
      state.isOpen = true;
    },
    heldBytes: () => state.bytes.length - state.at + state.heldBytes,
  };
}

function next(state: State): Packet | undefined {
  const rest = state.bytes.length - state.at;
  if (rest + state.heldBytes < state.neededBytes) return undefined;
  if (state.heldBytes > 0) join(state);
  const { bytes, at } = state;
  const head = bytes[at];
  if (head === undefined) {
    // A connection that is idle keeps no bytes alive.
    state.bytes = state.packet.bytes = NOTHING;
    state.at = 0;
    return undefined;
  }
  if (!state.isOpen && head !== CONNECT_HEAD) throw violation(REASON.protocolError, `begins with byte 0x${head.toString(16).padStart(2, "0")}, which is no MQTT CONNECT`);
  let length = 0;
  let start = at + 1;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[start];
    if (byte === undefined) return hold(state, start - at + 1);
    start += 1;
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
    if (start - at === 5) throw violation(REASON.malformed, "sent an MQTT packet whose length has more than four bytes");
  }
  const end = start + length;
  if (end - at > state.maxPacketBytes) throw violation(REASON.packetTooLarge, `sent an MQTT packet of type ${head >> 4} with ${end - at} bytes where ${state.maxPacketBytes} are allowed`);
  if (end > bytes.length) return hold(state, end - at);
  state.at = end;
  state.neededBytes = 0;
  const { packet } = state;
  packet.head = head;
  packet.bytes = bytes;
  packet.start = start;
  packet.end = end;
  return packet;
}

function hold(state: State, neededBytes: number): undefined {
  state.neededBytes = neededBytes;
  // A copy, so that a small rest does not keep its whole chunk alive.
  if (state.at > 0) state.bytes = Buffer.from(state.bytes.subarray(state.at));
  state.at = 0;
  return undefined;
}

function join(state: State): void {
  state.bytes = Buffer.concat([state.bytes.subarray(state.at), ...state.parts]);
  state.at = 0;
  state.parts = [];
  state.heldBytes = 0;
}
