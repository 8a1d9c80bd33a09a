// Cuts a list of assets into requests, since core takes no long ones.

import { randomUUID } from "node:crypto";
import { LINES_PER_PART } from "../conduit/assets.ts";
import type { AssetLine, ImportPart } from "../conduit/assets.ts";

/** Half of what a request may have; one line has 32 KiB at most. */
const BYTES_PER_PART = 262_144;

/** In the order of the list; one part at least. */
export function cutParts(lines: readonly AssetLine[]): readonly { readonly part: ImportPart; readonly lines: AssetLine[] }[] {
  const parts: AssetLine[][] = [[]];
  let bytes = 0;
  for (const line of lines) {
    const length = Buffer.byteLength(JSON.stringify(line));
    if ((parts.at(-1)?.length ?? 0) >= LINES_PER_PART || bytes + length > BYTES_PER_PART) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(line);
    bytes += length;
  }
  const list = randomUUID();
  return parts.map((some, number) => ({ part: { list, number, isLast: number === parts.length - 1 }, lines: some }));
}
