// The last lines of a journal, kept in memory within bounds: what a snapshot shows of what happened lately.

/** Some minutes of a zone that works, a second of one that is in trouble. */
const MOST_LINES = 500;
const MOST_CHARACTERS = 262_144;
/** Of one line; the journal itself has all of it. */
export const MOST_LINE = 2048;

export class RecentLines {
  #lines: string[] = [];
  #characters = 0;
  /** The number of the newest line since the beginning. */
  #last = 0;

  add(line: string): void {
    const text = line.trimEnd();
    const kept = text.length > MOST_LINE ? `${text.slice(0, MOST_LINE - 1)}…` : text;
    this.#lines.push(kept);
    this.#characters += kept.length;
    this.#last += 1;
    while (this.#lines.length > MOST_LINES || this.#characters > MOST_CHARACTERS) this.#characters -= this.#lines.shift()?.length ?? 0;
  }

  get all(): readonly string[] {
    return this.#lines;
  }

  /** The oldest lines after number `after` that are still there, so many as fit, and the number of the last of them. */
  after(after: number, mostLines: number, mostBytes: number): { readonly lines: readonly string[]; readonly last: number } {
    const first = this.#last - this.#lines.length;
    const lines: string[] = [];
    let bytes = 0;
    let last = Math.max(after, first);
    for (const line of this.#lines.slice(last - first)) {
      bytes += Buffer.byteLength(line) + 16;
      if (lines.length >= mostLines || bytes > mostBytes) break;
      lines.push(line);
      last += 1;
    }
    return { lines, last };
  }
}
