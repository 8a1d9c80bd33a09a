// Shows the machine CA in a running core: what zones are given, what outlives what, and who may publish.

import { createHash, X509Certificate } from "node:crypto";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { ReplyOf } from "../../../../firmware/conduit/route.ts";
import type { sourceConduit } from "../../../../firmware/conduit/source.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";
import { assetOf, configure, identify, readStatus, standing, startCore } from "../running-core.ts";
import type { RunningCore } from "../running-core.ts";

type Assignments = ReplyOf<typeof sourceConduit.assignments>;

/** A segment on loopback whose machines publish over TLS, and one with public addresses. */
function site(port = "ingestTls: 8883", subnets = "[127.0.0.0/8]"): string {
  return configure({ "press-1": undefined, "press-2": undefined }, `gateway: { id: gw-1 }\nsegments: [{ name: hall, subnets: ${subnets} }]\nnetwork: { field: [{ segment: hall, interface: lo, ${port} }] }\n`);
}

function ask({ source }: RunningCore, signal: AbortSignal): Promise<Assignments> {
  return source.call("assignments", { after: 0, waitMs: 0 }, signal);
}

async function accessOf(core: RunningCore, name: string, signal: AbortSignal): Promise<Assignments["assignments"][number]["ingest"]> {
  return (await ask(core, signal)).assignments.find((one) => one.name === name)?.ingest;
}

async function shown(core: RunningCore, signal: AbortSignal): Promise<string> {
  const { ingestTls } = await ask(core, signal);
  return ingestTls === undefined ? "" : (new X509Certificate(ingestTls.certificate).subjectAltName ?? "");
}

function listen({ source }: RunningCore, addresses: readonly string[], signal: AbortSignal): Promise<unknown> {
  const listeners = addresses.map((address) => ({ segment: "hall", address, port: 8883, isTls: true }));
  return source.call("ingest", { listeners, connections: 0, isFull: false }, signal);
}

async function audited({ dataDir, stop }: RunningCore): Promise<readonly string[]> {
  await stop();
  const database = new Database(join(dataDir, "audit.db"), { readonly: true });
  const [table = ""] = database.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%action%'").pluck().all();
  const actions = database.prepare<[], string>(`SELECT action FROM ${table} ORDER BY rowid`).pluck().all();
  database.close();
  return actions;
}

async function restart(defer: Defer, core: RunningCore, configuration: string): Promise<RunningCore> {
  await core.stop();
  return startCore(defer, configuration, { dataDir: core.dataDir });
}

