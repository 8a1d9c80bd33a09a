// Shows core's register at work over its conduits: what is found waits, is accepted, moves, is suspended, and survives a restart.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { assert, suite } from "../../../support/suite.ts";
import { assetOf, configure, identify, nameplateOf, readStatus, sampleOf, standing, startCore } from "../running-core.ts";
import type { RunningCore } from "../running-core.ts";
import { accept, assigned, list, machine, report, SEGMENTS, show, until } from "./found.ts";

async function link({ source }: RunningCore, assignment: string, state: "connected" | "lost" | "stopped", signal: AbortSignal, code?: "CERTIFICATE_REFUSED", where?: string): Promise<void> {
  const fault = code === undefined ? {} : { fault: { code, kind: "denied" as const, message: "the machine shows another certificate", ...(where === undefined ? {} : { where }) } };
  await source.call("link", { assignment, state, ...fault }, signal);
}

/** Actor, action and target of what concerns machines, the oldest first. */
function audited({ dataDir }: RunningCore): readonly string[] {
  const database = new Database(join(dataDir, "audit.db"), { readonly: true });
  try {
    const rows = database.prepare<[], { actor: string; action: string; target: string }>("SELECT actor, action, target FROM entries ORDER BY number").all();
    return rows.filter(({ action }) => action.startsWith("asset")).map(({ actor, action, target }) => `${actor} ${action} ${target}`);
  } finally {
    database.close();
  }
}

async function history({ local }: RunningCore, key: string, signal: AbortSignal): Promise<readonly string[]> {
  return (await local.call("asset", { key, limit: 50 }, signal)).history.map(({ kind }) => kind);
}

