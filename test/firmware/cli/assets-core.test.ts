// Shows `weir assets` at work on a real core: what is found is looked at, accepted, refused; lists come and go.
// limit: 900s

import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startChild } from "../../support/child.ts";
import type { Child } from "../../support/child.ts";
import { makePki } from "../../support/pki.ts";
import { assert, suite } from "../../support/suite.ts";
import type { Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { assigned, machine, report, SEGMENTS } from "../core/acceptance/found.ts";
import { assetOf, configure, startCore } from "../core/running-core.ts";
import type { RunningCore } from "../core/running-core.ts";
import { WEIR } from "./fake-register.ts";

const weirOn = (defer: Defer, { dataDir }: RunningCore) => (...args: readonly string[]): Child => startChild(defer, process.execPath, [WEIR, "assets", ...args, "--data", dataDir]);

/** A certificate as the zone field reports it, with its fingerprint. */
function certified(defer: Defer, name: string): { readonly certificates: [string]; readonly fingerprint: string } {
  const certificate = new X509Certificate(makePki(defer).issue(name).certificate);
  return { certificates: [certificate.raw.toString("base64")], fingerprint: certificate.fingerprint256 };
}

async function done(child: Child): Promise<string> {
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`it ended with ${code}: ${child.output()}`);
  return child.output();
}

suite("weir assets on a running core", (test) => {
  test("K1.7b what is found is listed, accepted by its fingerprint, read, refused and forgotten", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    const weir = weirOn(defer, core);
    const { certificates, fingerprint } = certified(defer, "press");
    await report(core, signal, [machine("4711", 7, { url: "https://192.0.2.7:8443/", certificates })]);
    const key = assetOf("4711");
    assert.match(await done(weir()), new RegExp(`^1 waiting to be accepted[^]*PENDING {4}${key}\n[^]*at 192\\.0\\.2\\.7, segment cell, present\n[^]*weir assets accept ${key}\n`));
    assert.match(await done(weir("show", key)), new RegExp(`SHA-256 ${fingerprint}`));
    assert.is((await weir("accept", key, "--fingerprint", "AB".repeat(32)).exited).code, 1);
    assert.equal(await assigned(core, signal), []);
    assert.match(await done(weir("accept", key, "--fingerprint", fingerprint.toLowerCase(), "--name", "press-7")), /^accepted press-7: Weir Press, serial 4711, at 192\.0\.2\.7, certificate /);
    const [assignment] = await assigned(core, signal);
    assert.equal([assignment?.name, assignment?.config.tls?.pin.toUpperCase()], ["press-7", fingerprint.replaceAll(":", "")]);
    assert.match(await done(weir("list", "--state", "accepted")), /\npress-7 +accepted +connecting +present +Weir Press, serial 4711/);
    assert.match(await done(weir("refuse", "press-7", "--reason", "sold")), /^refused press-7/);
    assert.equal(await assigned(core, signal), []);
    assert.match(await done(weir("show", "press-7")), /^press-7: REFUSED\n[^]*why +sold\n[^]*refused {2}by local: sold\n/);
    await done(weir("forget", "press-7"));
    assert.match(await done(weir("list")), /^No machine is known/);
  });
  test("nobody accepts at a terminal what has changed since it was shown", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("4711", 7)]);
    const command = `${process.execPath} ${WEIR} assets accept ${assetOf("4711")} --data ${core.dataDir}`;
    const child = startChild(defer, "script", ["--quiet", "--return", "--command", command, "/dev/null"], { env: { SHELL: "/bin/sh" } });
    await child.line(/accept\? \[y\/N\]/, signal);
    const { certificates } = certified(defer, "another");
    await report(core, signal, [machine("4711", 7, { url: "https://192.0.2.7:8080", certificates }), machine("4711", 7, { certificates })]);
    child.write("y\n");
    assert.is((await child.exited).code, 1);
    assert.match(child.output(), /it changed since you looked at it, so it was not accepted/);
    assert.equal(await assigned(core, signal), []);
  }, { needs: ["script"] });
  test("an exported list comes back without a change, and what is changed in it is taken", async ({ defer, signal }) => {
    const core = await startCore(defer, `${configure({ "press-1": undefined }, SEGMENTS)}\nequipment: { site: Lucerne }\n`);
    const weir = weirOn(defer, core);
    await report(core, signal, [machine("4711", 7), machine("4712", 8)]);
    await done(weir("accept", assetOf("4711"), "--yes", "--name", "press-7"));
    const file = join(makeTempDir(defer), "list.csv");
    writeFileSync(file, "name;manufacturer;model;serialNumber;site;note\r\nsaw-1;Müller;=Saw;0012;Hall 3;\"two\r\nlines\"\r\n");
    assert.match(await done(weir("import", file)), /^Taken: 1 added, 0 changed, 0 as they are\.\n/);
    await done(weir("export", "--out", file));
    const text = readFileSync(file, "utf8");
    assert.match(text, /\r\nsaw-1,Müller,'=Saw,0012,/);
    assert.match(await done(weir("import", file)), /^Taken: 0 added, 0 changed, 3 as they are\. 1 without a name were passed over/);
    writeFileSync(file, text.replace('"two\r\nlines"', "moved"));
    assert.match(await done(weir("import", file, "--dry-run")), /^It would be 0 added, 1 changed, 2 as they are/);
    assert.match(await done(weir("import", file)), /^Taken: 0 added, 1 changed, 2 as they are/);
    assert.match(await done(weir("show", "saw-1")), /model +=Saw\n[^]*serial number +0012\n[^]*stands in +Hall 3\n[^]*note +moved\n/);
  });
  test("what core cannot take is told at its cell, and nothing is taken", async ({ defer }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }, SEGMENTS));
    const weir = weirOn(defer, core);
    const file = join(makeTempDir(defer), "list.csv");
    writeFileSync(file, "name,segment,url\nsaw-1,cell,http://192.0.2.9:8080\nsaw-2,nowhere,\npress-1,line,\nsaw-3,cell,http://203.0.113.9/\n");
    const child = weir("import", file);
    assert.is((await child.exited).code, 2);
    assert.equal(child.output().split("\n").map((line) => line.slice(file.length + 1).replace(/^(\d+:\d+).*/, "$1")).slice(0, 3), ["3:7", "4:1", "5:12"]);
    assert.match(child.output(), /Nothing was taken\.\n$/);
    assert.not.match(await done(weir("list")), /saw-1/);
  });
}, { limitMs: 180_000 });
