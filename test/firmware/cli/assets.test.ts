// Shows what `weir assets` tells a person, what it asks of core, and that a machine's words do nothing to the terminal or the shell.

import { execFileSync } from "node:child_process";
import { writeList } from "../../../firmware/cli/assets-list.ts";
import { acceptCommand, writeAsset } from "../../../firmware/cli/assets-text.ts";
import { printable, readKey, writeJson, writeKey } from "../../../firmware/cli/printable.ts";
import { assert, suite } from "../../support/suite.ts";
import { startChild } from "../../support/child.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { FINGERPRINT, WEIR, entryOf, serveRegister } from "./fake-register.ts";
import fc from "fast-check";

const WHOLE = Array.from({ length: 8 }, () => "3F:A1:9C:22").join(":");
const HOSTILE = "x\u001b[2J\u009b31m\u202egnp\u2066\u200b\r\n\u2028\ud800end";

suite("weir assets list", (test) => {
  test("puts what is suspended or waits first, each with the command that decides it, and the rest into a table", () => {
    const text = writeList([
      entryOf("cutter-1", { name: "cutter-1", state: "accepted", link: "connected" }),
      entryOf("urn:weir:Weir:Press:4712", { changes: [`Certificate: SHA-256 ${FINGERPRINT} before, none now.`] }),
      entryOf("press-9", { name: "press-9", state: "suspended", reason: "another machine answers at its URL" }),
      entryOf("urn:refused", { state: "refused" }),
    ]);
    assert.match(text, /^1 suspended, 1 waiting to be accepted\. Nothing is read from them until you accept them; /);
    assert.match(text, /SUSPENDED {2}press-9\n {11}Weir Press, serial 4711\n {11}at 192\.0\.2\.7, segment cutting, present\n {11}certificate 3F:A1:9C:22:3F:A1… .*\n {11}why: another machine answers at its URL\n {11}weir assets accept press-9\n/);
    assert.match(text, new RegExp(`PENDING {4}urn:weir:Weir:Press:4712\n[^]*changed: Certificate: SHA-256 ${WHOLE} before, none now\\.\n[^]*weir assets accept urn:weir:Weir:Press:4712\n`));
    assert.match(text, /\nNAME +STATE +LINK +PRESENCE +MACHINE +ADDRESS +SEGMENT +CERTIFICATE\ncutter-1 +accepted +connected +present +Weir Press, serial 4711 +192\.0\.2\.7 +cutting +3F:A1:9C:22:3F:A1…\nurn:refused +refused/);
    assert.ok(text.indexOf("press-9") < text.indexOf("urn:weir:Weir:Press:4712"));
  });
  test("offers only to refuse what no driver reads", () => {
    const text = writeList([entryOf("urn:printer", { driver: null, url: null })]);
    assert.match(text, /no driver of the gateway reads it\n {11}weir assets refuse urn:printer\n/);
    assert.not.match(text, /weir assets accept urn/);
  });
  test("says so where nothing is known", () => {
    assert.match(writeList([]), /^No machine is known/);
    assert.match(writeList([], true), /none in this state/);
  });
  test("pages through the register, and keeps to one state where told", async ({ defer }) => {
    const entries = Array.from({ length: 7 }, (_, index) => entryOf(`urn:${index}`, { state: index % 2 === 0 ? "pending" : "accepted" }));
    const { weir } = await serveRegister(defer, entries, { page: 2 });
    const all = weir("assets", "list", "--json");
    assert.equal(await all.exited, { code: 0, signal: null });
    assert.equal((JSON.parse(all.output()) as { assets: { key: string }[] }).assets.map(({ key }) => key), entries.map(({ key }) => key));
    const pending = weir("assets", "list", "--state", "pending", "--json");
    await pending.exited;
    assert.is((JSON.parse(pending.output()) as { assets: unknown[] }).assets.length, 4);
    const wrong = weir("assets", "list", "--state", "sleeping");
    assert.is((await wrong.exited).code, 2);
  });
  test("whoever reads no further than the beginning gets no complaint", async ({ defer }) => {
    const { dataDir } = await serveRegister(defer, Array.from({ length: 500 }, (_, index) => entryOf(`urn:${index}`, { note: "n".repeat(1000) })));
    const child = startChild(defer, "sh", ["-c", `"$0" "$1" assets list --json --data "$2" | head -c 10; echo`, process.execPath, WEIR, dataDir]);
    assert.equal(await child.exited, { code: 0, signal: null });
    assert.is(child.output(), '{\n  "asset\n');
  });
  test("fails with the remedy where no gateway runs", async ({ defer }) => {
    const child = startChild(defer, process.execPath, [WEIR, "assets", "--data", makeTempDir(defer)]);
    assert.equal(await child.exited, { code: 1, signal: null });
    assert.match(child.output(), /no gateway runs on this data directory.*weir start/);
  });
});

