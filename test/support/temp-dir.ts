// A folder of its own for a test, gone when the test is.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Defer } from "./attempt.ts";

/** Makes an empty folder with a short path (a Unix socket's path has 108 bytes) and removes it with all it holds at the test's end. */
export function makeTempDir(defer: Defer): string {
  const path = mkdtempSync(join(tmpdir(), "weir-"));
  defer(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}
