// The key of the vault in a file of its own beside the databases; one of the ways to have a key (hardware comes later).

import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, linkSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import { syncFolder } from "../storage/open-database.ts";

/** AES-256 [U4.9.1a]. */
export const KEY_BYTES = 32;

/** Where the key comes from: a file here, hardware that unseals it later. */
export interface KeySource {
  /**
   * The 32 bytes; the caller overwrites them when done. Where there is none one is made, if `mayCreate`. Throws a Fault when
   * there is a key that must not be used, or none.
   */
  load(mayCreate: boolean): Buffer;
}

/** `vault.key` in the data directory, mode 0600. Made at the first start, when it is not there. */
export function keyFile(dataDir: string): KeySource {
  const path = join(dataDir, "vault.key");
  return {
    load(mayCreate) {
      const key = readKey(path);
      if (key !== undefined) return key;
      if (!mayCreate) throw refuse(path, "is missing, but the vault holds secrets that were sealed with it");
      return createKey(path);
    },
  };
}

function readKey(path: string): Buffer | undefined {
  let descriptor: number;
  try {
    // A link would let somebody else choose the key.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw refuse(path, "cannot be read or is a link", error);
  }
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw refuse(path, "is no file");
    if (found.uid !== process.getuid?.()) throw refuse(path, `belongs to user ${found.uid}, not to ${process.getuid?.()}`);
    if ((found.mode & 0o777) !== 0o600) throw refuse(path, `has mode 0${(found.mode & 0o777).toString(8)}, not 0600: others may have read it`);
    if (found.size !== KEY_BYTES) throw refuse(path, `has ${found.size} bytes, not ${KEY_BYTES}`);
    const key = Buffer.alloc(KEY_BYTES);
    if (readSync(descriptor, key, 0, KEY_BYTES, 0) !== KEY_BYTES) throw refuse(path, "could not be read to its end");
    return key;
  } finally {
    closeSync(descriptor);
  }
}

/** Whole or not at all: a power cut must not leave half a key under the real name. A key made by another process meanwhile wins. */
function createKey(path: string): Buffer {
  const draft = `${path}.${process.pid}.new`;
  const key = randomBytes(KEY_BYTES);
  try {
    rmSync(draft, { force: true });
    const descriptor = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      writeSync(descriptor, key);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    linkSync(draft, path);
    syncFolder(dirname(path));
    return key;
  } catch (error) {
    key.fill(0);
    const made = isCode(error, "EEXIST") ? readKey(path) : undefined;
    if (made !== undefined) return made;
    throw new Fault("ACCESS_DENIED", `the key file cannot be made: ${asFault(error).message}`, { where: path, remedy: "Give the data directory to the user that Weir runs as, and free space on it.", cause: error });
  } finally {
    rmSync(draft, { force: true });
  }
}

function refuse(path: string, why: string, cause?: unknown): Fault {
  return new Fault("ACCESS_DENIED", `the key file ${why}`, { where: path, remedy: "Put the right file back with mode 0600 and the owner that Weir runs as, and restart.", cause });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
