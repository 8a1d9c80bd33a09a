// Builds the small C programs beside it: what Node cannot do itself.

import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import type { Defer } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

/** Path of the built program, or of the built library for Node; gone at the test's end. Declare `needs: ["gcc"]`. */
export function compile(defer: Defer, name: "flood" | "syscall"): string {
  const result = join(makeTempDir(defer), name === "syscall" ? "syscall.node" : name);
  const asLibrary = name === "syscall" ? ["-shared", "-fPIC", "-I", join(dirname(process.execPath), "../include/node")] : [];
  execFileSync("gcc", ["-Wall", "-O2", ...asLibrary, "-o", result, join(import.meta.dirname, `${name}.c`)]);
  return result;
}
