// Shows how `weir assets accept` lets nobody accept what they have not seen: at a terminal, in a script, by fingerprint.
// limit: 900s

import { findExecutable } from "../../support/needs.ts";
import { assert, suite } from "../../support/suite.ts";
import { startChild } from "../../support/child.ts";
import type { Child } from "../../support/child.ts";
import type { Defer } from "../../support/suite.ts";
import { FINGERPRINT, WEIR, entryOf, serveRegister } from "./fake-register.ts";

const WHOLE = Array.from({ length: 8 }, () => "3F:A1:9C:22").join(":");
const SEEN = entryOf("").seen;

/** The real command on a terminal of its own: script(1) gives it one and passes on what is written. */
function atTerminal(defer: Defer, dataDir: string, args: string): Child {
  const command = `${process.execPath} ${WEIR} assets accept ${args} --data ${dataDir}`;
  return startChild(defer, findExecutable("script") ?? "script", ["--quiet", "--return", "--command", command, "/dev/null"], { env: { SHELL: "/bin/sh" } });
}

suite("weir assets accept without a terminal", (test) => {
  test("demands --fingerprint or --yes, and accepts nothing without", async ({ defer }) => {
    const { weir, asked } = await serveRegister(defer, [entryOf("urn:1")]);
    const child = weir("assets", "accept", "urn:1");
    assert.is((await child.exited).code, 2);
    assert.match(child.output(), /there is no terminal to ask at\. Give --fingerprint/);
    assert.equal(asked, []);
  });
  test("accepts what has the fingerprint, in any case, with colons or without, and says what was seen", async ({ defer }) => {
    const { weir, asked } = await serveRegister(defer, [entryOf("urn:1")]);
    for (const fingerprint of [WHOLE, FINGERPRINT, WHOLE.toLowerCase()]) {
      const child = weir("assets", "accept", "urn:1", "--fingerprint", fingerprint, "--name", "press-1");
      assert.equal(await child.exited, { code: 0, signal: null });
      assert.match(child.output(), new RegExp(`^accepted press-1: Weir Press, serial 4711, at 192\\.0\\.2\\.7, certificate ${WHOLE}\n$`));
    }
    assert.equal(asked[0], ["acceptAsset", { key: "urn:1", seen: SEEN, name: "press-1" }]);
    assert.is(asked.length, 3);
  });
  test("accepts nothing with another fingerprint, with a part of one, or where there is no certificate", async ({ defer }) => {
    const { weir, asked } = await serveRegister(defer, [entryOf("urn:1"), entryOf("urn:2", { certificate: null })]);
    const other = weir("assets", "accept", "urn:1", "--fingerprint", "ab".repeat(32), "--yes");
    assert.is((await other.exited).code, 1);
    assert.match(other.output(), new RegExp(`urn:1: its certificate is ${WHOLE}, not AB:AB`));
    const part = weir("assets", "accept", "urn:1", "--fingerprint", FINGERPRINT.slice(0, 16));
    assert.is((await part.exited).code, 2);
    const none = weir("assets", "accept", "urn:2", "--fingerprint", FINGERPRINT);
    assert.is((await none.exited).code, 1);
    assert.match(none.output(), /it showed no certificate/);
    assert.equal(asked, []);
  });
  test("says clearly that it changed between the look and the decision", async ({ defer }) => {
    const { weir } = await serveRegister(defer, [entryOf("urn:1")], { seenLater: "another digest" });
    const child = weir("assets", "accept", "urn:1", "--yes");
    assert.is((await child.exited).code, 1);
    assert.match(child.output(), /^weir: urn:1: it changed since you looked at it, so it was not accepted\. Look again with `weir assets show urn:1`/);
  });
  test("passes on credentials by the name of the secret", async ({ defer }) => {
    const { weir, asked } = await serveRegister(defer, [entryOf("urn:1")]);
    const child = weir("assets", "accept", "urn:1", "--yes", "--user", "weir", "--password-secret", "press-password", "--json");
    assert.is((await child.exited).code, 0);
    assert.equal(asked, [["acceptAsset", { key: "urn:1", seen: SEEN, credentials: { user: "weir", secret: "press-password" } }]]);
    assert.is((JSON.parse(child.output()) as { assets: { state: string }[] }).assets[0]?.state, "accepted");
    assert.is((await weir("assets", "accept", "urn:1", "--yes", "--user", "weir").exited).code, 2);
  });
  test("takes all that wait only with --yes, lists them, and leaves what is suspended, refused or not readable", async ({ defer }) => {
    const { weir, asked } = await serveRegister(defer, [entryOf("urn:1"), entryOf("urn:2", { state: "suspended" }), entryOf("urn:3"), entryOf("urn:4", { state: "refused" }), entryOf("urn:5", { driver: null, url: null })]);
    assert.is((await weir("assets", "accept", "--all-pending").exited).code, 2);
    assert.is((await weir("assets", "accept", "--all-pending", "--yes", "urn:1").exited).code, 2);
    assert.is((await weir("assets", "accept").exited).code, 2);
    assert.equal(asked, []);
    const child = weir("assets", "accept", "--all-pending", "--yes");
    assert.is((await child.exited).code, 0);
    assert.equal(asked.map(([, input]) => (input as { key: string }).key), ["urn:1", "urn:3"]);
    assert.is(child.output().match(/^accepted /gm)?.length, 2);
  });
  test("one that fails does not keep the others from being accepted, and the command fails", async ({ defer }) => {
    const { weir, asked } = await serveRegister(defer, [entryOf("urn:1"), entryOf("urn:3")]);
    const child = weir("assets", "accept", "--yes", "urn:1", "urn:2", "urn:3");
    assert.is((await child.exited).code, 1);
    assert.is(asked.length, 2);
    assert.match(child.output(), /urn:2: no machine is known/);
  });
}, { limitMs: 180_000 });

suite("weir assets accept at a terminal", (test) => {
  test("shows address, nameplate, fingerprint and what changed, then asks; y accepts what was shown", async ({ defer, signal }) => {
    const { dataDir, asked } = await serveRegister(defer, [entryOf("urn:1", { changes: ["its address was 192.0.2.6"] })]);
    const child = atTerminal(defer, dataDir, "urn:1");
    await child.line(/accept\? \[y\/N\]/, signal);
    assert.equal(asked, []);
    assert.match(child.output(), new RegExp(`serial number +4711[^]*address +192\\.0\\.2\\.7[^]*SHA-256 ${WHOLE}[^]*changed +its address was 192\\.0\\.2\\.6`));
    child.write("y\n");
    assert.equal(await child.exited, { code: 0, signal: null });
    assert.equal(asked, [["acceptAsset", { key: "urn:1", seen: SEEN }]]);
  });
  test("anything but yes accepts nothing, Ctrl-C and Ctrl-D too", async ({ defer, signal }) => {
    const { dataDir, asked } = await serveRegister(defer, [entryOf("urn:1")]);
    for (const answer of ["n\n", "\n", "\u0003", "\u0004"]) {
      const child = atTerminal(defer, dataDir, "urn:1");
      await child.line(/accept\? \[y\/N\]/, signal);
      child.write(answer);
      assert.is((await child.exited).code, 1);
      assert.match(child.output(), /weir: .*nothing was (accepted|changed)/);
    }
    assert.equal(asked, []);
  });
}, { needs: ["script"], limitMs: 180_000 });
