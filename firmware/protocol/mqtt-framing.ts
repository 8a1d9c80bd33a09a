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
  let parts: Buffer[] = [];
  let heldBytes = 0;
  let neededBytes = 0;
  let skipBytes = 0;
  let cut: Frame | undefined;

  return (chunk) => {
    const frames: Frame[] = [];
    let bytes = chunk;
    if (skipBytes > 0) {
      const skipped = Math.min(skipBytes, bytes.length);
      skipBytes -= skipped;
      bytes = bytes.subarray(skipped);
      if (skipBytes > 0) return frames;
    }
    if (cut !== undefined) frames.push(cut);
    cut = undefined;
    if (heldBytes > 0) {
      parts.push(bytes);
      heldBytes += bytes.length;
      if (heldBytes < neededBytes) return frames;
      bytes = Buffer.concat(parts, heldBytes);
      parts = [];
      heldBytes = 0;
    }
    const hold = (from: number, needed: number): Frame[] => {
      if (from < bytes.length) {
        // A copy, so that a small rest does not keep its whole chunk alive.
        parts = [Buffer.from(bytes.subarray(from))];
        heldBytes = bytes.length - from;
        neededBytes = needed;
      }
      return frames;
    };
    for (let start = 0; ; ) {
      const type = (bytes[start] ?? 0x20) >> 4;
      if (!EXPECTED.includes(type)) throw new Fault("PEER_PROTOCOL", `sent a packet of type ${type}, which no broker sends to a subscriber`);
      const length = readLength(bytes, start + 1);
      if (length === undefined) return hold(start, bytes.length - start + 1);
      const head = bytes[start] ?? 0;
      const total = length.bodyStart - start + length.value;
      const isCut = total > limits.maxPacketBytes;
      if (isCut && type !== PUBLISH) throw new Fault("PEER_PROTOCOL", `sent an MQTT packet of type ${type} with ${total} bytes`);
      const kept = isCut ? limits.keptBytes : total;
      if (start + kept > bytes.length) return hold(start, kept);
      const frame = { head, packet: bytes.subarray(start, start + kept), bodyStart: length.bodyStart - start, isCut };
      start += total;
      if (start <= bytes.length) frames.push(frame);
      else {
        skipBytes = start - bytes.length;
        cut = { ...frame, packet: Buffer.from(frame.packet) };
        return frames;
      }
    }
  };
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