suite("machine CA in core", (test) => {
  test("without a TLS port for machines there is no CA, and with one the zone gets a certificate for the gateway's addresses", async ({ defer, signal }) => {
    const core = await startCore(defer, site("ingestPlain: 1883"));
    assert.is((await ask(core, signal)).ingestTls, undefined);
    const { revision } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
    writeFileSync(core.configFile, site());
    const next = core.source.call("assignments", { after: revision, waitMs: 50_000 }, signal);
    await core.local.call("reload", {}, signal);
    await next;
    assert.is(await shown(core, signal), "DNS:gw-1.machines.weir.internal, IP Address:127.0.0.1");
    const { ingestTls } = await ask(core, signal);
    const { certificate, fingerprint } = await core.local.call("machineCa", {}, signal);
    assert.is(ingestTls?.clientCa, certificate);
    assert.is(new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase(), fingerprint);
    assert.ok(new X509Certificate(ingestTls?.certificate ?? "").verify(new X509Certificate(certificate).publicKey));
  });
  test("REL CA, certificate and enrolments outlive a restart", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    const [before, ca] = [await ask(core, signal), await core.local.call("machineCa", {}, signal)];
    await core.local.call("enrolAsset", { key: "press-1", by: "password" }, signal);
    const access = await accessOf(core, "press-1", signal);
    const again = await restart(defer, core, site());
    assert.equal((await ask(again, signal)).ingestTls, before.ingestTls);
    assert.equal(await again.local.call("machineCa", {}, signal), ca);
    assert.equal(await accessOf(again, "press-1", signal), access);
    assert.equal(await standing(again, signal), []);
  });
  test("where the zone listens at an address that core did not know, the certificate names it too, in the segment's subnets only", async ({ defer, signal }) => {
    const core = await startCore(defer, site("ingestTls: 8883", "[127.0.0.0/8, 10.0.0.0/8]"));
    await listen(core, ["127.0.0.1", "10.0.0.7", "192.168.1.1", "no address"], signal);
    assert.is(await shown(core, signal), "DNS:gw-1.machines.weir.internal, IP Address:127.0.0.1, IP Address:10.0.0.7");
    // A lease that was given back may come again: the former address stays named while it is the segment's.
    await listen(core, ["10.0.0.8"], signal);
    assert.is(await shown(core, signal), "DNS:gw-1.machines.weir.internal, IP Address:127.0.0.1, IP Address:10.0.0.8, IP Address:10.0.0.7");
    const again = await restart(defer, core, site("ingestTls: 8883", "[127.0.0.0/8, 10.0.0.8/32]"));
    assert.is(await shown(again, signal), "DNS:gw-1.machines.weir.internal, IP Address:127.0.0.1, IP Address:10.0.0.8");
  });
  test("CR 7.1 whoever makes addresses change all the time gets few certificates", async ({ defer, signal }) => {
    const core = await startCore(defer, site("ingestTls: 8883", "[127.0.0.0/8, 10.0.0.0/8]"));
    for (let host = 1; host <= 30; host += 1) await listen(core, [`10.0.0.${host}`], signal);
    const actions = await audited(core);
    assert.ok(actions.filter((action) => action === "ingest-certificate.issued").length <= 8, actions.join(" "));
  });
  test("an address that the CA may not name is told with the remedy, and renewing the CA names it", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    await core.local.call("enrolAsset", { key: "press-1", by: "certificate" }, signal);
    await core.local.call("enrolAsset", { key: "press-2", by: "password" }, signal);
    writeFileSync(core.configFile, site("ingestTls: 8883", "[127.0.0.0/8, 203.0.113.0/24]"));
    await core.local.call("reload", {}, signal);
    await listen(core, ["203.0.113.1"], signal);
    assert.equal(await standing(core, signal), ["INGEST_ADDRESS_UNNAMED 203.0.113.1"]);
    assert.is(await shown(core, signal), "DNS:gw-1.machines.weir.internal, IP Address:127.0.0.1");
    const before = await core.local.call("machineCa", {}, signal);
    const after = await core.local.call("renewMachineCa", {}, signal);
    assert.is.not(after.fingerprint, before.fingerprint);
    assert.is(await shown(core, signal), "DNS:gw-1.machines.weir.internal, IP Address:127.0.0.1, IP Address:203.0.113.1");
    // Its certificate is of the former CA; a password is still one.
    assert.is(await accessOf(core, "press-1", signal), undefined);
    assert.equal((await accessOf(core, "press-2", signal))?.certificates, []);
    const [condition] = (await readStatus(core, signal)).conditions;
    assert.equal([condition?.code, condition?.detail], ["MACHINE_CA_REPLACED", "press-1, press-2"]);
    await core.local.call("enrolAsset", { key: "press-1", by: "certificate" }, signal);
    await core.local.call("disenrolAsset", { key: "press-2" }, signal);
    assert.equal(await standing(core, signal), []);
  });
  test("REL a lost vault is a lost CA: another is made, and the machines that need it are named", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    const before = await core.local.call("machineCa", {}, signal);
    await core.local.call("enrolAsset", { key: "press-2", by: "certificate" }, signal);
    await core.stop();
    for (const name of ["vault.db", "vault.db-wal", "vault.db-shm", "vault.key"]) rmSync(join(core.dataDir, name), { force: true });
    const again = await startCore(defer, site(), { dataDir: core.dataDir });
    assert.is.not((await again.local.call("machineCa", {}, signal)).fingerprint, before.fingerprint);
    assert.is(await accessOf(again, "press-2", signal), undefined);
    const replaced = (await readStatus(again, signal)).conditions.find(({ code }) => code === "MACHINE_CA_REPLACED");
    assert.is(replaced?.detail, "press-2");
    assert.match(replaced?.remedy ?? "", /weir assets enrol/);
  });
  test("REL with an unusable vault key core starts, shows no certificate, makes no second CA, and says so", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    const before = await core.local.call("machineCa", {}, signal);
    await core.stop();
    chmodSync(join(core.dataDir, "vault.key"), 0o644);
    const again = await startCore(defer, site(), { dataDir: core.dataDir });
    assert.equal([...(await standing(again, signal))].sort(), ["MACHINE_CA_UNUSABLE machine CA", "VAULT_KEY_UNUSABLE vault.key"]);
    assert.is((await ask(again, signal)).ingestTls, undefined);
    await assert.rejects(again.local.call("enrolAsset", { key: "press-1", by: "password" }, signal), "ACCESS_DENIED");
    await again.stop();
    chmodSync(join(core.dataDir, "vault.key"), 0o600);
    const third = await startCore(defer, site(), { dataDir: core.dataDir });
    assert.equal(await third.local.call("machineCa", {}, signal), before);
  });
  test("REL a CA whose bytes were changed is not replaced by itself", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    await core.stop();
    const database = new Database(join(core.dataDir, "vault.db"));
    database.prepare("UPDATE secrets SET tag = zeroblob(16) WHERE name = '_machine-ca'").run();
    database.close();
    const again = await startCore(defer, site(), { dataDir: core.dataDir });
    assert.equal(await standing(again, signal), ["MACHINE_CA_UNUSABLE machine CA"]);
    await assert.rejects(again.local.call("machineCa", {}, signal), "STORAGE_DAMAGED");
    await again.local.call("renewMachineCa", {}, signal);
    assert.equal(await standing(again, signal), []);
    assert.is(await shown(again, signal), "DNS:gw-1.machines.weir.internal, IP Address:127.0.0.1");
  });
});

