// Memory that all connections share: what was received and is not durable yet.

export interface Budget {
  /** Adds (or with a negative number takes back) bytes. */
  add(bytes: number): void;
  readonly usedBytes: number;
  /** True from the moment the bound is passed until half of it is free again. */
  readonly isFull: boolean;
}

/** `changed` is called whenever `isFull` changes. */
export function makeBudget(maxBytes: number, changed: () => void): Budget {
  let used = 0;
  let isFull = false;
  return {
    add: (bytes) => {
      used += bytes;
      const next = isFull ? used > maxBytes / 2 : used > maxBytes;
      if (next === isFull) return;
      isFull = next;
      changed();
    },
    get usedBytes() {
      return used;
    },
    get isFull() {
      return isFull;
    },
  };
}
