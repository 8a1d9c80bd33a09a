// Shows how people read, check and change the configuration's text through a running core.

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { openConduit } from "../../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../../firmware/runtime/conduit-path.ts";
import { localConduit } from "../../../../firmware/conduit/local.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { standing, startCore } from "../running-core.ts";

suite("conduit, configuration", (test) => {
  test("a text is read, changed and in force when the answer comes, comments and all", async ({ signal, defer }) => {
    const core = await startCore(defer, "# ours 😀\nlog: {level: info}\n");
    const { text, digest, file } = await core.local.call("configuration", {}, signal);
    assert.is(text, "# ours 😀\nlog: {level: info}\n");
    assert.is(file, core.configFile);
    const next = text.replace("info", "warn");
    assert.equal((await core.local.call("checkConfiguration", { text: next }, signal)).changes, ['log.level: "info" → "warn"']);
    const { applied, digest: after } = await core.local.call("setConfiguration", { text: next, basedOn: digest }, signal);
    assert.equal(applied, ["log"]);
    assert.is(core.levels.at(-1), "warn");
    assert.is(readFileSync(core.configFile, "utf8"), next);
    assert.is((await core.local.call("configuration", {}, signal)).digest, after);
  });
  test("of two who change the same text the second is told", async ({ signal, defer }) => {
    const core = await startCore(defer, "log: {level: info}\n");
    const { digest } = await core.local.call("configuration", {}, signal);
    const other = openConduit(localConduit, { socket: conduitSocket(core.dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
    defer(() => other.close());
    const outcomes = await Promise.allSettled([core.local.call("setConfiguration", { text: "log: {level: warn}\n", basedOn: digest }, signal), other.call("setConfiguration", { text: "log: {level: error}\n", basedOn: digest }, signal)]);
    assert.equal(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const refused = outcomes.find((outcome) => outcome.status === "rejected");
    assert.match(String(refused?.reason), /changed by somebody else meanwhile/);
  });
  test("a text with faults is told with its lines, and the file stays", async ({ signal, defer }) => {
    const core = await startCore(defer, "log: {level: info}\n");
    const { digest } = await core.local.call("configuration", {}, signal);
    const { problems } = await core.local.call("checkConfiguration", { text: "\nlgo: 1\n" }, signal);
    assert.equal(problems.map(({ line, column, path }) => ({ line, column, path })), [{ line: 2, column: 1, path: "lgo" }]);
    assert.match(String(await assert.rejects(core.local.call("setConfiguration", { text: "\nlgo: 1\n", basedOn: digest }, signal), "CONFIG_INVALID")), /weir\.yaml:2:1: /);
    assert.is(readFileSync(core.configFile, "utf8"), "log: {level: info}\n");
    assert.ok(!(await standing(core, signal)).some((one) => one.startsWith("CONFIG_")));
  });
  test("a text may have a megabyte, and one that has more is refused with words", async ({ signal, defer }) => {
    const core = await startCore(defer, "");
    const { digest } = await core.local.call("configuration", {}, signal);
    const long = `${"# ähnlich wie bei der anderen\n".repeat(33_000)}log: {level: warn}\n`;
    const { digest: after } = await core.local.call("setConfiguration", { text: long, basedOn: digest }, signal);
    assert.is((await core.local.call("configuration", {}, signal)).text, long);
    const tooLong = "# much longer than all that stands here\n".repeat(30_000);
    assert.match((await core.local.call("checkConfiguration", { text: tooLong }, signal)).problems[0]?.message ?? "", /more than 1048576/);
    await assert.rejects(core.local.call("setConfiguration", { text: tooLong, basedOn: after }, signal), "CONFIG_INVALID");
  }, { limitMs: 120_000 });
  test("a file that cannot be replaced is told, and what it says stays in force", async ({ signal, defer }) => {
    const core = await startCore(defer, "log: {level: info}\n");
    const { digest } = await core.local.call("configuration", {}, signal);
    chmodSync(core.configFile, 0o444);
    await assert.rejects(core.local.call("setConfiguration", { text: "log: {level: warn}\n", basedOn: digest }, signal), "ACCESS_DENIED");
    assert.is(readFileSync(core.configFile, "utf8"), "log: {level: info}\n");
  });
  test("a broken file is shown as it stands, so that it can be mended", async ({ signal, defer }) => {
    const core = await startCore(defer, "log: {level: info}\n");
    writeFileSync(core.configFile, "log: {\n");
    const { text, digest } = await core.local.call("configuration", {}, signal);
    assert.is(text, "log: {\n");
    await core.local.call("setConfiguration", { text: "log: {level: warn}\n", basedOn: digest }, signal);
    assert.is(core.levels.at(-1), "warn");
    assert.ok(!(await standing(core, signal)).some((one) => one.startsWith("CONFIG_")));
  });
});
