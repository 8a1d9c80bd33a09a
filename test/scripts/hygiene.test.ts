// Shows that the whole tree keeps the rules of style that a program can check, and that each check sees what it is for.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { assert, suite } from "../support/suite.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Every .ts file below the folders, relative to the root. */
function listFiles(...folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
      .map((name) => join(folder, name)),
  );
}

const sources = listFiles("drivers", "firmware", "scripts", "test");

const MOST_LINES = 300;
const MOST_README_LINES = 40;
/** A folder of at most so many files may be described by its parent, which names it as `name/`. */
const MOST_FILES_WITHOUT_README = 6;

/** Words that say nothing of what a thing is. */
const FORBIDDEN = ["manager", "helper", "helpers", "util", "utils", "common", "misc", "base", "data", "info", "handle", "process", "do"];
/** Names in which such a word is the thing's own name, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "zone-process": "a zone's process is a process of the operating system",
  ZoneProcessOptions: "the same",
  DataType: "the word of OPC UA for the type of a value",
  DATA_TYPES: "the same",
  holdDataDir: "the directory that the command line calls --data",
};

function findForbiddenWord(name: string): string | undefined {
  if (Object.hasOwn(EXCEPTIONS, name)) return undefined;
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase().split(/[-_.]/);
  return words.find((word) => FORBIDDEN.includes(word));
}

function listExports(text: string): readonly string[] {
  return [...text.matchAll(/^export (?:abstract |declare |async )*(?:const|let|function\*?|class|interface|type) ([A-Za-z_$][\w$]*)/gm)].map(([, name = ""]) => name);
}

/** What reads time or waits for it without a Clock. A method of that name (a socket's `setTimeout`) is something else. */
function readsTime(text: string): boolean {
  return /\bnew Date\(\)|\bDate\.now\b|(?<![.\w])set(?:Timeout|Interval)\(|\bperformance\.now\b|["']node:timers/.test(text);
}

function opensWithSentence(text: string): boolean {
  const [first = "", second = "", third = ""] = text.replace(/^#!.*\n/, "").split("\n");
  // What the test runner reads may stand before it.
  const [line, next] = first.startsWith("// limit: ") ? [second, third] : [first, second];
  return /^\/\/ \S.*[.:]/.test(line) || (/^\/\/ \S/.test(line) && /^\/\/ \S/.test(next));
}

/** Why the folder is not described; undefined when it is. */
function lacksReadme(folder: string, files: number): string | undefined {
  const own = join(folder, "README.md");
  if (existsSync(join(root, own))) {
    const lines = read(own).trimEnd().split("\n").length;
    return lines > MOST_README_LINES ? `${own} has ${lines} lines` : undefined;
  }
  const parent = join(dirname(folder), "README.md");
  const isNamed = existsSync(join(root, parent)) && read(parent).includes(`${basename(folder)}/`);
  return isNamed && files <= MOST_FILES_WITHOUT_README ? undefined : `${folder} has no README.md`;
}

suite("hygiene", (test) => {
  test("every folder of the product, the scripts and the test support says in at most 40 lines what it is, itself or by its parent", () => {
    const folders = Object.entries(Object.groupBy(listFiles("drivers", "firmware", "scripts", "test/support"), (file) => dirname(file)));
    assert.ok(folders.length > 20);
    assert.equal(folders.flatMap(([folder, files = []]) => lacksReadme(folder, files.length) ?? []), []);
    assert.ok(lacksReadme("test/scripts", 7) !== undefined);
  });
  test("every file opens with a sentence", () => {
    assert.equal(sources.filter((file) => !opensWithSentence(read(file))), []);
    for (const bad of ["import x from 'y';\n", "\n// Late.\n", "//\n", "/* x */\n"]) assert.not(opensWithSentence(bad), bad);
    for (const good of ["// Does it.\n", "#!/usr/bin/env node\n// Does it.\n", "// limit: 30s\n// Shows it.\n"]) assert.ok(opensWithSentence(good), good);
  });
  test("no file is longer than 300 lines", () => {
    assert.equal(sources.filter((file) => read(file).trimEnd().split("\n").length > MOST_LINES), []);
  });
  test("time comes from a Clock: only firmware/runtime/system-clock.ts reads it or waits for it", () => {
    assert.equal(listFiles("drivers", "firmware").filter((file) => readsTime(read(file))), ["firmware/runtime/system-clock.ts"]);
    for (const bad of ["new Date()", "Date.now()", "setTimeout(() => 1)", "const t = performance.now();", 'import { setTimeout } from "node:timers/promises"']) assert.ok(readsTime(bad), bad);
    for (const good of ["new Date(clock.now())", "socket.setTimeout(5)", "Date.parse(text)"]) assert.not(readsTime(good), good);
  });
  test("no file and no export has a name that says nothing", () => {
    const named = sources.flatMap((file) => [basename(file).replace(/(\.test)?\.ts$/, ""), ...listExports(read(file))].map((name) => [file, name] as const));
    assert.ok(named.length > 500);
    assert.equal(named.filter(([, name]) => findForbiddenWord(name) !== undefined).map((pair) => pair.join(": ")), []);
    for (const bad of ["asset-manager", "doIt", "baseDriver", "HANDLE", "ProcessInfo", "utils"]) assert.ok(findForbiddenWord(bad) !== undefined, bad);
    for (const good of ["database", "domain", "informed", "DataType", "handlers"]) assert.is(findForbiddenWord(good), undefined, good);
    assert.equal(listExports("export const a = 1;\nexport async function b() {}\nexport type C = 1;\nconst d = 2;\n"), ["a", "b", "C"]);
  });
  test("every exception is used", () => {
    const names = new Set(sources.flatMap((file) => [basename(file).replace(/(\.test)?\.ts$/, ""), ...listExports(read(file))]));
    assert.equal(Object.keys(EXCEPTIONS).filter((name) => !names.has(name)), []);
  });
});
