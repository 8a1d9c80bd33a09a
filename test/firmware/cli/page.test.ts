// Shows `weir page`, `weir ca --people` and `weir user first` as a person uses them, on a running core.
// limit: 300s

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { describeFirst, followFirst, type FirstPassword } from "../../../firmware/cli/first-password.ts";
import { makeFakeClock } from "../../support/fake-clock.ts";
import { weir } from "../../support/gateway.ts";
import { startChild } from "../../support/child.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { startCore } from "../core/running-core.ts";

async function run(defer: Defer, dataDir: string, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = startChild(defer, process.execPath, [weir, ...args, "--data", dataDir]);
  const { code } = await child.exited;
  return { code, output: child.output() };
}

const FIRST: FirstPassword = { oneTimePassword: "aaaa-bbbb", urls: ["https://10.0.0.5:9797", "https://[fd00::5]:9797"], fingerprint: "ab".repeat(32) };

suite("weir page", (test) => {
  test("the authority is given out, a request is made, what is no certificate is refused, and the way back is open", async ({ defer }) => {
    const { dataDir } = await startCore(defer, "gateway: { id: gw-1 }\n");
    const folder = makeTempDir(defer);
    assert.is((await run(defer, dataDir, "ca", "export", "--people", "--out", join(folder, "ca.pem"))).code, 0);
    assert.match(new X509Certificate(readFileSync(join(folder, "ca.pem"))).subject, /Weir page CA/);
    assert.is((await run(defer, dataDir, "ca", "renew", "--people")).code, 2);
    const asked = await run(defer, dataDir, "page", "request", "gw.plant.example", "--out", join(folder, "page.csr"));
    assert.is(asked.code, 0, asked.output);
    assert.match(readFileSync(join(folder, "page.csr"), "utf8"), /BEGIN CERTIFICATE REQUEST/);
    writeFileSync(join(folder, "wrong.pem"), readFileSync(join(folder, "ca.pem")));
    const refused = await run(defer, dataDir, "page", "install", join(folder, "wrong.pem"));
    assert.is(refused.code, 2);
    assert.match(refused.output, /not for the key of the request/);
    assert.match((await run(defer, dataDir, "page", "certificate")).output, /own CA for people.*\n.*weir-gw-1\.local.*\nend {8}none\n[^]*A request is out/);
    assert.not.match((await run(defer, dataDir, "page", "remove")).output, /request is out/);
    assert.match((await run(defer, dataDir, "user", "first")).output, /password {5}\S{20,}/);
  }, { limitMs: 240_000 });
});

suite("the first password, in words", (test) => {
  test("K2.1.9a address, password and fingerprint stand together, and nothing once there is an account", () => {
    const lines = describeFirst(FIRST);
    assert.ok(lines.includes("page         https://10.0.0.5:9797") && lines.includes("             https://[fd00::5]:9797"), lines.join("\n"));
    assert.match(lines.join("\n"), /password {5}aaaa-bbbb .*\ncertificate {2}SHA-256 (?:AB:){31}AB$/);
    assert.equal(describeFirst({ ...FIRST, oneTimePassword: null }), []);
  });

  test("it is shown once the page is open, again when it changes, and no more when there is an account", async ({ signal }) => {
    const clock = makeFakeClock();
    let first: FirstPassword = { ...FIRST, urls: [] };
    const shown: string[] = [];
    const following = followFirst({ call: (async () => first) as never }, clock, (lines) => void shown.push(lines[3] ?? "none"), signal, true);
    await clock.advance(5000);
    assert.equal(shown, []);
    first = { ...FIRST, urls: ["https://10.0.0.5:9797"] };
    await clock.advance(5000);
    first = { ...first, oneTimePassword: "cccc-dddd" };
    await clock.advance(5000);
    first = { ...first, oneTimePassword: null };
    await clock.advance(5000);
    await following;
    assert.equal(shown.map((line) => /SHA-256/.test(line)), [true, true, false]);
  });
});
