// Shows what `weir check` prints and how it ends.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `weir check` in a folder that holds `text` as weir.yaml. */
function check(defer: Defer, text: string | undefined, ...options: string[]): Promise<Ended> {
  const cwd = makeTempDir(defer);
  if (text !== undefined) writeFileSync(join(cwd, "weir.yaml"), text);
  const command = join(import.meta.dirname, "../../../firmware/cli/weir.ts");
  return new Promise((resolve) => {
    execFile(process.execPath, [command, "check", ...options], { cwd }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : error.code, stdout, stderr }));
  });
}

suite("weir check", (test) => {
  test("a configuration that can be used ends with 0", async ({ defer }) => {
    assert.equal(await check(defer, "log: {level: warn}\n"), { code: 0, stdout: "weir.yaml: this configuration can be used.\n", stderr: "" });
  });
  test("faults are told one per line with place and remedy, and it ends with 2", async ({ defer }) => {
    const { code, stdout, stderr } = await check(defer, "lgo: {}\nlog: {level: loud}\n");
    assert.is(code, 2);
    assert.is(stdout, "");
    assert.is(stderr, 'weir.yaml:1:1: the configuration has no setting "lgo". Did you mean log?\nweir.yaml:2:14: log.level is the text "loud", but must be error, warn, info or debug.\n');
  });
  test("--json tells the faults as data on the standard output", async ({ defer }) => {
    const { code, stdout } = await check(defer, "log: {level: loud}\n", "--json");
    assert.is(code, 2);
    assert.equal(JSON.parse(stdout), { file: "weir.yaml", valid: false, problems: [{ line: 1, column: 14, message: 'log.level is the text "loud", but must be error, warn, info or debug.', setting: "log.level" }] });
    assert.equal(JSON.parse((await check(defer, "", "--json")).stdout), { file: "weir.yaml", valid: true, problems: [] });
  });
  test("a missing file is told with what to do, and it ends with 2", async ({ defer }) => {
    const { code, stderr } = await check(defer, undefined, "--config", "other.yaml");
    assert.is(code, 2);
    assert.match(stderr, /^other\.yaml: there is no configuration file here\. Name the file with --config FILE/);
    const asData: unknown = JSON.parse((await check(defer, undefined, "--json")).stdout);
    assert.match(JSON.stringify(asData), /"valid":false.*"code":"CONFIG_INVALID"/);
  });
}, { limitMs: 60_000 });