suite("weir assets show, refuse and forget", (test) => {
  test("shows all of the fingerprint and the history", async ({ defer }) => {
    const { weir } = await serveRegister(defer, [entryOf("urn:1")]);
    const child = weir("assets", "show", "urn:1");
    assert.equal(await child.exited, { code: 0, signal: null });
    assert.match(child.output(), new RegExp(`^urn:1: PENDING\n[^]*certificate {3}SHA-256 ${WHOLE}\n[^]*History, newest first:\n {2}2026-01-01T00:00:00.000Z {2}found {2}by field: announced itself\n`));
    const json = weir("assets", "show", "urn:1", "--history", "0", "--json");
    await json.exited;
    assert.equal(JSON.parse(json.output()), { asset: entryOf("urn:1"), history: [] });
  });
  test("says what to do about a key that nobody has", async ({ defer }) => {
    const { weir } = await serveRegister(defer, []);
    const child = weir("assets", "show", "cuter-1");
    assert.is((await child.exited).code, 1);
    assert.match(child.output(), /^weir: cuter-1: no machine is known by this name or key\. `weir assets list` shows/);
  });
  test("refuses with the reason given, and forgets", async ({ defer }) => {
    const { weir, asked } = await serveRegister(defer, [entryOf("urn:1")]);
    const refused = weir("assets", "refuse", "urn:1", "--reason", "a visitor's laptop");
    assert.is((await refused.exited).code, 0);
    assert.match(refused.output(), /^refused urn:1: nothing is read/);
    const forgotten = weir("assets", "forget", "urn:1");
    assert.is((await forgotten.exited).code, 0);
    assert.equal(asked, [["refuseAsset", { key: "urn:1", reason: "a visitor's laptop" }], ["forgetAsset", { key: "urn:1" }]]);
  });
});

suite("what machines say of themselves", (test) => {
  const entry = entryOf(`urn:${HOSTILE}`, { nameplate: { manufacturer: HOSTILE, model: HOSTILE, serialNumber: HOSTILE, softwareRevision: HOSTILE }, reason: HOSTILE, changes: [HOSTILE], address: HOSTILE, note: HOSTILE, link: HOSTILE, via: HOSTILE, url: HOSTILE, endpoint: HOSTILE, id: HOSTILE, name: HOSTILE, certificate: { fingerprint: FINGERPRINT, subject: HOSTILE, issuer: HOSTILE, notAfter: HOSTILE } });
  const history = [{ at: HOSTILE, kind: HOSTILE, actor: HOSTILE, detail: HOSTILE }];

  test("cannot steer the terminal, turn text round or add a line, in a list, an entry, a history or JSON", () => {
    const others = (["pending", "accepted", "suspended", "refused"] as const).map((state) => ({ ...entry, state }));
    for (const text of [writeList(others), writeAsset(entry, history), writeJson({ entry, history })]) {
      assert.not.match(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u2028\u202e\u2066\ud800]/);
    }
    assert.not.match(writeAsset(entry, history), /^end/m);
    assert.equal(JSON.parse(writeJson({ entry })), { entry });
  });
  test("a key comes back as it was, however it is written", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (key) => {
      assert.is(readKey(writeKey(key)), key);
      assert.is(printable(writeKey(key)), writeKey(key));
    }));
    assert.is(writeKey("urn:a\u001bb\\"), "urn:a\\u{1b}b\\\\");
    assert.is(readKey("urn:\\u{ffffff}"), "urn:\\u{ffffff}");
  });
  test("the command that is shown means this key in a shell, and nothing else", () => {
    for (const key of ["urn:weir:A:B:1", "x'; echo pwned; '", "$(echo pwned)", "`id`", "a b\\n", "-rf", "~", "#x", "ä\u001b"]) {
      const words = execFileSync("sh", ["-c", `weir() { printf '%s\\n' "$@"; }; ${acceptCommand(key)}`], { encoding: "utf8" }).trimEnd().split("\n");
      assert.equal(words, ["assets", "accept", ...(key.startsWith("-") ? ["--"] : []), writeKey(key)]);
    }
  });
  test("a fault with a machine's words is as harmless", async ({ defer }) => {
    const { weir } = await serveRegister(defer, []);
    const child = weir("assets", "show", "a\u001b[31mb");
    await child.exited;
    assert.not.match(child.output(), /\u001b/);
  });
});
