// What holds and what is on trial, as two files that outlive a crash of host: the second one is there exactly while a change is unconfirmed.

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../runtime/error-code.ts";

export interface KeptState<State> {
  /** What holds for good; undefined before the first confirmed change, and where the file is not what was written. */
  readConfirmed(): State | undefined;
  hasTrial(): boolean;
  writeTrial(state: State): void;
  /** The trial becomes what holds, in one step. */
  confirm(): void;
  dropTrial(): void;
}

/** `read` checks what a file holds and throws where it does not fit. */
export function keepState<State>(folder: string, kind: string, read: (value: unknown) => State): KeptState<State> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const confirmed = join(folder, `${kind}.confirmed.json`);
  const trial = join(folder, `${kind}.trial.json`);
  return {
    readConfirmed: () => {
      const text = readIfThere(confirmed);
      if (text === undefined) return undefined;
      try {
        return read(JSON.parse(text));
      } catch {
        return undefined;
      }
    },
    hasTrial: () => readIfThere(trial) !== undefined,
    writeTrial: (state) => writeWhole(trial, JSON.stringify(state), 0o600),
    confirm: () => renameSync(trial, confirmed),
    dropTrial: () => rmSync(trial, { force: true }),
  };
}

/** Whole or not at all, whenever the process or the power ends. */
export function writeWhole(path: string, text: string, mode: number): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, "wx", mode);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, path);
}

/** Undefined where there is no such file. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
