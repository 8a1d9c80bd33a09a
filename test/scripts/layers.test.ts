// Shows that each import rule of .dependency-cruiser.mjs fires on a file that breaks it, also when only a type is imported.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import type { Defer } from "../support/attempt.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

const root = resolve(import.meta.dirname, "../..");
const folders = ["drivers", "firmware", "scripts", "test"];

type Edge = readonly [from: string, to: string];

/** For each rule: imports that break it. */
const broken: Readonly<Record<string, readonly Edge[]>> = {
  "contract-is-a-leaf": [
    ["drivers/contract/x.ts", "drivers/miko/y.ts"],
    ["drivers/contract/x.ts", "firmware/protocol/y.ts"],
    ["drivers/contract/x.ts", "firmware/runtime/y.ts"],
  ],
  "protocol-is-a-leaf": [
    ["firmware/protocol/x.ts", "firmware/runtime/y.ts"],
    ["firmware/protocol/x.ts", "drivers/miko/y.ts"],
  ],
  "driver-knows-only-its-protocol": [
    ["drivers/miko/x.ts", "drivers/snmp/y.ts"],
    ["drivers/miko/x.ts", "drivers/index.ts"],
    ["drivers/miko/x.ts", "firmware/runtime/y.ts"],
    ["drivers/miko/x.ts", "firmware/core/y.ts"],
  ],
  "driver-lists-only-drivers": [["drivers/index.ts", "firmware/protocol/y.ts"]],
  "schemas-load-no-driver": [["drivers/schemas.ts", "drivers/miko/driver.ts"]],
  "drivers-only-at-the-root": [
    ["firmware/core/x.ts", "drivers/index.ts"],
    ["firmware/field/acquisition/x.ts", "drivers/index.ts"],
    ["firmware/cli/x.ts", "drivers/index.ts"],
  ],
  "config-is-below-the-zones": [
    ["firmware/config/x.ts", "firmware/core/y.ts"],
    ["firmware/config/x.ts", "drivers/miko/y.ts"],
  ],
  "conduit-is-a-contract": [
    ["firmware/conduit/x.ts", "firmware/core/y.ts"],
    ["firmware/conduit/x.ts", "firmware/runtime/y.ts"],
  ],
  "runtime-is-below-the-zones": [["firmware/runtime/x.ts", "firmware/field/y.ts"]],
  "zone-imports-no-other-zone": [
    ["firmware/cloud/x.ts", "firmware/core/y.ts"],
    ["firmware/core/x.ts", "firmware/field/y.ts"],
    ["firmware/field/x.ts", "drivers/miko/y.ts"],
    ["firmware/admin/x.ts", "firmware/plant/y.ts"],
    ["firmware/core/x.ts", "firmware/simulator/y.ts"],
  ],
  "root-imports-no-other-zone": [
    ["firmware/field/main.ts", "firmware/core/y.ts"],
    ["firmware/devices/main.ts", "firmware/field/y.ts"],
  ],
  "simulator-shares-nothing-with-the-zones": [["firmware/simulator/x.ts", "firmware/cloud/y.ts"]],
  "nothing-imports-the-command-line": [["firmware/runtime/x.ts", "firmware/cli/y.ts"]],
  "product-imports-no-test-or-script": [
    ["firmware/core/x.ts", "test/support/y.ts"],
    ["drivers/miko/x.ts", "scripts/y.ts"],
  ],
};

/** The same for packages and modules of Node. */
const packages: Readonly<Record<string, readonly Edge[]>> = {
  "product-needs-no-development-package": [["firmware/core/x.ts", "fast-check"]],
  "no-network-in-core-and-host": [
    ["firmware/core/x.ts", "node:net"],
    ["firmware/host/x.ts", "node:http"],
    ["firmware/core/x.ts", "mqtt"],
  ],
  "uvu-only-through-the-suite": [
    ["test/core/x.test.ts", "uvu"],
    ["test/core/x.test.ts", "uvu/assert"],
  ],
  "no-unresolvable-import": [["firmware/core/x.ts", "./nonesuch.ts"]],
  "no-undeclared-package": [["firmware/core/x.ts", "kleur"]],
};

const allowed: readonly Edge[] = [
  ["drivers/miko/x.ts", "drivers/contract/y.ts"],
  ["drivers/miko/x.ts", "firmware/protocol/y.ts"],
  ["drivers/index.ts", "drivers/miko/driver.ts"],
  ["drivers/schemas.ts", "drivers/miko/config.ts"],
  ["firmware/field/main.ts", "drivers/index.ts"],
  ["firmware/field/x.ts", "firmware/conduit/y.ts"],
  ["firmware/core/x.ts", "drivers/schemas.ts"],
  ["firmware/cli/x.ts", "firmware/core/main.ts"],
  ["firmware/protocol/x.ts", "drivers/contract/y.ts"],
  ["test/core/x.test.ts", "firmware/core/y.ts"],
];

