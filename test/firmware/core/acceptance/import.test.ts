// Shows how a list that people keep comes into the register: all of it or nothing.

import { cutParts } from "../../../../firmware/cli/assets-parts.ts";
import { assetRoutes, type AssetLine } from "../../../../firmware/conduit/assets.ts";
import { assert, suite } from "../../../support/suite.ts";
import { assetOf, identify, startCore } from "../running-core.ts";
import type { RunningCore } from "../running-core.ts";
import { accept, assigned, list, machine, report, SEGMENTS, show } from "./found.ts";

const PIN = "ab".repeat(32);

const take = ({ local }: RunningCore, signal: AbortSignal, lines: AssetLine[], dryRun = false) => local.call("importAssets", { lines, dryRun }, signal);
const full = (name: string, serialNumber: string, more: Partial<AssetLine> = {}): AssetLine => ({ name, manufacturer: "Weir", model: "Press", serialNumber, ...more });

suite("import of assets", (test) => {
  test("K2.2.3b what is listed with a URL is read, what is listed without is an entry alone", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    const lines = [full("press", "1", { url: "https://192.0.2.7/", pin: PIN.toUpperCase(), area: "hall 2", note: "by the door" }), full("spare", "2", { site: "north" })];
    assert.equal(await take(core, signal, lines, true), { added: 2, changed: 0, same: 0, problems: [] });
    assert.equal(await list(core, signal), []);
    assert.equal(await take(core, signal, lines), { added: 2, changed: 0, same: 0, problems: [] });
    assert.equal(await take(core, signal, lines), { added: 0, changed: 0, same: 2, problems: [] });
    assert.equal((await assigned(core, signal)).map(({ name, config }) => [name, config.url, config.tls?.pin]), [["press", "https://192.0.2.7", PIN]]);
    assert.equal((await list(core, signal)).map(({ key, state, origin, segment, equipment, note, link }) => [key, state, origin, segment, equipment, note, link]), [
      ["press", "accepted", "imported", "cell", { area: "hall 2" }, "by the door", "connecting"],
      ["spare", "accepted", "imported", null, { site: "north" }, null, "not assigned"],
    ]);
    assert.equal(await identify(core, "press", "1", signal), [assetOf("1")]);
    assert.equal(await take(core, signal, [{ name: "press", note: "", url: "https://192.0.2.8" }]), { added: 0, changed: 1, same: 0, problems: [] });
    const press = await show(core, "press", signal);
    assert.equal([press.url, press.note, press.equipment, press.nameplate?.serialNumber], ["https://192.0.2.8", null, { area: "hall 2" }, "1"]);
    assert.equal(await take(core, signal, [{ name: "press", url: "" }]), { added: 0, changed: 1, same: 0, problems: [] });
    assert.equal(await assigned(core, signal), []);
  });
  test("one line that is wrong, and nothing is taken; each is named with its field", async ({ defer, signal }) => {
    const core = await startCore(defer, `${SEGMENTS}assets:\n  - { name: saw, segment: cell, miko: { url: "http://192.0.2.99" } }\n`);
    const answer = await take(core, signal, [
      full("good", "1", { url: "http://192.0.2.7" }),
      { name: "good" },
      { name: "saw", note: "mine" },
      { name: "a", url: "https://192.0.2.8" },
      { name: "b", url: "http://198.51.100.8", segment: "cell" },
      { name: "c", segment: "nowhere" },
      { name: "d", url: "http://192.0.2.9", driver: "telex" },
      { name: "e", url: "ftp://192.0.2.9" },
      { name: "f", url: "http://machine.example" },
      { name: "g", url: "http://192.0.2.7" },
      full("h", "1"),
      { name: "i", url: "http://192.0.2.99" },
      { name: "j", pin: "12" },
      { name: "k", area: "a/b" },
    ]);
    assert.equal([answer.added, answer.changed, answer.same], [0, 0, 0]);
    assert.equal(answer.problems.map(({ line, field }) => [line, field]), [
      [1, "name"],
      [2, "name"],
      [3, "pin"],
      [4, "url"],
      [5, "segment"],
      [6, "driver"],
      [7, "url"],
      [8, "url"],
      [9, "url"],
      [10, "serialNumber"],
      [11, "url"],
      [12, "pin"],
      [13, "area"],
    ]);
    assert.equal((await list(core, signal)).map(({ key }) => key), ["saw"]);
  });
  test("a list takes nobody up again, and does not say who a found machine is", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7), machine("2", 8)]);
    await accept(core, assetOf("1"), signal);
    await accept(core, assetOf("2"), signal);
    await core.local.call("refuseAsset", { key: "2" }, signal);
    const { problems } = await take(core, signal, [{ name: "1", serialNumber: "9" }, { name: "2", url: "http://192.0.2.9" }]);
    assert.equal(problems.map(({ line, field }) => [line, field]), [[0, "serialNumber"], [1, null]]);
    assert.equal(await take(core, signal, [full("1", "1", { area: "hall", driver: "miko" }), { name: "2", note: "broken" }]), { added: 0, changed: 2, same: 0, problems: [] });
    assert.equal((await list(core, signal)).map(({ key, state, note, equipment }) => [key, state, note, equipment]), [["1", "accepted", null, { area: "hall" }], ["2", "refused", "broken", {}]]);
  });
  test("a machine that a list knows is found, waits under what it is, and takes its place when it is accepted", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await take(core, signal, [full("press", "1", { workCenter: "line 1" })]);
    await report(core, signal, [machine("1", 7)]);
    assert.equal((await list(core, signal)).map(({ key, state }) => [key, state]), [["press", "accepted"], [assetOf("1"), "pending"]]);
    const taken = await accept(core, assetOf("1"), signal);
    assert.equal([taken.key, taken.url, taken.equipment, (await list(core, signal)).length], ["press", "http://192.0.2.7:8080", { workCenter: "line 1" }, 1]);
  });
  test("what a list pinned wrongly is suspended, and taken up again by a person once the list is right", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await take(core, signal, [full("press", "1", { url: "https://192.0.2.7", pin: PIN })]);
    await core.source.call("link", { assignment: "press", state: "stopped", fault: { code: "CERTIFICATE_REFUSED", kind: "denied", message: "the machine shows another certificate", where: "192.0.2.7:443" } }, signal);
    assert.equal([(await show(core, "press", signal)).state, await assigned(core, signal)], ["suspended", []]);
    const right = "cd".repeat(32);
    assert.equal(await take(core, signal, [{ name: "press", pin: right }]), { added: 0, changed: 1, same: 0, problems: [] });
    assert.equal(await assigned(core, signal), []);
    await accept(core, "press", signal);
    assert.is((await assigned(core, signal))[0]?.config.tls?.pin, right);
    await core.local.call("refuseAsset", { key: "press" }, signal);
    await accept(core, "press", signal);
    assert.is((await assigned(core, signal))[0]?.config.tls?.pin, right);
  });
  test("2,000 lines are taken without holding the event loop, and a list beyond what a gateway reads is refused", async ({ defer, signal }) => {
    const core = await startCore(defer, "segments:\n  - { name: hall, subnets: [10.0.0.0/8] }\n");
    const lines = Array.from({ length: 2000 }, (_, index) => full(`m${index}`, String(index), { url: `http://10.1.${index >> 8}.${index & 255}` }));
    let added = 0;
    for (const part of cutParts(lines)) ({ added } = await core.local.call("importAssets", { ...part, dryRun: false }, signal));
    assert.is(added, 2000);
    assert.is((await assigned(core, signal)).length, 2000);
    const { problems } = await take(core, signal, [full("more", "x", { url: "http://10.2.0.1" })]);
    assert.match(problems[0]?.message ?? "", /at most/);
    await core.stop();
    const again = await startCore(defer, undefined, { dataDir: core.dataDir });
    assert.is((await assigned(again, signal)).length, 2000);
  });
  test("a long list comes in parts and is taken with the last one, all of it or nothing; problems name its lines", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    const send = async (lines: readonly AssetLine[]): Promise<readonly Awaited<ReturnType<typeof take>>[]> => {
      const replies = [];
      for (const part of cutParts(lines)) replies.push(await core.local.call("importAssets", { ...part, dryRun: false }, signal));
      return replies;
    };
    const lines = Array.from({ length: 250 }, (_, index) => full(`spare-${index}`, String(index)));
    const wrong = await send(lines.with(240, full("spare-3", "240")));
    assert.equal(wrong.map(({ problems }) => problems.map(({ line }) => line)), [[], [], [240]]);
    assert.equal(await list(core, signal), []);
    assert.equal((await send(lines)).map(({ added }) => added), [0, 0, 250]);
    const [, second] = cutParts(lines.map((line) => ({ ...line, note: "again" })));
    const alone = core.local.call("importAssets", { lines: second?.lines ?? [], dryRun: false, part: { list: "another", number: 1, isLast: true } }, signal);
    assert.match(String(await alone.catch((error: unknown) => error)), /not all parts of the list have come/);
  });
  test("parts are cut by lines and by bytes", () => {
    const long = Array.from({ length: 99 }, (_, index) => full(`long-${index}`, String(index), { note: "\u0001".repeat(1024) }));
    const parts = cutParts(long);
    assert.equal(parts.flatMap(({ lines }) => lines), long);
    assert.ok(parts.length > 1);
    for (const { lines } of parts) assert.ok(Buffer.byteLength(JSON.stringify(lines)) < assetRoutes.importAssets.bodyLimit);
    assert.equal(cutParts([]).map(({ lines, part: { isLast } }) => [lines, isLast]), [[[], true]]);
  });
});
