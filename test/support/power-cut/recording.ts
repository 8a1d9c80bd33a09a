// Records what a process writes and syncs below a folder, by a preloaded shim (recorder.c), and reads the recording back.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type FileOperation =
  | { readonly kind: "write"; readonly path: string; readonly offset: number; readonly data: Buffer }
  | { readonly kind: "sync"; readonly path: string }
  | { readonly kind: "truncate"; readonly path: string; readonly length: number }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "unlink"; readonly path: string }
  | { readonly kind: "create"; readonly path: string };

/** Compiles the shim into `folder` (needs gcc) and returns the environment that makes a child process record into `log`. */
export function recordingEnvironment(folder: string, root: string, log: string): NodeJS.ProcessEnv {
  const shim = join(folder, "recorder.so");
  execFileSync("gcc", ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", shim, join(import.meta.dirname, "recorder.c"), "-ldl"]);
  return { ...process.env, LD_PRELOAD: shim, WEIR_RECORD_ROOT: root, WEIR_RECORD_LOG: log };
}

/** The operations in the order in which the kernel saw them. */
export function readRecording(log: string): FileOperation[] {
  const bytes = readFileSync(log);
  const operations: FileOperation[] = [];
  let at = 0;
  while (at < bytes.length) {
    const code = bytes.readUInt32LE(at);
    const pathEnd = at + 20 + bytes.readUInt32LE(at + 4);
    const offset = Number(bytes.readBigUInt64LE(at + 8));
    const dataEnd = pathEnd + bytes.readUInt32LE(at + 16);
    operations.push(operation(code, bytes.toString("utf8", at + 20, pathEnd), offset, bytes.subarray(pathEnd, dataEnd)));
    at = dataEnd;
  }
  return operations;
}

function operation(code: number, path: string, offset: number, data: Buffer): FileOperation {
  switch (code) {
    case 1:
      return { kind: "write", path, offset, data };
    case 2:
      return { kind: "sync", path };
    case 3:
      return { kind: "truncate", path, length: offset };
    case 4:
      return { kind: "rename", path, to: data.toString("utf8") };
    case 5:
      return { kind: "unlink", path };
    default:
      return { kind: "create", path };
  }
}
