// Finds the test files: all of them, or those named.

import { globSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** Paths of test files: everything below test/, or the files and folders named. Throws when a name is neither or holds none. */
export function findTestFiles(names: readonly string[]): readonly string[] {
  if (names.length === 0) return listFolder(join(root, "test"));
  return [...new Set(names.flatMap((name) => findNamed(resolve(name))))];
}

function findNamed(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new Error(`${path}: no such file or folder`);
  if (!found.isDirectory() && !path.endsWith(".test.ts")) throw new Error(`${path}: not a test file; its name must end in .test.ts`);
  return found.isDirectory() ? listFolder(path) : [shorten(path)];
}

function listFolder(path: string): readonly string[] {
  const files = globSync("**/*.test.ts", { cwd: path, exclude: ["**/node_modules/**"] });
  if (files.length === 0) throw new Error(`${path}: holds no file that ends in .test.ts`);
  return files.map((file) => shorten(join(path, file))).toSorted();
}

function shorten(path: string): string {
  const name = relative(process.cwd(), path);
  return name.startsWith("..") ? path : name;
}