suite("enrolment", (test) => {
  test("CR 1.5 a password is random and long, given out once, and only its SHA-256 is kept; another one replaces it", async ({ defer, signal }) => {
    const core = await startCore(defer, site("ingestTls: 8883, ingestPlain: 1883"));
    const { revision } = await ask(core, signal);
    const waiting = core.source.call("assignments", { after: revision, waitMs: 50_000 }, signal);
    const first = await core.local.call("enrolAsset", { key: "press-1", by: "password" }, signal);
    assert.equal(Object.keys(first).sort(), ["ca", "password", "urls", "user"]);
    assert.equal([first.user, first.urls], ["press-1", ["mqtts://127.0.0.1:8883", "mqtt://127.0.0.1:1883"]]);
    assert.match(first.password ?? "", /^[\w-]{43}$/);
    const sha256 = (text = ""): string => createHash("sha256").update(text).digest("hex");
    assert.equal((await waiting).assignments.map(({ ingest }) => ingest), [{ passwordSha256: sha256(first.password), certificates: [] }, undefined]);
    const second = await core.local.call("enrolAsset", { key: "press-1", by: "password" }, signal);
    assert.equal(await accessOf(core, "press-1", signal), { passwordSha256: sha256(second.password), certificates: [] });
  });
  test("CR 1.8 a certificate counts beside the password, by its fingerprint, and at most eight do", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    await core.local.call("enrolAsset", { key: "press-1", by: "password" }, signal);
    const certificates: string[] = [];
    for (let count = 0; count < 8; count += 1) certificates.push((await core.local.call("enrolAsset", { key: "press-1", by: "certificate" }, signal)).certificate ?? "");
    const access = await accessOf(core, "press-1", signal);
    assert.equal(access?.certificates, certificates.map((pem) => new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase()));
    assert.ok(access?.passwordSha256 !== undefined);
    await assert.rejects(core.local.call("enrolAsset", { key: "press-1", by: "certificate" }, signal), "INPUT_INVALID");
  });
  test("a machine is enrolled by its asset's id as well, one that nobody accepted is not", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    await identify(core, "press-2", "7", signal);
    assert.is((await core.local.call("enrolAsset", { key: assetOf("7"), by: "password" }, signal)).user, "press-2");
    await assert.rejects(core.local.call("enrolAsset", { key: "stranger", by: "password" }, signal), "NOT_FOUND");
    await assert.rejects(core.local.call("disenrolAsset", { key: "press-1" }, signal), "NOT_FOUND");
    await assert.rejects(core.local.call("enrolAsset", { key: "press-1", by: "password", request: "x" }, signal), "INPUT_INVALID");
    await assert.rejects(core.local.call("enrolAsset", { key: "press-1", by: "certificate", request: "x" }, signal), "INPUT_INVALID");
  });
  test("who is disenrolled may not publish any more, and the zone learns it at once", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    await core.local.call("enrolAsset", { key: "press-1", by: "password" }, signal);
    await core.local.call("enrolAsset", { key: "press-1", by: "certificate" }, signal);
    const { revision } = await ask(core, signal);
    const waiting = core.source.call("assignments", { after: revision, waitMs: 50_000 }, signal);
    await core.local.call("disenrolAsset", { key: "press-1" }, signal);
    assert.equal((await waiting).assignments.map(({ ingest }) => ingest), [undefined, undefined]);
  });
  test("CR 1.5 who is refused is enrolled no more, also when it is accepted again", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    await identify(core, "press-1", "7", signal);
    await core.local.call("enrolAsset", { key: "press-1", by: "password" }, signal);
    const { asset } = await core.local.call("asset", { key: "press-1", limit: 0 }, signal);
    assert.equal(asset.enrolled, ["password"]);
    await core.local.call("refuseAsset", { key: "press-1" }, signal);
    const refused = await core.local.call("asset", { key: "press-1", limit: 0 }, signal);
    await core.local.call("acceptAsset", { key: "press-1", seen: refused.asset.seen }, signal);
    assert.is(await accessOf(core, "press-1", signal), undefined);
    assert.equal((await core.local.call("asset", { key: "press-1", limit: 0 }, signal)).asset.enrolled, []);
  });
  test("CR 1.5 what is taken while a certificate is being made does not come back with it", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    await core.local.call("enrolAsset", { key: "press-1", by: "password" }, signal);
    const enrolling = core.local.call("enrolAsset", { key: "press-1", by: "certificate" }, signal);
    await core.local.call("disenrolAsset", { key: "press-1" }, signal);
    await enrolling;
    assert.is((await accessOf(core, "press-1", signal))?.passwordSha256, undefined);
  });
  test("machines can be enrolled before any port is open, and the CA is made for it", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }));
    const { ca, urls } = await core.local.call("enrolAsset", { key: "press-1", by: "certificate" }, signal);
    assert.equal(urls, []);
    assert.is((await core.local.call("machineCa", {}, signal)).certificate, ca);
    assert.is((await ask(core, signal)).ingestTls, undefined);
  });
  test("CR 2.8 making the CA, exporting it, issuing, enrolling and disenrolling are in the audit log", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    await core.local.call("machineCa", {}, signal);
    await core.local.call("enrolAsset", { key: "press-1", by: "certificate" }, signal);
    await core.local.call("disenrolAsset", { key: "press-1" }, signal);
    const actions = (await audited(core)).filter((action) => /^machine|^ingest/.test(action));
    assert.equal(actions, ["machine-ca.made", "ingest-certificate.issued", "machine-ca.exported", "machine.enrolled", "machine.disenrolled"]);
  });
});

suite("what core keeps for itself in the vault", (test) => {
  test("CR 4.1 no command can list, set or delete it, and no configuration can name it", async ({ defer, signal }) => {
    const core = await startCore(defer, site());
    assert.equal((await core.local.call("secretNames", {}, signal)).names, []);
    for (const name of ["_machine-ca", "_ingest-server"]) {
      await assert.rejects(core.local.call("setSecret", { name, text: "x" }, signal), "INPUT_INVALID");
      await assert.rejects(core.local.call("deleteSecret", { name }, signal), "NOT_FOUND");
      writeFileSync(core.configFile, configure({ "press-1": name }));
      await assert.rejects(core.local.call("reload", {}, signal), "CONFIG_INVALID");
    }
    assert.equal((await ask(core, signal)).assignments.map(({ secrets }) => secrets), [{}, {}]);
    assert.ok((await core.local.call("machineCa", {}, signal)).certificate.length > 0);
  });
});
