// Derives from the one key of the vault a key for each use, so that no two uses share one.

import { hkdfSync } from "node:crypto";
import { KEY_BYTES } from "./key-file.ts";

/** HKDF-SHA-256 (RFC 5869) with the use as its context. The caller overwrites the result when done. */
export function deriveKey(key: Buffer, use: "secrets" | "audit"): Buffer {
  return Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), `weir ${use} 1`, KEY_BYTES));
}