type ImportKind = "import" | "import type";

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
}

suite("layers", (test) => {
  test("every rule of the configuration is shown here to fire, and carries its reason", async () => {
    const file: string = join(root, ".dependency-cruiser.mjs");
    const { default: configuration } = (await import(file)) as { readonly default: { readonly forbidden: readonly { readonly name: string; readonly comment?: string }[] } };
    const names = configuration.forbidden.map(({ name }) => name);
    assert.equal(names.toSorted(), ["no-cycles", ...Object.keys(broken), ...Object.keys(packages)].toSorted());
    for (const { name, comment = "" } of configuration.forbidden) assert.ok(comment.length > 40, `${name} has no reason`);
  });

  for (const kind of ["import", "import type"] as const) {
    test(`no-cycles: a cycle closed by "${kind}" is found`, ({ defer }) => {
      const found = cruise(defer, {
        "firmware/core/a.ts": `${kind} { B } from "./b.ts";\nexport type A = B;\n`,
        "firmware/core/b.ts": `import type { A } from "./a.ts";\nexport type B = A;\nexport const b = 1;\n`,
      });
      assert.ok(found.some(({ rule }) => rule.name === "no-cycles"));
    });
    for (const [rule, edges] of Object.entries(broken)) {
      test(`${rule}: fires on "${kind}"`, ({ defer }) => {
        const found = cruise(defer, writeEdges(kind, edges));
        for (const [from, to] of edges) assert.ok(isFound(found, rule, from, to), `${from} imports ${to} unseen`);
      });
    }
  }

  for (const [rule, edges] of Object.entries(packages)) {
    test(`${rule}: fires`, ({ defer }) => {
      const files = edges.map(([from, to], index) => [numbered(from, index), `import * as x from "${to}";\nexport const y = x;\n`] as const);
      const found = cruise(defer, Object.fromEntries(files));
      for (const [index, [from, to]] of edges.entries()) {
        assert.ok(found.some((violation) => violation.rule.name === rule && violation.from === numbered(from, index)), `${from} imports ${to} unseen`);
      }
    });
  }

  test("schemas-load-no-driver: sees the way through a driver's configuration file", ({ defer }) => {
    const found = cruise(defer, {
      "drivers/schemas.ts": `export { config } from "./miko/config.ts";\n`,
      "drivers/miko/config.ts": `export { config } from "./driver.ts";\n`,
      "drivers/miko/driver.ts": "export const config = 1;\n",
    });
    assert.ok(isFound(found, "schemas-load-no-driver", "drivers/schemas.ts", "drivers/miko/driver.ts"));
  });

  test("what the design allows breaks no rule", ({ defer }) => {
    assert.equal(cruise(defer, writeEdges("import", allowed)), []);
  });
}, { limitMs: 90_000 });

function isFound(found: readonly Violation[], rule: string, from: string, to: string): boolean {
  return found.some((violation) => violation.rule.name === rule && violation.from === from && violation.to === to);
}

/** One file for each end of an edge; a file at the start of several has an import for each. */
function writeEdges(kind: ImportKind, edges: readonly Edge[]): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [, to] of edges) files[to] = "export type Y = 1;\nexport const Y = 1;\n";
  for (const [index, [from, to]] of edges.entries()) {
    const ups = dirname(from).split("/").map(() => "..").join("/");
    const use = kind === "import" ? `Y${index}` : "1";
    files[from] = `${kind} { Y as Y${index} } from "${ups}/${to}";\nexport type X${index} = Y${index};\nexport const x${index} = ${use};\n${files[from] ?? ""}`;
  }
  return files;
}

function numbered(path: string, index: number): string {
  return path.replace(/x(?=(?:\.test)?\.ts$)/, `x${index}`);
}

/** Writes the files into an empty house with the real configuration and returns what breaks a rule. */
function cruise(defer: Defer, files: Readonly<Record<string, string>>): readonly Violation[] {
  const house = makeTempDir(defer);
  for (const file of [".dependency-cruiser.mjs", "tsconfig.json", "package.json"]) copyFileSync(join(root, file), join(house, file));
  symlinkSync(join(root, "node_modules"), join(house, "node_modules"));
  for (const folder of folders) mkdirSync(join(house, folder));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(house, name)), { recursive: true });
    writeFileSync(join(house, name), text);
  }
  const program = join(root, "node_modules/.bin/depcruise");
  const { stdout, stderr } = spawnSync(process.execPath, [program, "--config", ".dependency-cruiser.mjs", "--output-type", "json", ...folders], { cwd: house, encoding: "utf8" });
  assert.match(stdout, "{", stderr);
  const { summary } = JSON.parse(stdout) as { readonly summary: { readonly violations: readonly Violation[]; readonly totalCruised: number } };
  assert.ok(summary.totalCruised >= Object.keys(files).length);
  return summary.violations;
}
