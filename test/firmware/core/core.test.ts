// Shows core at work: on real files, asked over its real conduits.

import { randomUUID } from "node:crypto";
import Database from "better-sqlite3";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cloudConduit } from "../../../firmware/conduit/cloud.ts";
import { openConduit } from "../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../support/suite.ts";
import { assetOf, CLOUD_SECTION, configure, identify, readStatus, sampleOf, standing, startCore } from "./running-core.ts";
import type { RunningCore } from "./running-core.ts";

const LEASE = { maxCount: 100, maxBytes: 65_536, lingerMs: 0, waitMs: 2000 } as const;

/** How many readings the two lanes of samples give. */
async function countLeased({ cloud }: RunningCore, signal: AbortSignal): Promise<number> {
  const heads = await Promise.all((["live", "backlog"] as const).map(async (lane) => (await cloud.call("lease", { ...LEASE, waitMs: 0, lane }, signal)).head));
  return heads.reduce((sum, { count }) => sum + count, 0);
}

/** Sends until something is refused. */
async function insist(core: RunningCore, signal: AbortSignal): Promise<never> {
  for (;;) {
    await core.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal);
    await systemClock.sleep(50, signal);
  }
}

suite("core", (test) => {
  test("starts with nothing, and its status says so", async ({ defer, signal }) => {
    const core = await startCore(defer, undefined);
    const status = await readStatus(core, signal);
    assert.equal(status.conditions, []);
    assert.is(status.state, "running");
    assert.match(status.gateway, /^weir-[0-9a-f]{12}$/);
    assert.equal(status.assets, {});
    assert.is(status.cloud.state, "not configured");
    await core.stop();
    const again = await startCore(defer, undefined, { dataDir: core.dataDir });
    assert.is((await readStatus(again, signal)).gateway, status.gateway);
  });
  test("a reading goes from the source to the cloud and is gone when the cloud has confirmed it", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }, CLOUD_SECTION));
    assert.equal(await identify(core, "press-1", "1", signal), [assetOf("1")]);
    const reading = sampleOf(assetOf("1"));
    assert.equal(await core.source.call("readings", { readings: [reading], cursors: [{ asset: assetOf("1"), cursor: "17" }] }, signal), { accepted: 1, repeated: 0, quarantined: 0 });
    assert.is((await readStatus(core, signal)).outbox.queued, 1);
    const { head, body } = await core.cloud.call("lease", { ...LEASE, lane: "live" }, signal);
    assert.equal(head.ranges, [[1, 1]]);
    const [sent] = JSON.parse(Buffer.from(body).toString()) as [Record<string, unknown>];
    assert.is(sent["asset"], assetOf("1"));
    assert.is(sent["value"], "value" in reading ? reading.value : undefined);
    await core.cloud.call("settle", { lease: head.lease, stream: head.stream, accepted: head.ranges, rejected: [], kept: [] }, signal);
    assert.is((await core.cloud.call("figures", {}, signal)).queued, 0);
    const { assignments } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
    assert.equal(assignments[0]?.cursors, { [assetOf("1")]: "17" });
  });
  test("a repeated request for a lease gets the same lease", async ({ defer, signal }) => {
    const epoch = randomUUID();
    const core = await startCore(defer, configure({ "press-1": undefined }, CLOUD_SECTION), { epoch });
    await identify(core, "press-1", "1", signal);
    await core.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal);
    const first = await core.cloud.call("lease", { ...LEASE, lane: "live" }, signal);
    // A second client of the same epoch starts to count at 1 again, as a repeat does.
    const twin = openConduit(cloudConduit, { socket: conduitSocket(core.dataDir, "cloud"), clock: systemClock, epoch, log: silentLog });
    defer(() => twin.close());
    assert.is(first.head.count, 1);
    assert.equal((await twin.call("lease", { ...LEASE, lane: "live" }, signal)).head, first.head);
  });
  test("readings of unknown assets are acknowledged, set apart and told", async ({ defer, signal }) => {
    const first = await startCore(defer, configure({ "press-1": undefined }, CLOUD_SECTION));
    await identify(first, "press-1", "1", signal);
    await first.stop();
    // With a state.db of its own start it would ask for them again: the zone may know more than it does.
    const core = await startCore(defer, configure({ "press-1": undefined }, CLOUD_SECTION), { dataDir: first.dataDir });
    const answer = await core.source.call("readings", { readings: [sampleOf(assetOf("1")), sampleOf("urn:nobody"), sampleOf(assetOf("1"))] }, signal);
    assert.equal(answer, { accepted: 2, repeated: 0, quarantined: 1 });
    const status = await readStatus(core, signal);
    assert.is(status.outbox.queued, 2);
    assert.equal(status.conditions.map(({ code, subject }) => [code, subject]), [["SECRET_MISSING", "cloud-password"], ["PAYLOADS_QUARANTINED", "unknown assets"]]);
    assert.match(status.conditions[1]?.cause ?? "", /urn:nobody: the asset is unknown/);
  });
  test("what is accepted and known survives a restart, the zone needs not identify again", async ({ defer, signal }) => {
    const epoch = randomUUID();
    const configuration = configure({ "press-1": undefined }, CLOUD_SECTION);
    const core = await startCore(defer, configuration, { epoch });
    await core.source.call("link", { assignment: "press-1", state: "lost", fault: { code: "PEER_UNREACHABLE", kind: "transient", message: "no route" } }, signal);
    await identify(core, "press-1", "1", signal);
    await core.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal);
    const { gateway } = await readStatus(core, signal);
    assert.ok((await core.stop()) < 3000);
    const again = await startCore(defer, configuration, { dataDir: core.dataDir, epoch: randomUUID() });
    assert.is((await again.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal)).accepted, 1);
    const status = await readStatus(again, signal);
    assert.is(status.outbox.queued, 2);
    assert.is(status.gateway, gateway);
    assert.is(status.assets[assetOf("1")]?.link, "lost");
    assert.ok((await standing(again, signal)).includes("ASSET_LOST press-1"));
    assert.is((await again.local.call("values", { after: 0, waitMs: 0 }, signal)).values.length, 1);
    assert.is(await countLeased(again, signal), 2);
  });
  test("a long poll for values ends with a change, long before its time", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }, CLOUD_SECTION));
    await identify(core, "press-1", "1", signal);
    const { revision } = await core.local.call("values", { after: 0, waitMs: 0 }, signal);
    const poll = core.local.call("values", { after: revision, waitMs: 60_000 }, signal);
    await core.local.call("status", {}, signal);
    await core.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal);
    const answeredMs = systemClock.uptimeMs();
    const { values } = await poll;
    assert.ok(systemClock.uptimeMs() - answeredMs < 10_000);
    assert.equal(values.map(({ name }) => name), ["press-1"]);
  });
  test("the inventory comes as text, once per change, and a broker that does not take it is told", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined, "press-2": undefined }, "cloud: { url: 'mqtts://192.0.2.1' }\n"));
    await identify(core, "press-1", "1", signal);
    const first = await core.cloud.call("inventory", { after: 0, waitMs: 0 }, signal);
    assert.equal(JSON.parse(Buffer.from(first.body).toString()).assets.map(({ asset }: { asset: string }) => asset), [assetOf("1")]);
    const same = await core.cloud.call("inventory", { after: first.head.revision, waitMs: 10 }, signal);
    assert.equal([same.head.revision, same.body.length], [first.head.revision, 0]);
    const next = core.cloud.call("inventory", { after: first.head.revision, waitMs: 50_000 }, signal);
    await identify(core, "press-2", "2", signal);
    assert.is(JSON.parse(Buffer.from((await next).body).toString()).assets.length, 2);
    await core.cloud.call("document", { document: "inventory", fault: { code: "PEER_LIMIT", kind: "transient", message: "too large" } }, signal);
    assert.equal(await standing(core, signal), ["CLOUD_DOCUMENT_REFUSED inventory"]);
    await core.cloud.call("document", { document: "inventory" }, signal);
    assert.equal(await standing(core, signal), []);
  });
  test("stops within 3 s while long polls wait and readings come", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }, CLOUD_SECTION));
    await identify(core, "press-1", "1", signal);
    const { revision } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
    const abort = new AbortController();
    const polls = [core.source.call("assignments", { after: revision, waitMs: 60_000 }, abort.signal), core.cloud.call("lease", { ...LEASE, lane: "live", waitMs: 60_000 }, abort.signal)];
    const settled = Promise.allSettled(polls);
    await core.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal);
    assert.ok((await core.stop()) < 3000);
    abort.abort();
    await settled;
  });
});

