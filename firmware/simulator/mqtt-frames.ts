// The few MQTT packets a simulator moves in bulk, written and split by hand; everything rare goes through mqtt-packet.

/** Splits a byte stream into whole MQTT packets. Throws RangeError for a length field longer than four bytes. */
export interface FrameSplitter {
  /** The packets that `chunk` completes, in order; they are views, valid until the caller lets go of them. */
  push(chunk: Buffer): Buffer[];
  /** True where no incomplete packet waits. */
  isEmpty(): boolean;
}

export function makeFrameSplitter(): FrameSplitter {
  let rest: Buffer = Buffer.alloc(0);
  return {
    isEmpty: () => rest.length === 0,
    push(chunk) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const frames: Buffer[] = [];
      let at = 0;
      for (let end = endOfFrame(bytes, at); end !== undefined; end = endOfFrame(bytes, at)) {
        frames.push(bytes.subarray(at, end));
        at = end;
      }
      rest = bytes.subarray(at);
      return frames;
    },
  };
}

function endOfFrame(bytes: Buffer, at: number): number | undefined {
  let length = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = bytes[at + 1 + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) << (7 * index);
    if (byte < 0x80) {
      const end = at + 2 + index + length;
      return end <= bytes.length ? end : undefined;
    }
  }
  throw new RangeError("an MQTT length field longer than four bytes");
}

/** Where the variable header of a whole packet begins. */
export function headerEnd(frame: Buffer): number {
  let at = 1;
  while (((frame[at] ?? 0) & 0x80) !== 0) at += 1;
  return at + 1;
}

export const PACKET = { publish: 3, puback: 4, disconnect: 14 } as const;

/** The packet type of a frame (MQTT 5.0 §2.1.2). */
export function packetType(frame: Buffer): number {
  return (frame[0] ?? 0) >> 4;
}

/** Gathers packets into one write; `flush` hands them to `send`. */
export interface FrameWriter {
  publish(message: OutgoingPublish): void;
  puback(id: number): void;
  flush(): void;
}

export interface OutgoingPublish {
  /** Encoded once per topic by `encodeTopic`. */
  readonly topic: Buffer;
  /** ASCII or UTF-8 text. */
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly id: number;
  readonly isRetained: boolean;
  readonly isRepeat: boolean;
  /** MQTT 5 has a property length between id and payload. */
  readonly isVersion5: boolean;
}

/** A topic as it stands in a PUBLISH: its length in two bytes and its UTF-8 text. */
export function encodeTopic(topic: string): Buffer {
  const text = Buffer.from(topic, "utf8");
  const encoded = Buffer.allocUnsafe(text.length + 2);
  encoded.writeUInt16BE(text.length, 0);
  text.copy(encoded, 2);
  return encoded;
}

export function makeFrameWriter(send: (bytes: Buffer) => void, flushBytes = 65_536): FrameWriter {
  let buffer = Buffer.allocUnsafe(flushBytes);
  let used = 0;
  const flush = (): void => {
    if (used === 0) return;
    send(buffer.subarray(0, used));
    buffer = Buffer.allocUnsafe(flushBytes);
    used = 0;
  };
  const reserve = (bytes: number): void => {
    if (used + bytes <= buffer.length) return;
    flush();
    if (bytes > buffer.length) buffer = Buffer.allocUnsafe(bytes);
  };
  return {
    flush,
    puback(id) {
      reserve(4);
      used = buffer.writeUInt16BE(0x4002, used);
      used = buffer.writeUInt16BE(id, used);
    },
    publish(message) {
      const payloadBytes = Buffer.byteLength(message.payload);
      const length = message.topic.length + (message.qos === 0 ? 0 : 2) + (message.isVersion5 ? 1 : 0) + payloadBytes;
      reserve(length + 5);
      buffer[used] = 0x30 | (message.isRepeat ? 8 : 0) | (message.qos << 1) | (message.isRetained ? 1 : 0);
      used = writeLength(buffer, used + 1, length);
      used += message.topic.copy(buffer, used);
      if (message.qos === 1) used = buffer.writeUInt16BE(message.id, used);
      if (message.isVersion5) used = buffer.writeUInt8(0, used);
      used += buffer.write(message.payload, used, payloadBytes, "utf8");
    },
  };
}

function writeLength(buffer: Buffer, at: number, length: number): number {
  let left = length;
  let next = at;
  do {
    const byte = left & 0x7f;
    left >>= 7;
    next = buffer.writeUInt8(left > 0 ? byte | 0x80 : byte, next);
  } while (left > 0);
  return next;
}
