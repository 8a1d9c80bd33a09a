// Reads the body of a request without holding the event loop for longer than a commit takes, whoever wrote it.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { Fault } from "../../drivers/contract/fault.ts";

/** Gives out turns of the event loop; see firmware/core/turns.ts. */
export type TakeTurn = () => Promise<void>;

/** A longer body is read in a turn of its own; a shorter one costs 2 ms at most, whatever it holds. */
const SHORT_BYTES = 16_384;

/**
 * What a body may be built of. The lengths of texts do not matter, the parts do: measured here, a container costs JSON.parse up to 0.25 µs, a key that was
 * never seen 0.7 µs, so that 4 MiB of brackets take 500 ms. What the contracts allow needs half of this: 512 readings of 12 keys beside 1,000 cursors.
 */
const MOST_CONTAINERS = 8192;
const MOST_KEYS = 12_288;
/** 20,000 numbers of an array weigh as much as a request of readings may. */
const MOST_ITEMS = 40_960;
const DEEPEST = 32;
/** Each costs the parser some 15 ns; the text of a long configuration has one per line. */
const MOST_ESCAPES = 131_072;
/** So much of a body is looked through in one turn; of a longer one each further step takes a turn too. */
const SLICE_BYTES = 524_288;

/** With `turn` a long body waits for its turn, and one that is made of too many parts is refused unread (INPUT_INVALID). */
export function readBodies(app: FastifyInstance, turn: TakeTurn): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    if (body.length <= SHORT_BYTES) void parse(request, body.toString("utf8"), done);
    else readLong(request, body, turn).then((text) => parse(request, text, done), done);
  });
}

async function readLong(request: FastifyRequest, body: Buffer, turn: TakeTurn): Promise<string> {
  const scan = new Scan();
  for (let from = 0; from < body.length; from += SLICE_BYTES) {
    await turn();
    const excess = scan.add(body.subarray(from, from + SLICE_BYTES));
    if (excess !== undefined) throw new Fault("INPUT_INVALID", `the body ${excess}`, { where: request.url });
  }
  if (body.length > SLICE_BYTES) await turn();
  const text = body.toString("utf8");
  if (body.length > SLICE_BYTES) await turn();
  return text;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
/** `[` and `{`, `]` and `}` differ from each other in one bit. */
const OPENS = 0x7b;
const CLOSES = 0x7d;
const BRACE_BIT = 0x20;

/** Counts what a JSON text is built of, slice by slice, some 1 ms per MiB. What is no JSON is the parser's to refuse. */
export class Scan {
  #containers = 0;
  #keys = 0;
  #items = 0;
  #escapes = 0;
  #depth = 0;
  #isText = false;
  #isEscaped = false;

  /** What there is too much of; undefined where it may go on. */
  add(slice: Uint8Array): string | undefined {
    for (let at = 0; at < slice.length; at += 1) {
      if (this.#isText) at = this.#skipText(slice, at);
      else this.#count(slice[at] ?? 0);
      if (this.#escapes > MOST_ESCAPES) return `holds more than ${MOST_ESCAPES} escapes in its texts`;
      if (this.#depth > DEEPEST) return `is nested deeper than ${DEEPEST} levels`;
      if (this.#containers > MOST_CONTAINERS || this.#keys > MOST_KEYS || this.#items > MOST_ITEMS) return `holds more than ${MOST_CONTAINERS} objects and arrays, ${MOST_KEYS} keys or ${MOST_ITEMS} items`;
    }
    return undefined;
  }

  #count(byte: number): void {
    if (byte === QUOTE) this.#isText = true;
    else if (byte === COMMA) this.#items += 1;
    else if (byte === COLON) this.#keys += 1;
    else if ((byte | BRACE_BIT) === OPENS) {
      this.#containers += 1;
      this.#depth += 1;
    } else if ((byte | BRACE_BIT) === CLOSES) this.#depth -= 1;
  }

  /** Where the text ends, or the slice. */
  #skipText(slice: Uint8Array, from: number): number {
    let at = from;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      at += 1;
    }
    while (at < slice.length && slice[at] !== QUOTE) {
      if (slice[at] === BACKSLASH) {
        this.#escapes += 1;
        at += 1;
        this.#isEscaped = at >= slice.length;
      }
      at += 1;
    }
    if (at < slice.length) this.#isText = false;
    return at;
  }
}

/** Of a whole text at once: for bodies that are short, or whose reader holds nobody up. */
export function findExcess(body: Uint8Array): string | undefined {
  return new Scan().add(body);
}
