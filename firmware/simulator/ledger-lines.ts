// Reads ledgers line by line in bounded memory.

import { closeSync, openSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";

/** One line of either side's ledger. */
export interface LedgerLine {
  readonly asset: string;
  readonly point?: string;
  readonly value?: unknown;
  readonly sourceTime?: string | null;
  readonly event?: string;
  /** Machine's side: whether it was acknowledged; absent where it was given out in an answer (`read`). */
  readonly acknowledged?: boolean;
  readonly read?: boolean;
  /** Machine's side: how often it was put on the wire, where more than once. */
  readonly sent?: number;
  /** Cloud's side. */
  readonly stream?: string;
  readonly lane?: string;
  readonly seq?: number;
  /** Where it is not good, with the reason. */
  readonly quality?: string;
  readonly reason?: string;
  readonly historical?: boolean;
  readonly gap?: { readonly first: number; readonly last: number };
}

const chunkBytes = 1_048_576;

/** The text lines of a file. A last line without its end is left out: its writer was killed in the middle of it. */
export function* textLines(path: string): Generator<string> {
  const file = openSync(path, "r");
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const decoder = new StringDecoder("utf8");
    let rest = "";
    for (let bytes = readSync(file, chunk); bytes > 0; bytes = readSync(file, chunk)) {
      const lines = (rest + decoder.write(chunk.subarray(0, bytes))).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } finally {
    closeSync(file);
  }
}

export function parseLine(text: string): LedgerLine {
  return JSON.parse(text) as LedgerLine;
}

/** What makes a reading the same reading on both sides, as text without tabs or line ends. */
export function readingKey(line: LedgerLine): string {
  if (line.event !== undefined) return JSON.stringify([line.asset, line.event]);
  return JSON.stringify([line.asset, line.point, line.sourceTime, line.value]);
}

/** A number of 52 bits for a text, equal for equal texts (two rounds of FNV-1a). */
export function hashOf(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + index), 0x85ebca6b);
  }
  return (low >>> 0) + ((high >>> 0) & 0xfffff) * 4_294_967_296;
}
