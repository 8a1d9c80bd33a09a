// Runs one program of the system: by its absolute path, without a shell, with a clean environment and a limit in time and output.

import { execFile } from "node:child_process";
import { basename } from "node:path";
import { Fault } from "../../drivers/contract/fault.ts";

const LIMIT_MS = 15_000;
const MAX_OUTPUT_BYTES = 262_144;
const CLEAN_ENVIRONMENT = { LC_ALL: "C", PATH: "/usr/sbin:/usr/bin" } as const;

/** Resolves when it ends with 0. Throws INPUT_INVALID with the first line of what it said when it ends with anything else, STORAGE_BUSY when it takes too long. */
export async function runCommand(program: string, args: readonly string[], input = ""): Promise<void> {
  await readCommand(program, args, input);
}

/** The same, and gives what the program printed, at most `maxBytes`. */
export function readCommand(program: string, args: readonly string[], input = "", maxBytes = MAX_OUTPUT_BYTES): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { cwd: "/", env: CLEAN_ENVIRONMENT, timeout: LIMIT_MS, killSignal: "SIGKILL", maxBuffer: maxBytes } as const;
  const child = execFile(program, args, options, (error, output, words) => {
    if (error === null) return resolve(output);
    const name = basename(program);
    if (error.killed === true) return reject(new Fault("STORAGE_BUSY", `${name} did not end in time`, { where: program, cause: error }));
    if (typeof error.code === "string") return reject(new Fault("NOT_SUPPORTED", `${name} cannot be run (${error.code})`, { where: program, remedy: `Install ${name}.`, cause: error }));
    reject(new Fault("INPUT_INVALID", `${name} refuses: ${words.split("\n")[0]?.slice(0, 500) ?? ""}`, { where: program }));
  });
  // A program that ends before it read everything says why by its exit.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(input);
  return promise;
}
