// Recognises what a source sends again, among the newest readings.

import { hashIdentity, identityOfBody } from "./reading-text.ts";

/** Where the reading lies: the id of its row, or its identity itself while no destination is open. */
type Place = number | string;

export class Recent {
  readonly #capacity: number;
  readonly #bodyOf: (id: number) => string | undefined;
  readonly #places = new Map<number, Place>();
  #order: number[] = [];
  #start = 0;

  /** `bodyOf` gives a stored row's body, so that a collision of hashes is never taken for a repeat. */
  constructor(capacity: number, bodyOf: (id: number) => string | undefined) {
    this.#capacity = capacity;
    this.#bodyOf = bodyOf;
  }

  /** The hash under which the row is kept, and whether the very same reading was accepted lately. */
  look(identity: string): { readonly key: number; readonly isRepeat: boolean } {
    const key = hashIdentity(identity);
    const place = this.#places.get(key);
    if (place === undefined) return { key, isRepeat: false };
    if (typeof place === "string") return { key, isRepeat: place === identity };
    const body = this.#bodyOf(place);
    return { key, isRepeat: body !== undefined && identityOfBody(body) === identity };
  }

  add(key: number, place: Place): void {
    this.#places.set(key, place);
    this.#order.push(key);
    if (this.#order.length - this.#start > this.#capacity) this.#forgetOldest();
  }

  /** Takes over readings that are older than all that it holds, the oldest first, as far as there is room. Returns whether there is more. */
  addOlder(entries: readonly { readonly key: number; readonly place: Place }[]): boolean {
    const room = this.#capacity - (this.#order.length - this.#start);
    const unknown = entries.filter(({ key }) => !this.#places.has(key)).slice(-room);
    if (room <= 0 || unknown.length === 0) return room > 0;
    for (const { key, place } of unknown) this.#places.set(key, place);
    this.#order = [...unknown.map(({ key }) => key), ...this.#order.slice(this.#start)];
    this.#start = 0;
    return unknown.length < room;
  }

  /** A mark to come back to when what was added since is rolled back. */
  mark(): number {
    return this.#order.length;
  }

  /** Forgets what was added since the mark. */
  revert(mark: number): void {
    for (let index = Math.max(mark, this.#start); index < this.#order.length; index += 1) this.#places.delete(this.#order[index] ?? 0);
    this.#order.length = Math.max(mark, this.#start);
  }

  /** Between two commits: lets go of the room that forgotten entries take. */
  compact(): void {
    if (this.#start < this.#capacity) return;
    this.#order = this.#order.slice(this.#start);
    this.#start = 0;
  }

  #forgetOldest(): void {
    // A key that came twice lies at two places of the order; forgetting it early costs a recognition, never a reading.
    this.#places.delete(this.#order[this.#start] ?? 0);
    this.#start += 1;
  }
}
