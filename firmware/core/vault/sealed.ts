// Seals one secret: AES-256-GCM with a fresh random nonce, bound to its name and version.

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Fault } from "../../../drivers/contract/fault.ts";

export interface Sealed {
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/** NIST SP 800-38D §8.2.2: 96 random bits; far below 2^32 writes under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function seal(key: Buffer, name: string, version: number, text: Buffer): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(bindingOf(name, version));
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
  return { nonce, ciphertext, tag: cipher.getAuthTag() };
}

/** The text; the caller overwrites it when done. Throws STORAGE_DAMAGED when a byte, the name or the version is not what was sealed. */
export function unseal(key: Buffer, name: string, version: number, sealed: Sealed): Buffer {
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, sealed.nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(bindingOf(name, version));
    decipher.setAuthTag(sealed.tag);
    const start = decipher.update(sealed.ciphertext);
    const end = decipher.final();
    const text = Buffer.concat([start, end]);
    start.fill(0);
    return text;
  } catch (error) {
    throw new Fault("STORAGE_DAMAGED", `the secret ${name} was sealed with another key, or its bytes in the vault were changed`, {
      where: `vault.db, secret ${name}`,
      remedy: `Set it again with \`weir secret set ${name}\`.`,
      cause: error,
    });
  }
}

function bindingOf(name: string, version: number): Buffer {
  return Buffer.from(JSON.stringify(["weir secret", name, version]));
}
