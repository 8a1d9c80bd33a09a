// Shows `weir ca`, `weir assets enrol` and `weir assets disenrol` as a person uses them, on a running core.

import { execFile, execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeEnrolled } from "../../../firmware/cli/enrol-machine.ts";
import { assert, suite } from "../../support/suite.ts";
import type { Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { configure, startCore } from "../core/running-core.ts";
import type { RunningCore } from "../core/running-core.ts";

const weir = fileURLToPath(new URL("../../../firmware/cli/weir.ts", import.meta.url));
const SITE = "gateway: { id: gw-1 }\nsegments: [{ name: hall, subnets: [127.0.0.0/8] }]\nnetwork: { field: [{ segment: hall, interface: lo, ingestTls: 8883 }] }\n";
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Core runs in this process, so the command must not block it. */
function run(args: readonly string[], input = ""): Promise<Run> {
  const { promise, resolve } = Promise.withResolvers<Run>();
  const child = execFile(process.execPath, [weir, ...args], (error, stdout, stderr) => resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr }));
  child.stdin?.end(input);
  return promise;
}

interface Site {
  readonly core: RunningCore;
  readonly folder: string;
  weir(...args: readonly string[]): Promise<Run>;
}

async function openSite(defer: Defer): Promise<Site> {
  const core = await startCore(defer, configure({ "press-1": undefined, "press-2": undefined }, SITE));
  return { core, folder: makeTempDir(defer), weir: (...args) => run([...args, "--data", core.dataDir]) };
}

suite("weir ca", (test) => {
  test("export prints the authority, its fingerprint apart from it, and writes no file over another", async ({ defer }) => {
    const { folder, weir: ask } = await openSite(defer);
    const printed = await ask("ca", "export");
    const certificate = new X509Certificate(printed.stdout);
    assert.equal([printed.code, printed.stderr], [0, `SHA-256 ${certificate.fingerprint256}\n`]);
    const out = join(folder, "new", "ca.pem");
    const written = await ask("ca", "export", "--out", out);
    assert.equal([written.code, written.stdout, readFileSync(out, "utf8")], [0, "", printed.stdout]);
    const again = await ask("ca", "export", "--out", out);
    assert.is(again.code, 2);
    assert.match(again.stderr, /ca\.pem: the file is there already, and is not overwritten/);
    assert.equal(JSON.parse((await ask("ca", "export", "--json")).stdout), { certificate: printed.stdout, fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase() });
  });
  test("renew wants to be meant, and then there is another authority", async ({ defer }) => {
    const { weir: ask } = await openSite(defer);
    const before = await ask("ca", "export");
    const refused = await ask("ca", "renew");
    assert.is(refused.code, 2);
    assert.match(refused.stderr, /shuts out every machine.*--yes/s);
    const renewed = await ask("ca", "renew", "--yes");
    assert.is(renewed.code, 0);
    assert.is.not(renewed.stdout, before.stdout);
    assert.is((await ask("ca", "export")).stdout, renewed.stdout);
  });
  test("where no gateway runs it fails with what to do", async ({ defer }) => {
    const failed = await run(["ca", "export", "--data", makeTempDir(defer)]);
    assert.is(failed.code, 1);
    assert.match(failed.stderr, /no gateway runs on this data directory/);
  });
});

