// Files that are given out once: made new, for their owner alone, and never over what is there.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../drivers/contract/fault.ts";
import { errorCode } from "../runtime/error-code.ts";

/** On the disk when it returns, mode 0600. Throws INPUT_INVALID where something is there already or it cannot be written; then nothing is left of it. */
export function writeNewFile(file: string, text: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, "wx", 0o600);
  } catch (error) {
    throw refuseFile(file, error);
  }
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(file, { force: true });
    throw refuseFile(file, error);
  } finally {
    closeSync(descriptor);
  }
}

/** The folder, made for its owner alone where it is not there. Throws INPUT_INVALID where it holds one of `names`, so that nothing is asked for that could not be written. */
export function openFolderFor(folder: string, names: readonly string[]): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw refuseFile(folder, error);
  }
  const there = names.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (there !== undefined) throw refuseFile(there, { code: "EEXIST" });
}

/** Why a file could not be made, in words. */
export function refuseFile(where: string, cause: unknown): Fault {
  const code = errorCode(cause) ?? "unknown";
  const what = code === "EEXIST" ? "is there already, and is not overwritten" : `cannot be written (${code})`;
  return new Fault("INPUT_INVALID", `the file ${what}`, { where, remedy: "Name another one, in a folder that you may write to.", cause });
}
