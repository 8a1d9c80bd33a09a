// Shows that the configuration's file is replaced whole or not at all, and only where it is the one that the change was made in.

import { chmodSync, lstatSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readConfigurationText, writeConfigurationText } from "../../../../firmware/core/configuration/configuration-file.ts";
import { assert, suite } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

suite("configuration's file", (test) => {
  test("it is written byte for byte, with the rights it had, and nothing is left beside it", async ({ signal, defer }) => {
    const folder = makeTempDir(defer);
    const file = join(folder, "weir.yaml");
    writeFileSync(file, "\uFEFFlog: {level: info} # ä\r\n");
    chmodSync(file, 0o604);
    const { text, digest } = await readConfigurationText(file, signal);
    assert.is(text, "\uFEFFlog: {level: info} # ä\r\n");
    await writeConfigurationText(file, "# kept\nlog: {level: warn}\n", digest, signal);
    assert.is(readFileSync(file, "utf8"), "# kept\nlog: {level: warn}\n");
    assert.is(statSync(file).mode & 0o777, 0o604);
    assert.equal(readdirSync(folder), ["weir.yaml"]);
  });
  test("a file that was edited by hand meanwhile is left as it is", async ({ signal, defer }) => {
    const file = join(makeTempDir(defer), "weir.yaml");
    writeFileSync(file, "log: {level: info}\n");
    const { digest } = await readConfigurationText(file, signal);
    writeFileSync(file, "log: {level: error}\n");
    await assert.rejects(writeConfigurationText(file, "log: {level: warn}\n", digest, signal), "CHANGED_MEANWHILE");
    assert.is(readFileSync(file, "utf8"), "log: {level: error}\n");
  });
  test("the same text again is no change, so a repeated request is harmless", async ({ signal, defer }) => {
    const file = join(makeTempDir(defer), "weir.yaml");
    const { digest } = await readConfigurationText(file, signal);
    await writeConfigurationText(file, "log: {level: warn}\n", digest, signal);
    await writeConfigurationText(file, "log: {level: warn}\n", digest, signal);
    assert.is((await readConfigurationText(file, signal)).text, "log: {level: warn}\n");
  });
  test("a link is followed and stays a link", async ({ signal, defer }) => {
    const folder = makeTempDir(defer);
    mkdirSync(join(folder, "real"));
    writeFileSync(join(folder, "real", "weir.yaml"), "");
    const file = join(folder, "weir.yaml");
    symlinkSync(join(folder, "real", "weir.yaml"), file);
    await writeConfigurationText(file, "log: {level: warn}\n", (await readConfigurationText(file, signal)).digest, signal);
    assert.ok(lstatSync(file).isSymbolicLink());
    assert.is(readFileSync(join(folder, "real", "weir.yaml"), "utf8"), "log: {level: warn}\n");
  });
  test("a file that is marked read-only is refused with words that say so", async ({ signal, defer }) => {
    const file = join(makeTempDir(defer), "weir.yaml");
    writeFileSync(file, "log: {level: info}\n");
    chmodSync(file, 0o444);
    const { digest } = await readConfigurationText(file, signal);
    assert.match(String(await assert.rejects(writeConfigurationText(file, "log: {level: warn}\n", digest, signal), "ACCESS_DENIED")), /read-only/);
    assert.is(readFileSync(file, "utf8"), "log: {level: info}\n");
  });
  test("what is no text is not shown", async ({ signal, defer }) => {
    const file = join(makeTempDir(defer), "weir.yaml");
    writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00]));
    await assert.rejects(readConfigurationText(file, signal), "CONFIG_INVALID");
  });
});
