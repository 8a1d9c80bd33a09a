// Shows what core gives the zone that serves the page: its names, its certificate, and what becomes of both when addresses, configuration and vault change.

import { X509Certificate } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ReplyOf } from "../../../../firmware/conduit/route.ts";
import { adminConduit } from "../../../../firmware/conduit/admin.ts";
import { openConduit, type ConduitClient } from "../../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { endingOf } from "../../../../firmware/core/page/ending.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { until } from "../../../support/gateway.ts";
import { makePki } from "../../../support/pki.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { standing, startCore, type RunningCore } from "../running-core.ts";

type Settings = ReplyOf<typeof adminConduit.settings>;

function openAdmin(defer: Defer, { dataDir }: RunningCore): ConduitClient<typeof adminConduit> {
  const client = openConduit(adminConduit, { socket: conduitSocket(dataDir, "admin"), clock: systemClock, epoch: crypto.randomUUID(), log: silentLog });
  defer(() => client.close());
  return client;
}

const ask = (admin: ConduitClient<typeof adminConduit>, signal: AbortSignal, after = 0): Promise<Settings> => admin.call("settings", { after, waitMs: 20_000 }, signal);
const namesIn = ({ page }: Settings): readonly string[] => new X509Certificate(page?.certificate ?? "").subjectAltName?.split(", ").map((name) => name.replace(/^[^:]+:/, "")) ?? [];
const GATEWAY = "gateway: { id: gw-1 }\n";

