// Cuts a stream of MQTT bytes into packets, without ever holding more of one than it may have.

import { Fault } from "../../drivers/contract/fault.ts";

export interface Frame {
  /** First byte: packet type and flags. */
  readonly head: number;
  /** The whole packet; where it is cut, its beginning. */
  readonly packet: Buffer;
  /** Where the variable header begins in `packet`. */
  readonly bodyStart: number;
  /** True for a PUBLISH longer than allowed: its first bytes are here, the rest was read and dropped. */
  readonly isCut: boolean;
}

export interface FramingLimits {
  readonly maxPacketBytes: number;
  /** What is kept of a PUBLISH beyond that. */
  readonly keptBytes: number;
}

const PUBLISH = 3;
/** CONNACK, PUBLISH, SUBACK, PINGRESP: all that a broker has to say to one who only subscribes. */
const EXPECTED: readonly number[] = [2, PUBLISH, 9, 13];

/** Returns a function that takes bytes as they come and gives the packets they complete. It throws PEER_PROTOCOL on what is no MQTT. */
export function makeFraming(limits: FramingLimits): (chunk: Buffer) => Frame[] {
  const rest: Rest = { parts: [], heldBytes: 0, neededBytes: 0, skipBytes: 0, cut: undefined };
  return (chunk) => {
    const skipped = Math.min(rest.skipBytes, chunk.length);
    rest.skipBytes -= skipped;
    if (rest.skipBytes > 0) return [];
    const frames = rest.cut === undefined ? [] : [rest.cut];
    rest.cut = undefined;
    const bytes = takeHeld(rest, chunk.subarray(skipped));
    if (bytes !== undefined) cutFrames(bytes, limits, rest, frames);
    return frames;
  };
}

/** What remains between two chunks: the beginning of a packet, or the count of bytes to drop. */
interface Rest {
  parts: Buffer[];
  heldBytes: number;
  /** Below so many bytes it is no use to look again. */
  neededBytes: number;
  skipBytes: number;
  /** A cut packet whose end is still to be dropped. */
  cut: Frame | undefined;
}

function takeHeld(rest: Rest, chunk: Buffer): Buffer | undefined {
  if (rest.heldBytes === 0) return chunk;
  rest.parts.push(chunk);
  rest.heldBytes += chunk.length;
  if (rest.heldBytes < rest.neededBytes) return undefined;
  const bytes = Buffer.concat(rest.parts, rest.heldBytes);
  rest.parts = [];
  rest.heldBytes = 0;
  return bytes;
}

function cutFrames(bytes: Buffer, limits: FramingLimits, rest: Rest, frames: Frame[]): void {
  for (let start = 0; start < bytes.length; ) {
    const head = bytes[start] ?? 0;
    const type = head >> 4;
    if (!EXPECTED.includes(type)) throw new Fault("PEER_PROTOCOL", `sent a packet of type ${type}, which no broker sends to a subscriber`);
    const length = readLength(bytes, start + 1);
    if (length === undefined) return hold(rest, bytes.subarray(start), bytes.length - start + 1);
    const total = length.bodyStart - start + length.value;
    const isCut = total > limits.maxPacketBytes;
    if (isCut && type !== PUBLISH) throw new Fault("PEER_PROTOCOL", `sent an MQTT packet of type ${type} with ${total} bytes`);
    const kept = isCut ? limits.keptBytes : total;
    if (start + kept > bytes.length) return hold(rest, bytes.subarray(start), kept);
    const frame = { head, packet: bytes.subarray(start, start + kept), bodyStart: length.bodyStart - start, isCut };
    start += total;
    if (start <= bytes.length) frames.push(frame);
    else {
      rest.skipBytes = start - bytes.length;
      rest.cut = { ...frame, packet: Buffer.from(frame.packet) };
    }
  }
}

function hold(rest: Rest, bytes: Buffer, neededBytes: number): void {
  // A copy, so that a small rest does not keep its whole chunk alive.
  rest.parts = [Buffer.from(bytes)];
  rest.heldBytes = bytes.length;
  rest.neededBytes = neededBytes;
}

/** The remaining length (MQTT 3.1.1 §2.2.3); undefined while its bytes have not all come. */
function readLength(bytes: Buffer, at: number): { readonly value: number; readonly bodyStart: number } | undefined {
  let value = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return { value, bodyStart: at + index + 1 };
  }
  throw new Fault("PEER_PROTOCOL", "sent an MQTT packet whose length has more than four bytes");
}