suite("weir assets enrol", (test) => {
  test("a password is printed once with where to publish to", async ({ defer }) => {
    const { weir: ask } = await openSite(defer);
    const { code, stdout } = await ask("assets", "enrol", "press-1", "--password");
    assert.is(code, 0);
    assert.match(stdout, /^press-1 may publish to the gateway\.\nPublish to: mqtts:\/\/127\.0\.0\.1:8883\nUser: {7}press-1\nPassword: {3}[\w-]{43}\n/);
    assert.match(stdout, /weir ca export/);
  });
  test("certificate, key and authority become new files for their owner alone, and none is overwritten", async ({ defer }) => {
    const { folder, weir: ask } = await openSite(defer);
    const out = join(folder, "press-1");
    const { code, stdout } = await ask("assets", "enrol", "press-1", "--certificate", "--out", out);
    assert.equal([code, readdirSync(out).sort()], [0, ["ca.crt", "machine.crt", "machine.key"]]);
    assert.not.match(stdout, /PRIVATE KEY/);
    for (const name of readdirSync(out)) assert.is(statSync(join(out, name)).mode & 0o777, 0o600);
    const certificate = new X509Certificate(readFileSync(join(out, "machine.crt")));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(readFileSync(join(out, "machine.key")))));
    assert.ok(certificate.verify(new X509Certificate(readFileSync(join(out, "ca.crt"))).publicKey));
    const again = await ask("assets", "enrol", "press-1", "--certificate", "--out", out);
    assert.is(again.code, 2);
    assert.match(again.stderr, /not overwritten/);
    assert.is(readFileSync(join(out, "machine.crt"), "utf8"), certificate.toString());
    const password = await ask("assets", "enrol", "press-2", "--password", "--out", join(folder, "press-2"));
    assert.not.match(password.stdout, readFileSync(join(folder, "press-2", "password.txt"), "utf8"));
  });
  test("with a request the machine keeps its key; a bad one is wrong input", async ({ defer, signal }) => {
    const { core, folder, weir: ask } = await openSite(defer);
    const request = join(folder, "machine.csr");
    execFileSync("openssl", ["req", "-new", ...NEW_KEY, "-keyout", join(folder, "own.key"), "-out", request, "-subj", "/CN=x"], { stdio: "pipe" });
    const { code, stdout } = await ask("assets", "enrol", "press-1", "--request", request);
    assert.is(code, 0);
    const pem = /-----BEGIN CERTIFICATE-----[^]*-----END CERTIFICATE-----/.exec(stdout)?.[0] ?? "";
    assert.ok(new X509Certificate(pem).checkPrivateKey(createPrivateKey(readFileSync(join(folder, "own.key")))));
    const piped = await run(["assets", "enrol", "press-1", "--request", "-", "--data", core.dataDir], readFileSync(request, "utf8"));
    assert.is(piped.code, 0);
    const { assignments } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
    assert.is(assignments.find(({ name }) => name === "press-1")?.ingest?.certificates.length, 2);
    const bad = join(folder, "bad.csr");
    writeFileSync(bad, "x".repeat(20_000));
    for (const file of [bad, join(folder, "absent.csr"), folder, weir]) {
      const refused = await ask("assets", "enrol", "press-1", "--request", file);
      assert.is(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, /request/);
    }
  });
  test("what is not said clearly, and who is not accepted, is refused before anything is given out", async ({ defer }) => {
    const { folder, weir: ask } = await openSite(defer);
    const wrong: readonly (readonly string[])[] = [[], ["--password", "--certificate"], ["--password", "--request", "x"], ["--certificate"]];
    for (const options of wrong) assert.is((await ask("assets", "enrol", "press-1", ...options)).code, 2, options.join(" "));
    const stranger = await ask("assets", "enrol", "nobody", "--password");
    assert.is(stranger.code, 1);
    assert.match(stranger.stderr, /no accepted machine called nobody.*weir assets accept/s);
    mkdirSync(join(folder, "full"));
    writeFileSync(join(folder, "full", "machine.key"), "precious");
    assert.is((await ask("assets", "enrol", "press-1", "--certificate", "--out", join(folder, "full"))).code, 2);
    assert.is(readFileSync(join(folder, "full", "machine.key"), "utf8"), "precious");
    assert.is((await ask("assets", "disenrol", "press-1")).code, 1);
  });
  test("JSON holds all of it, and disenrol takes it back", async ({ defer, signal }) => {
    const { core, weir: ask } = await openSite(defer);
    const enrolled = JSON.parse((await ask("assets", "enrol", "press-2", "--certificate", "--json")).stdout) as Record<string, unknown>;
    assert.equal(Object.keys(enrolled).sort(), ["ca", "certificate", "key", "urls", "user"]);
    const { code, stdout } = await ask("assets", "disenrol", "press-2");
    assert.equal([code, stdout], [0, "press-2 is let in no more.\n"]);
    const { assignments } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
    assert.equal(assignments.map(({ ingest }) => ingest), [undefined, undefined]);
  });
  test("where no port is open the text says so", () => {
    assert.match(writeEnrolled({ user: "press-1", password: "p", ca: "", urls: [] }, []), /no port for machines is open yet/);
  });
}, { needs: ["openssl"], limitMs: 180_000 });