suite("core, configuration", (test) => {
  test("a change of the file reaches the zones without a restart", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }));
    const first = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
    assert.equal(first.assignments.map(({ name }) => name), ["press-1"]);
    const next = core.source.call("assignments", { after: first.revision, waitMs: 50_000 }, signal);
    writeFileSync(core.configFile, configure({ "press-1": undefined, "press-2": undefined }, CLOUD_SECTION));
    assert.equal((await next).assignments.map(({ name }) => name), ["press-1", "press-2"]);
    const { link, gateway } = await core.cloud.call("link", { after: 0, waitMs: 0 }, signal);
    assert.is(link?.url, "mqtts://192.0.2.1:8883");
    assert.match(gateway, /^weir-/);
  });
  test("a broken change is refused with its lines, and the one before stays in force", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }));
    writeFileSync(core.configFile, `${configure({ "press-1": undefined })}\nasets: []\n`);
    const fault = await assert.rejects(core.local.call("reload", {}, signal), "CONFIG_INVALID");
    assert.match(String(fault), /weir\.yaml:\d+:\d+: .*asets/);
    assert.equal(await standing(core, signal), [`CONFIG_BROKEN ${core.configFile}`]);
    writeFileSync(core.configFile, configure({ "press-2": undefined }));
    // Core may have seen the file by itself before it is told.
    assert.equal((await core.local.call("reload", {}, signal)).needsRestart, []);
    assert.equal((await core.source.call("assignments", { after: 0, waitMs: 0 }, signal)).assignments.map(({ name }) => name), ["press-2"]);
    assert.equal(await standing(core, signal), []);
  });
  test("a start with a broken file uses the last good one and names the line", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }));
    await core.stop();
    const again = await startCore(defer, "assets: [\n", { dataDir: core.dataDir });
    const { conditions } = await readStatus(again, signal);
    assert.is(conditions[0]?.code, "CONFIG_BROKEN");
    assert.match(conditions[0]?.cause ?? "", /weir\.yaml:\d+:\d+/);
    assert.equal((await again.source.call("assignments", { after: 0, waitMs: 0 }, signal)).assignments.map(({ name }) => name), ["press-1"]);
  });
  test("log level, bounds and order take effect without a restart, in all zones", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }, CLOUD_SECTION));
    await identify(core, "press-1", "1", signal);
    const { revision } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
    const { revision: linkRevision } = await core.cloud.call("link", { after: 0, waitMs: 0 }, signal);
    const polls = [core.source.call("assignments", { after: revision, waitMs: 50_000 }, signal), core.cloud.call("link", { after: linkRevision, waitMs: 50_000 }, signal)] as const;
    // The bound lies below what the file has already: readings are refused at once.
    writeFileSync(core.configFile, configure({ "press-1": undefined }, `${CLOUD_SECTION}  order: strict\nlog: { level: warn }\noutbox: { watermark: { reserveBytes: ${2 ** 50}, maxFraction: 0.1 } }\n`));
    assert.equal((await core.local.call("reload", {}, signal)).needsRestart, []);
    assert.equal(await standing(core, signal).then((codes) => codes.filter((code) => code.startsWith("CONFIG"))), []);
    for (const { logLevel } of await Promise.all(polls)) assert.is(logLevel, "warn");
    assert.equal(core.levels, ["info", "warn"]);
    await assert.rejects(insist(core, signal), "STORAGE_FULL");
    writeFileSync(core.configFile, configure({ "press-1": undefined }, `${CLOUD_SECTION}  order: strict\n`));
    await core.local.call("reload", {}, signal);
    assert.is((await core.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal)).accepted, 1);
    assert.is((await core.cloud.call("lease", { ...LEASE, waitMs: 0, lane: "backlog" }, signal)).head.count, 0);
    assert.ok((await core.cloud.call("lease", { ...LEASE, lane: "live" }, signal)).head.count > 0);
  });
  test("what is read at start only is named as waiting for a restart", async ({ defer, signal }) => {
    const core = await startCore(defer, "gateway: { id: one }\n");
    writeFileSync(core.configFile, "gateway: { id: two }\noutbox: { maxAge: 1d }\n");
    await core.local.call("reload", {}, signal);
    const { conditions } = await readStatus(core, signal);
    assert.equal(conditions.map(({ code, detail }) => [code, detail]), [["CONFIG_NEEDS_RESTART", "gateway.id"]]);
    assert.is((await core.cloud.call("link", { after: 0, waitMs: 0 }, signal)).gateway, "one");
  });
});