suite("page, as core sees it", (test) => {
  test("on a computer the page is at loopback, port 9797, under the gateway's name, and nothing is made before the zone asks", async ({ defer, signal }) => {
    const core = await startCore(defer, GATEWAY);
    const entries = (): string => readFileSync(join(core.dataDir, "audit.db-wal"), "latin1");
    assert.not.ok(entries().includes("people-ca.made"));
    const { isWanted, page } = await ask(openAdmin(defer, core), signal);
    assert.ok(entries().includes("people-ca.made"));
    assert.is(isWanted, true);
    assert.equal([page?.addresses, page?.interface, page?.port, page?.isTrusted], [["127.0.0.1", "::1"], undefined, 9797, false]);
    assert.equal(page?.names, ["weir-gw-1.local", "localhost", "127.0.0.1", "::1"]);
    assert.ok(new X509Certificate(page?.certificate ?? "").checkHost("weir-gw-1.local"));
  });

  test("with a port to people the page is at its interface, and a new address is in the certificate before anything listens there", async ({ defer, signal }) => {
    const core = await startCore(defer, `${GATEWAY}network: { admin: { interface: eth7, clients: [10.9.0.0/24], port: 8443 } }\n`);
    const admin = openAdmin(defer, core);
    const before = await ask(admin, signal);
    assert.equal([before.page?.addresses, before.page?.interface, before.page?.port], [[], "eth7", 8443]);
    await admin.call("listening", { urls: [], addresses: ["10.9.0.1"] }, signal);
    const after = await ask(admin, signal);
    assert.ok(after.page?.names.includes("10.9.0.1"));
    assert.ok(namesIn(after).includes("10.9.0.1"), namesIn(after).join());
    // Nobody needs to look at another fingerprint because an address went.
    await admin.call("listening", { urls: ["https://10.9.0.2:8443"], addresses: ["10.9.0.2"] }, signal);
    const moved = await ask(admin, signal);
    await admin.call("listening", { urls: ["https://10.9.0.2:8443"], addresses: [] }, signal);
    assert.is((await ask(admin, signal)).page?.certificate, moved.page?.certificate);
  });

  test("a name that comes later and that the CA may not name is told, and named by a new CA", async ({ defer, signal }) => {
    const core = await startCore(defer, GATEWAY);
    const admin = openAdmin(defer, core);
    const before = await ask(admin, signal);
    writeFileSync(core.configFile, `${GATEWAY}page: { names: [gw.plant.example] }\n`);
    const changed = await ask(admin, signal, before.revision);
    assert.ok(changed.page?.names.includes("gw.plant.example"));
    assert.equal(await standing(core, signal), ["PAGE_NAME_UNNAMED gw.plant.example"]);
    const { certificate } = await core.local.call("renewPeopleCa", {}, signal);
    assert.ok(certificate.names.includes("gw.plant.example"));
    assert.ok(namesIn(await ask(admin, signal)).includes("gw.plant.example"));
    assert.equal(await standing(core, signal), []);
  });

  test("CA, certificate and key outlive a restart", async ({ defer, signal }) => {
    const core = await startCore(defer, GATEWAY);
    const { page: before } = await ask(openAdmin(defer, core), signal);
    const { certificate } = await core.local.call("pageCertificate", {}, signal);
    await core.stop();
    const again = await startCore(defer, undefined, { dataDir: core.dataDir });
    const { page: after } = await ask(openAdmin(defer, again), signal);
    assert.equal([after?.certificate, after?.key], [before?.certificate, before?.key]);
    assert.is((await again.local.call("pageCertificate", {}, signal)).certificate.caFingerprint, certificate.caFingerprint);
  });

  test("REL with a lost vault there is another CA; with one that cannot be used no page, which is told", async ({ defer, signal }) => {
    const core = await startCore(defer, GATEWAY);
    const before = await core.local.call("pageCertificate", {}, signal);
    await core.stop();
    for (const name of ["vault.db", "vault.db-wal", "vault.db-shm", "vault.key"]) rmSync(join(core.dataDir, name), { force: true });
    const again = await startCore(defer, undefined, { dataDir: core.dataDir });
    const after = await again.local.call("pageCertificate", {}, signal);
    assert.not(after.certificate.caFingerprint === before.certificate.caFingerprint);
    await again.stop();
    writeFileSync(join(core.dataDir, "vault.key"), "short");
    const broken = await startCore(defer, undefined, { dataDir: core.dataDir });
    const { page } = await ask(openAdmin(defer, broken), signal);
    assert.is(page, null);
    assert.ok((await standing(broken, signal)).includes("PAGE_NOT_SERVED page"));
  });

  test("without a page nothing is asked for, and what stood of it is over", async ({ defer, signal }) => {
    const core = await startCore(defer, GATEWAY);
    const admin = openAdmin(defer, core);
    const before = await ask(admin, signal);
    await admin.call("listening", { urls: [], fault: { code: "CONFIG_INVALID", kind: "config", message: "port 9797 is taken" } }, signal);
    assert.equal(await standing(core, signal), ["PAGE_NOT_SERVED page"]);
    writeFileSync(core.configFile, `${GATEWAY}page: { enabled: false }\n`);
    let answer = await ask(admin, signal, before.revision);
    await until("the zone is told to end", signal, async () => !(answer = await ask(admin, signal, 0)).isWanted);
    assert.is(answer.page, null);
    assert.equal(await standing(core, signal), []);
  });

  test("a refused certificate changes nothing, and names that are none are not asked for", async ({ defer, signal }) => {
    const core = await startCore(defer, GATEWAY);
    await assert.rejects(core.local.call("requestPageCertificate", { names: ["https://gw"] }, signal), "INPUT_INVALID");
    await assert.rejects(core.local.call("installPageCertificate", { chain: "x" }, signal), "INPUT_INVALID");
    const { certificate } = await core.local.call("requestPageCertificate", { names: ["gw.plant.example"] }, signal);
    assert.match(certificate.request ?? "", /^-----BEGIN CERTIFICATE REQUEST-----/);
    assert.is(certificate.origin, "own");
    const { certificate: removed } = await core.local.call("removePageCertificate", {}, signal);
    assert.equal([removed.request, removed.fingerprint], [null, certificate.fingerprint]);
  });

  test("a certificate's end is told from 30 days before, and not by a clock that knows nothing", ({ defer }) => {
    const { certificate } = makePki(defer).issue("gw", { toDays: 40 });
    const clock = makeFakeClock(systemClock.now());
    const days = (count: number): void => clock.jumpWall(count * 86_400_000);
    const stand = (): readonly boolean[] => [endingOf(certificate, clock).isNear, endingOf(certificate, clock).isOver];
    assert.equal(stand(), [false, false]);
    days(11);
    assert.equal(stand(), [true, false]);
    days(30);
    assert.equal(stand(), [true, true]);
    clock.setTimeQuality("unknown");
    assert.equal(stand(), [false, false]);
  });
});