suite("acceptance", (test) => {
  test("K1.7a a found machine waits until a person accepts it, and is read from then on", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("A 1", 7)]);
    const [waiting] = await list(core, signal);
    assert.equal([waiting?.key, waiting?.state, waiting?.presence, waiting?.url], [assetOf("A 1"), "pending", "present", "http://192.0.2.7:8080"]);
    assert.equal(await assigned(core, signal), []);
    await until(async () => (await standing(core, signal)).includes("ASSETS_PENDING segments"), signal);
    const accepted = await accept(core, assetOf("A 1"), signal);
    assert.equal([accepted.key, accepted.state, accepted.origin], ["A-1", "accepted", "found"]);
    const [assignment] = await assigned(core, signal);
    assert.equal([assignment?.name, assignment?.config.url], ["A-1", "http://192.0.2.7:8080"]);
    assert.equal(await identify(core, "A-1", "A 1", signal), [assetOf("A 1")]);
    assert.is((await core.source.call("readings", { readings: [sampleOf(assetOf("A 1"))] }, signal)).accepted, 1);
    await until(async () => (await standing(core, signal)).length === 0, signal);
    assert.equal(await history(core, "A-1", signal), ["accepted", "found"]);
  });
  test("the cloud's inventory has what is found once it is identified, and not where it is", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7), machine("2", 8)]);
    await accept(core, assetOf("1"), signal);
    await identify(core, "1", "1", signal);
    const { body } = await core.cloud.call("inventory", { after: 0, waitMs: 0 }, signal);
    const text = Buffer.from(body).toString();
    assert.equal((JSON.parse(text) as { assets: readonly { asset: string; name: string }[] }).assets.map(({ asset, name }) => [asset, name]), [[assetOf("1"), "1"]]);
    assert.not.match(text, /192\.0\.2/);
  });
  test("the zone is told of an accepted machine by its long poll", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7)]);
    const { revision } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
    const next = core.source.call("assignments", { after: revision, waitMs: 60_000 }, signal);
    await accept(core, assetOf("1"), signal);
    assert.equal((await next).assignments.map(({ name }) => name), ["1"]);
  });
  test("nobody accepts what is not what they saw any more", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7)]);
    const { seen } = await show(core, assetOf("1"), signal);
    await report(core, signal, [{ ...machine("1", 7), nameplate: { ...nameplateOf("1"), softwareRevision: "2" } }]);
    await assert.rejects(core.local.call("acceptAsset", { key: assetOf("1"), seen }, signal), "IDENTITY_CHANGED");
    await assert.rejects(core.local.call("acceptAsset", { key: "urn:nobody", seen }, signal), "NOT_FOUND");
    assert.equal(await assigned(core, signal), []);
  });
  test("names come from the serial number, and no two machines have the same", async ({ defer, signal }) => {
    const core = await startCore(defer, `${SEGMENTS}${configure({ "A-1": undefined })}`);
    await report(core, signal, [machine("A/1", 7), machine("A 1", 8), machine("..", 9)]);
    assert.is((await accept(core, assetOf("A/1"), signal)).name, "A-1-2");
    assert.is((await accept(core, assetOf("A 1"), signal)).name, "A-1-3");
    assert.is((await accept(core, assetOf(".."), signal)).name, "Press");
    await report(core, signal, [machine("4", 10)]);
    await assert.rejects(accept(core, assetOf("4"), signal, "A-1"), "INPUT_INVALID");
    assert.is((await accept(core, assetOf("4"), signal, "saw_4")).key, "saw_4");
  });
  test("what cannot be read is listed, with the reason, and cannot be accepted", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    const { driver: _driver, url: _url, nameplate: _nameplate, ...printer } = machine("p", 7);
    const { nameplate: _own, ...mute } = machine("m", 8, { fault: { code: "PEER_UNREACHABLE", kind: "transient", message: "no connection" } });
    await report(core, signal, [printer, mute, machine("f", 9, { url: "http://203.0.113.9:8080" }), machine("x", 10, { fault: { code: "ADDRESS_REFUSED", kind: "config", message: "points outside" } })]);
    const all = await list(core, signal);
    assert.equal(all.map(({ key, state, url }) => [key, state, url]), [
      ["urn:uuid:f", "pending", null],
      ["urn:uuid:m", "pending", "http://192.0.2.8:8080"],
      ["urn:uuid:p", "pending", null],
      [assetOf("x"), "pending", "http://192.0.2.10:8080"],
    ]);
    for (const { key } of all) await assert.rejects(accept(core, key, signal), "INPUT_INVALID");
    assert.match(all[0]?.reason ?? "", /outside segment cell/);
    assert.match(all[1]?.reason ?? "", /no connection/);
  });
  test("a machine of the configuration is no candidate; it gets presence and endpoint", async ({ defer, signal }) => {
    const core = await startCore(defer, `${SEGMENTS}assets:\n  - { name: press, segment: cell, miko: { url: "http://192.0.2.7:8080/" } }\n  - { name: saw, miko: { url: "http://192.0.2.9" } }\n`);
    await identify(core, "saw", "2", signal);
    await report(core, signal, [machine("1", 7), machine("2", 8)]);
    assert.equal((await list(core, signal)).map(({ key, origin, presence, endpoint }) => [key, origin, presence, endpoint]), [
      ["press", "configuration", "present", "urn:uuid:1"],
      ["saw", "configuration", "present", "urn:uuid:2"],
    ]);
    await report(core, signal, [{ kind: "left", endpoint: "urn:uuid:1", address: "192.0.2.7" }]);
    assert.is((await show(core, "press", signal)).presence, "left");
  });
  test("K2.2.3b the same asset at a new address goes on there with its name and history, once it is not connected at the old one", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7)]);
    await accept(core, assetOf("1"), signal);
    await identify(core, "1", "1", signal);
    await link(core, "1", "connected", signal);
    await report(core, signal, [machine("1", 8, { endpoint: "urn:uuid:1" })]);
    assert.is((await assigned(core, signal))[0]?.config.url, "http://192.0.2.7:8080");
    assert.equal(await standing(core, signal), ["ASSET_IMPOSTOR 1"]);
    await link(core, "1", "lost", signal);
    assert.is((await assigned(core, signal))[0]?.config.url, "http://192.0.2.8:8080");
    assert.equal(await history(core, "1", signal), ["moved", "accepted", "found"]);
    assert.equal((await list(core, signal)).map(({ key, address }) => [key, address]), [["1", "192.0.2.8"]]);
    assert.not.ok((await standing(core, signal)).includes("ASSET_IMPOSTOR 1"));
  });
  test("claims from elsewhere wait beside the accepted machine, raise a condition, and change nothing", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7)]);
    await accept(core, assetOf("1"), signal);
    const before = await assigned(core, signal);
    const { fault, ...forged } = { fault: { code: "ADDRESS_REFUSED" as const, kind: "config" as const, message: "outside" }, ...machine("1", 66, { endpoint: "urn:uuid:evil" }) };
    const { nameplate: _none, url: _url, ...foreign } = machine("1", 67, { fault });
    await report(core, signal, [forged, foreign, { kind: "left", endpoint: "urn:uuid:1", address: "192.0.2.66" }, machine("9", 7, { endpoint: "urn:uuid:evil", address: "192.0.2.66", nameplate: nameplateOf("1") })]);
    assert.equal(await assigned(core, signal), before);
    assert.equal((await list(core, signal)).map(({ key, state, presence }) => [key, state, presence]), [
      ["1", "accepted", "present"],
      ["urn:uuid:1", "pending", "present"],
      [assetOf("1"), "pending", "present"],
    ]);
    assert.match((await show(core, assetOf("1"), signal)).changes.join(" "), /Endpoint: urn:uuid:1 before, urn:uuid:evil now\. Address: /);
    assert.ok((await standing(core, signal)).includes("ASSET_IMPOSTOR 1"));
  });
  test("a person who accepts such a claim gives the asset its new place", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7)]);
    await accept(core, assetOf("1"), signal, "press");
    await report(core, signal, [machine("1", 8, { endpoint: "urn:uuid:new" })]);
    assert.is((await accept(core, assetOf("1"), signal)).key, "press");
    assert.equal((await assigned(core, signal)).map(({ name, config }) => [name, config.url]), [["press", "http://192.0.2.8:8080"]]);
    assert.is((await list(core, signal)).length, 1);
  });
  test("K1.7a another identity at the accepted address suspends it: readings are refused, its points turn bad, and only a person takes it up again", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7)]);
    await accept(core, assetOf("1"), signal, "press");
    await identify(core, "press", "1", signal);
    await core.local.call("enrolAsset", { key: "press", by: "password" }, signal);
    assert.equal((await show(core, "press", signal)).enrolled, ["password"]);
    const good = sampleOf(assetOf("1"));
    await core.source.call("readings", { readings: [good] }, signal);
    await report(core, signal, [machine("1", 7, { nameplate: nameplateOf("2") })]);
    assert.equal(await assigned(core, signal), []);
    assert.equal(await standing(core, signal), ["ASSET_SUSPENDED press"]);
    assert.is((await core.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal)).quarantined, 1);
    await until(async () => (await core.local.call("values", { after: 0, waitMs: 0 }, signal)).values.some(({ reading }) => "quality" in reading && reading.quality === "bad"), signal);
    await report(core, signal, [machine("1", 7)]);
    assert.is((await show(core, "press", signal)).state, "suspended");
    await report(core, signal, [machine("1", 7, { nameplate: nameplateOf("2") })]);
    const suspended = await show(core, "press", signal);
    assert.equal([suspended.id, suspended.changes], [assetOf("2"), [`Identity: ${assetOf("1")} before, ${assetOf("2")} now.`]]);
    assert.equal([(await accept(core, "press", signal)).state, (await assigned(core, signal)).length], ["accepted", 1]);
    assert.equal((await show(core, "press", signal)).enrolled, [], "the other machine does not publish with the password of the first");
    assert.equal(await identify(core, "press", "2", signal), [assetOf("2")]);
    assert.not.ok((await standing(core, signal)).includes("ASSET_SUSPENDED press"));
    assert.equal(audited(core), ["local asset.accepted press", "core asset.suspended press", "local asset.accepted press"]);
  });
  test("what the driver finds counts too: another identity, or another certificate at the accepted address", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7), machine("2", 8)]);
    for (const serial of ["1", "2"]) await accept(core, assetOf(serial), signal);
    assert.equal(await identify(core, "1", "other", signal), []);
    await link(core, "2", "stopped", signal, "CERTIFICATE_REFUSED", "192.0.2.99:8883");
    assert.equal((await assigned(core, signal)).map(({ name }) => name), ["2"]);
    await link(core, "2", "stopped", signal, "CERTIFICATE_REFUSED", "192.0.2.8:8080");
    assert.equal(await assigned(core, signal), []);
    assert.equal((await list(core, signal)).map(({ name, state }) => [name, state]), [["1", "suspended"], ["2", "suspended"]]);
    assert.equal((await readStatus(core, signal)).conditions.map(({ code }) => code), ["ASSET_SUSPENDED", "ASSET_SUSPENDED"]);
  });
  test("what is refused is not offered again until it is something else", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7)]);
    await core.local.call("refuseAsset", { key: assetOf("1"), reason: "not ours" }, signal);
    await report(core, signal, [machine("1", 7), machine("1", 8)]);
    assert.equal((await list(core, signal)).map(({ key, state, reason }) => [key, state, reason]), [[assetOf("1"), "refused", "not ours"]]);
    await report(core, signal, [machine("1", 7, { nameplate: nameplateOf("2") })]);
    assert.equal((await list(core, signal)).map(({ key, state }) => [key, state]), [[assetOf("1"), "refused"], [assetOf("2"), "pending"]]);
    await core.local.call("forgetAsset", { key: assetOf("2") }, signal);
    await core.local.call("forgetAsset", { key: assetOf("1") }, signal);
    await report(core, signal, [machine("1", 7)]);
    assert.equal((await list(core, signal)).map(({ key, state }) => [key, state]), [[assetOf("1"), "pending"]]);
  });
  test("an accepted machine that is refused is read no more, and comes back by being accepted", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7)]);
    await accept(core, assetOf("1"), signal);
    await identify(core, "1", "1", signal);
    await assert.rejects(core.local.call("forgetAsset", { key: "1" }, signal), "INPUT_INVALID");
    await core.local.call("refuseAsset", { key: "1" }, signal);
    assert.equal(await assigned(core, signal), []);
    assert.is((await core.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal)).quarantined, 1);
    await accept(core, "1", signal);
    assert.is((await assigned(core, signal)).length, 1);
    assert.equal(await identify(core, "1", "1", signal), [assetOf("1")]);
    await core.local.call("refuseAsset", { key: "1" }, signal);
    await core.local.call("forgetAsset", { key: "1" }, signal);
    assert.equal(await list(core, signal), []);
  });
  test("a configured machine that is refused gives no readings, and comes back by being accepted", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ press: undefined }));
    await assert.rejects(core.local.call("refuseAsset", { key: "press" }, signal), "INPUT_INVALID");
    await identify(core, "press", "1", signal);
    assert.is((await core.local.call("refuseAsset", { key: "press" }, signal)).asset.state, "refused");
    assert.equal(await identify(core, "press", "1", signal), []);
    assert.is((await core.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal)).quarantined, 1);
    await accept(core, "press", signal);
    assert.equal(await identify(core, "press", "1", signal), [assetOf("1")]);
    assert.equal(await history(core, "press", signal), ["accepted", "refused"]);
  });
  test("everything is known after a restart", async ({ defer, signal }) => {
    const first = await startCore(defer, SEGMENTS);
    await report(first, signal, [machine("1", 7), machine("2", 8), machine("3", 9), machine("4", 10)]);
    await accept(first, assetOf("1"), signal);
    await accept(first, assetOf("2"), signal);
    await report(first, signal, [machine("2", 8, { nameplate: nameplateOf("x") })]);
    await first.local.call("refuseAsset", { key: assetOf("3") }, signal);
    await first.source.call("link", { assignment: "1", state: "connected", via: "gateway" }, signal);
    const before = await list(first, signal);
    await first.stop();
    const core = await startCore(defer, SEGMENTS, { dataDir: first.dataDir });
    const after = await list(core, signal);
    assert.equal(after.map((one) => ({ ...one, presence: "present" })), before.map((one) => ({ ...one, presence: "present" })));
    assert.equal(after.map(({ state, presence }) => [state, presence]), [["accepted", "unknown"], ["suspended", "unknown"], ["refused", "unknown"], ["pending", "unknown"]]);
    assert.is(after[0]?.via, "gateway");
    assert.ok((await standing(core, signal)).includes("ASSET_SUSPENDED 2"));
    assert.equal((await assigned(core, signal)).map(({ name }) => name), ["1"]);
    assert.equal(await history(core, "1", signal), ["accepted", "found"]);
  });
  test("a segment that leaves the configuration takes its found machines with it until it is back; a configured machine wins over a found one", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7), machine("2", 8)]);
    await accept(core, assetOf("1"), signal);
    await accept(core, assetOf("2"), signal);
    const reload = async (text: string): Promise<unknown> => {
      writeFileSync(core.configFile, text);
      return core.local.call("reload", {}, signal);
    };
    await reload("segments:\n  - { name: line, subnets: [198.51.100.0/24] }\n");
    assert.equal(await assigned(core, signal), []);
    const gone = await show(core, "1", signal);
    assert.equal([gone.state, gone.reason, gone.link], ["accepted", "The configuration has no segment cell any more.", "not assigned"]);
    await reload(`${SEGMENTS}assets:\n  - { name: press, segment: cell, miko: { url: "http://192.0.2.7:8080" } }\n  - { name: "2", segment: cell, miko: { url: "http://192.0.2.99" } }\n`);
    assert.equal((await assigned(core, signal)).map(({ name, config }) => [name, config.url]), [["press", "http://192.0.2.7:8080"], ["2", "http://192.0.2.99"]]);
    await reload(SEGMENTS);
    assert.equal((await assigned(core, signal)).map(({ name }) => name), ["1", "2"]);
  });
  test("what was suspended and is configured then is taken up by a person who accepts it under its new name", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7)]);
    await accept(core, assetOf("1"), signal, "found-1");
    await identify(core, "found-1", "1", signal);
    await report(core, signal, [machine("1", 7, { nameplate: nameplateOf("2") })]);
    writeFileSync(core.configFile, `${SEGMENTS}assets:\n  - { name: press, segment: cell, miko: { url: "http://192.0.2.7:8080" } }\n`);
    await core.local.call("reload", {}, signal);
    assert.equal(await identify(core, "press", "1", signal), []);
    assert.equal((await list(core, signal)).map(({ key, state }) => [key, state]), [["found-1", "suspended"], ["press", "suspended"]]);
    await assert.rejects(accept(core, "found-1", signal), "INPUT_INVALID");
    await accept(core, "press", signal);
    assert.equal(await identify(core, "press", "1", signal), [assetOf("1")]);
    assert.equal((await list(core, signal)).map(({ key, state }) => [key, state]), [["press", "accepted"]]);
    assert.equal(await standing(core, signal), []);
  });
  test("what waited in a segment that is gone, or is configured now, waits no more", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("1", 7)]);
    await report(core, signal, [machine("2", 8, { address: "198.51.100.8", url: "http://198.51.100.8" })], "line");
    writeFileSync(core.configFile, 'segments:\n  - { name: line, subnets: [198.51.100.0/24] }\nassets:\n  - { name: saw, segment: line, miko: { url: "http://198.51.100.8/" } }\n');
    await core.local.call("reload", {}, signal);
    assert.equal((await list(core, signal)).map(({ key }) => key), ["saw"]);
  });
  test("the register comes in pages, in the order of its keys", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, Array.from({ length: 250 }, (_, index) => machine(`s${index}`, 1 + (index % 250))));
    const all = (await list(core, signal)).map(({ key }) => key);
    assert.is(all.length, 250);
    assert.equal(all, [...all].sort());
  });
});