suite("core, databases", (test) => {
  test("damaged databases are set aside by name, told and recorded, and core goes on", async ({ defer, signal }) => {
    const configuration = configure({ "press-1": undefined }, CLOUD_SECTION);
    const core = await startCore(defer, configuration);
    await identify(core, "press-1", "1", signal);
    await core.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal);
    await core.stop();
    for (const name of ["state.db", "audit.db"]) writeFileSync(join(core.dataDir, name), Buffer.alloc(8192, 3));
    const again = await startCore(defer, configuration, { dataDir: core.dataDir });
    const codes = await standing(again, signal);
    for (const code of ["STATE_SET_ASIDE", "AUDIT_SET_ASIDE"]) assert.ok(codes.some((line) => line.startsWith(code)), `${code} in ${codes.join(", ")}`);
    assert.is(readdirSync(core.dataDir).filter((name) => /^(state|audit)\.db\.damaged-[^.]*$/.test(name)).length, 2);
    assert.is((await readStatus(again, signal)).outbox.queued, 1);
    const { newest } = auditOf(again);
    assert.equal(newest.filter(({ action }) => action === "database.set-aside").length, 2);
  });
  test("after a new state database a zone that outlived it is told to identify its machines again", async ({ defer, signal }) => {
    const configuration = configure({ "press-1": undefined }, CLOUD_SECTION);
    const core = await startCore(defer, configuration);
    await identify(core, "press-1", "1", signal);
    const { revision } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
    await core.stop();
    writeFileSync(join(core.dataDir, "state.db"), "no database at all, and longer than a header of one would be: ".repeat(20));
    for (const name of ["state.db-wal", "state.db-shm"]) rmSync(join(core.dataDir, name), { force: true });
    const again = await startCore(defer, configuration, { dataDir: core.dataDir });
    await assert.rejects(again.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal), "STORAGE_BUSY");
    const emptied = await again.source.call("assignments", { after: revision, waitMs: 50_000 }, signal);
    assert.equal(emptied.assignments, []);
    assert.is((await again.source.call("assignments", { after: emptied.revision, waitMs: 50_000 }, signal)).assignments.length, 1);
    await identify(again, "press-1", "1", signal);
    assert.is((await again.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal)).accepted, 1);
  });
  test("CR 3.9 an altered audit log is a condition at the next start", async ({ defer, signal }) => {
    const core = await startCore(defer, undefined);
    await core.local.call("setSecret", { name: "a", text: "x" }, signal);
    await core.stop();
    const database = new Database(join(core.dataDir, "audit.db"));
    database.exec("DROP TRIGGER never_changed; UPDATE entries SET actor = 'nobody' WHERE number = 2");
    database.close();
    const again = await startCore(defer, undefined, { dataDir: core.dataDir });
    let codes: readonly string[] = [];
    while (codes.length === 0) codes = await standing(again, signal);
    assert.equal(codes, ["AUDIT_CHAIN_BROKEN audit.db"]);
  });
  test("start, stop, configuration and secrets stand in the audit log", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({}));
    await core.local.call("setSecret", { name: "a", text: "x" }, signal);
    await core.local.call("deleteSecret", { name: "a" }, signal);
    writeFileSync(core.configFile, configure({ "press-1": undefined }));
    await core.local.call("reload", {}, signal);
    writeFileSync(core.configFile, "x: 1");
    await assert.rejects(core.local.call("reload", {}, signal), "CONFIG_INVALID");
    await core.source.call("link", { assignment: "press-1", state: "stopped", fault: { code: "CERTIFICATE_REFUSED", kind: "denied", message: "wrong pin" } }, signal);
    await core.stop();
    const { newest } = auditOf(core);
    assert.equal(newest.map(({ action }) => action).toReversed(), ["core.started", "secret.set", "secret.deleted", "configuration.applied", "configuration.refused", "access.denied", "core.stopped"]);
  });
  test("a changed configuration is recorded setting by setting, also one that was changed while the gateway was stopped", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({}, "log: { level: warn }"));
    writeFileSync(core.configFile, configure({}, "log: { level: debug }"));
    await core.local.call("reload", {}, signal);
    await core.stop();
    writeFileSync(core.configFile, configure({}, "log: { level: debug }\ngateway: { name: Hall 3 }\n# changed"));
    const again = await startCore(defer, undefined, { dataDir: core.dataDir });
    const { records } = await again.local.call("audit", { limit: 500, action: "configuration.applied" }, signal);
    assert.equal(records.map(({ actor, detail }) => [actor, detail["settings"]]), [["core", ['gateway.name: not set → "Hall 3"']], ["local", ['log.level: "warn" → "debug"']]]);
  });
});

function auditOf({ dataDir }: RunningCore): { readonly newest: readonly { readonly action: string }[] } {
  const database = new Database(join(dataDir, "audit.db"), { readonly: true });
  try {
    return { newest: database.prepare<[], { action: string }>("SELECT action FROM entries ORDER BY number DESC").all() };
  } finally {
    database.close();
  }
}
