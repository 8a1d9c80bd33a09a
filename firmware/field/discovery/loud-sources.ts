// Who sends more than is read, told seldom: the loudest alone, however many there are.

import { Fault } from "../../../drivers/contract/fault.ts";

/** Sources counted at a time; the wall that stands before counts all. */
const MAX_SOURCES = 256;

export class LoudSources {
  readonly #counts = new Map<string, number>();

  note(address: string): void {
    const count = this.#counts.get(address);
    if (count !== undefined || this.#counts.size < MAX_SOURCES) this.#counts.set(address, (count ?? 0) + 1);
  }

  /** The loudest since it was asked last, as a fault that names it; undefined where all were quiet. */
  take(segment: string): Fault | undefined {
    const [first] = [...this.#counts].toSorted(([, one], [, other]) => other - one);
    const others = this.#counts.size - 1;
    this.#counts.clear();
    if (first === undefined) return undefined;
    const [address, count] = first;
    return new Fault("PEER_LIMIT", `sends more WS-Discovery than is read: ${count} datagrams were dropped${others > 0 ? `, and of ${others} other addresses some too` : ""}`, {
      where: `segment ${segment}, ${address}`,
      remedy: "Look what the machine at this address does; it may be somebody who wants to keep others from being found.",
    });
  }
}
