// A ledger on disk: NDJSON lines, gathered in memory and written in large pieces.

import { closeSync, openSync, writeSync } from "node:fs";

export interface LedgerFile {
  /** Adds one line; `line` is JSON text without its line end. */
  add(line: string): void;
  /** Writes what is gathered. */
  flush(): void;
  /** Flushes and closes; later lines are dropped. */
  close(): void;
}

const flushChars = 262_144;

/** Appends to `path`, or keeps nothing where no path is given. Throws the system's error when the file cannot be written. */
export function openLedger(path: string | undefined): LedgerFile {
  if (path === undefined) return { add: () => undefined, flush: () => undefined, close: () => undefined };
  const file = openSync(path, "a");
  let text = "";
  let isOpen = true;
  const flush = (): void => {
    if (!isOpen || text === "") return;
    const bytes = Buffer.from(text, "utf8");
    text = "";
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
  };
  return {
    flush,
    add(line) {
      text += line + "\n";
      if (text.length > flushChars) flush();
    },
    close() {
      flush();
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}
