// Reads the fields of one packet in order and never beyond its end (MQTT 5 §1.5).

import { isUtf8 } from "node:buffer";
import type { Packet } from "./packet-stream.ts";
import { REASON, violation } from "./reason.ts";

/** Every method throws a violation (malformed) where the packet ends too early or a field is not what it must be. */
export class ByteReader {
  private readonly bytes: Buffer;
  private at: number;
  private readonly end: number;

  constructor({ bytes, start, end }: Pick<Packet, "bytes" | "start" | "end">) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get position(): number {
    return this.at;
  }

  get isAtEnd(): boolean {
    return this.at === this.end;
  }

  byte(): number {
    return this.number(1);
  }

  uint16(): number {
    return this.number(2);
  }

  uint32(): number {
    return this.number(4);
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 128 ** 3; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw violation(REASON.malformed, "sent a variable byte integer of more than four bytes");
  }

  /** A view, valid as long as the packet's bytes. */
  binary(): Buffer {
    const length = this.uint16();
    return this.bytes.subarray(this.at, this.skip(length));
  }

  /** UTF-8 without NUL (MQTT 5 §1.5.4). */
  text(what: string): string {
    const bytes = this.binary();
    if (!isUtf8(bytes)) throw violation(REASON.malformed, `sent a ${what} that is no UTF-8`);
    if (bytes.includes(0)) throw violation(REASON.malformed, `sent a ${what} with the character U+0000`);
    return bytes.toString("utf8");
  }

  /** A reader of the next `length` bytes, which this one steps over. */
  part(length: number): ByteReader {
    const start = this.at;
    return new ByteReader({ bytes: this.bytes, start, end: this.skip(length) });
  }

  private skip(length: number): number {
    const end = this.at + length;
    if (end > this.end) throw violation(REASON.malformed, "sent a packet that ends within a field");
    this.at = end;
    return end;
  }

  private number(size: 1 | 2 | 4): number {
    const at = this.at;
    this.skip(size);
    return this.bytes.readUIntBE(at, size);
  }
}
