// Writes replies that grow with the number of machines in as many turns of the event loop as they take.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { Turns } from "../turns.ts";

/** Characters: so much is joined, and handed to a socket, in far less than a millisecond. */
const PIECE_LENGTH = 32_768;

/** JSON texts of the items with commas between, in pieces for a `WrittenReply`. Throws CANCELLED when the caller waits no longer. */
export async function writeItems<T>(items: Iterable<T>, write: (item: T) => string, turns: Turns, signal: AbortSignal): Promise<readonly string[]> {
  const pieces: string[] = [];
  let texts: string[] = [];
  let length = 0;
  const cut = (): void => {
    if (texts.length > 0) pieces.push(`${pieces.length === 0 ? "" : ","}${texts.join(",")}`);
    [texts, length] = [[], 0];
  };
  await turns.each(items, (item) => {
    if (signal.aborted) throw new Fault("CANCELLED", "the caller waits no longer", { cause: signal.reason });
    const text = write(item);
    texts.push(text);
    length += text.length;
    if (length >= PIECE_LENGTH) cut();
  });
  cut();
  return pieces;
}
