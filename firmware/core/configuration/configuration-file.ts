// The configuration's file as people change it through the gateway: read with a digest that names the text, replaced in one step.

import { createHash } from "node:crypto";
import { chmod, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import { readConfigurationFile } from "../../config/load.ts";
import { errorCode } from "../../runtime/error-code.ts";
import { isForWantOfRoom } from "../storage/open-database.ts";

export interface ConfigurationText {
  readonly text: string;
  /** SHA-256 of the file's bytes, hexadecimal. */
  readonly digest: string;
}

const NEW_FILE_MODE = 0o640;
const WRITE_BITS = 0o222;

/** The text as it stands, byte for byte; empty where there is no file yet. Throws CONFIG_INVALID where it is no text, too long or unreadable. */
export async function readConfigurationText(file: string, signal: AbortSignal): Promise<ConfigurationText> {
  const bytes = await readBytes(file, signal);
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), digest: digestOf(bytes) };
  } catch {
    throw new Fault("CONFIG_INVALID", "the file is not written in UTF-8, so it cannot be shown", { where: file, remedy: "Replace it on the gateway itself." });
  }
}

/**
 * Replaces the file by this text, durably and in one step: whoever reads it sees the former text or the new one. Throws CHANGED_MEANWHILE where the file is
 * not the one that `basedOn` names any more, ACCESS_DENIED where it must not be written, STORAGE_FULL; the former text stays then. The same text again is no change.
 */
export async function writeConfigurationText(file: string, text: string, basedOn: string, signal: AbortSignal): Promise<void> {
  const bytes = Buffer.from(text, "utf8");
  if (await isWritten(file, bytes, basedOn, signal)) return;
  const target = await followLinks(file);
  const draft = join(dirname(target), `.${basename(target)}.new`);
  try {
    const mode = await modeOf(target);
    await rm(draft, { force: true });
    await writeDraft(draft, bytes, mode);
    // Somebody may have written it while the draft went to the disk.
    if (await isWritten(file, bytes, basedOn, signal)) return;
    await rename(draft, target);
    await syncFolder(dirname(target));
  } catch (error) {
    throw explain(error, file);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** True where the file has these bytes already: a repeat of a request whose answer was lost. */
async function isWritten(file: string, bytes: Uint8Array, basedOn: string, signal: AbortSignal): Promise<boolean> {
  const present = digestOf(await readBytes(file, signal));
  if (present === digestOf(bytes)) return true;
  if (present === basedOn) return false;
  throw new Fault("CHANGED_MEANWHILE", "the configuration was changed by somebody else meanwhile", { where: file, remedy: "Read it again, and make the change in what stands there now." });
}

async function readBytes(file: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await readConfigurationFile(file, signal);
  } catch (error) {
    if (error instanceof Fault && errorCode(error.cause) === "ENOENT") return new Uint8Array(0);
    throw error;
  }
}

async function followLinks(file: string): Promise<string> {
  return realpath(file).catch(() => file);
}

/** A file that nobody may write is not replaced, though its folder would allow it. */
async function modeOf(target: string): Promise<number> {
  const found = await stat(target).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return NEW_FILE_MODE;
  if ((found.mode & WRITE_BITS) === 0) throw readOnly(target);
  return found.mode & 0o777;
}

async function writeDraft(draft: string, bytes: Uint8Array, mode: number): Promise<void> {
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(bytes);
    await chmod(draft, mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function readOnly(file: string, cause?: unknown): Fault {
  return new Fault("ACCESS_DENIED", "the configuration file is read-only for the gateway", { where: file, remedy: "Change it where it is kept, or let the user that Weir runs as write the file and its folder.", cause });
}

function explain(error: unknown, file: string): Fault {
  const code = errorCode(error) ?? "";
  // EBUSY: a file that is mounted by itself cannot be replaced.
  if (["EACCES", "EPERM", "EROFS", "EBUSY"].includes(code)) return readOnly(file, error);
  if (isForWantOfRoom(error)) return new Fault("STORAGE_FULL", "the configuration cannot be written: the file system is full", { where: file, remedy: "Free space on it.", cause: error });
  return asFault(error, file);
}
