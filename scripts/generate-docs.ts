// `make docs`: writes the generated documents; with --check it only says which of them are out of date, and ends with 1.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GENERATED } from "./docs/index.ts";

const root = join(import.meta.dirname, "..");
const mayWrite = !process.argv.includes("--check");

for (const { path, write } of GENERATED) {
  const file = join(root, path);
  const text = write();
  if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
  process.stdout.write(`${path} ${mayWrite ? "written" : "is out of date: run `make docs`"}\n`);
  if (mayWrite) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } else process.exitCode = 1;
}
