// Looks for a secret everywhere it must not be, and shows that only its own zone gets it [U4.9.1a, U4.9.1-T11b].

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isFault } from "../../../drivers/contract/fault.ts";
import { encodeId } from "../../../drivers/contract/identity.ts";
import { keyFile } from "../../../firmware/core/vault/key-file.ts";
import { openVault } from "../../../firmware/core/vault/open-vault.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../support/suite.ts";
import type { Defer } from "../../support/suite.ts";
import { startChild } from "../../support/child.ts";
import { CLOUD_SECTION, configure, identify, readStatus, sampleOf, assetOf, startCore } from "./running-core.ts";
import type { RunningCore } from "./running-core.ts";

const CANARY = "Kanarienvogel-7f3a9c55-singt?nicht&";
const WEIR = new URL("../../../firmware/cli/weir.ts", import.meta.url).pathname;

/** The ways in which a text may lie in a file: as it is, UTF-16, base64 at each of three alignments, hexadecimal, in a URL, in JSON. */
function disguises(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((shift) => Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64").slice(shift === 0 ? 0 : 4, -4));
  const texts = [text, ...base64, ...base64.map((part) => part.replaceAll("+", "-").replaceAll("/", "_")), bytes.toString("hex"), bytes.toString("hex").toUpperCase(), encodeURIComponent(text), encodeId(text)];
  return [...texts.map((part) => Buffer.from(part)), Buffer.from(text, "utf16le")];
}

function findCanary(where: string, content: Buffer, text = CANARY): void {
  for (const disguise of disguises(text)) assert.not.ok(content.includes(disguise), `${where} holds the secret as ${disguise.toString("latin1")}`);
}

function searchFiles(folder: string, text = CANARY): number {
  let files = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    findCanary(path, readFileSync(path), text);
    files += 1;
  }
  return files;
}

async function run(defer: Defer, args: readonly string[], input?: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = startChild(defer, process.execPath, [WEIR, ...args]);
  child.write(input ?? "", { end: true });
  const { code } = await child.exited;
  return { code, output: child.output() };
}

async function secretsSeen(core: RunningCore, signal: AbortSignal): Promise<{ readonly field: Record<string, Record<string, string>>; readonly cloud: Record<string, string> }> {
  const { assignments } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
  const { secrets } = await core.cloud.call("link", { after: 0, waitMs: 0 }, signal);
  return { field: Object.fromEntries(assignments.map((assignment) => [assignment.name, assignment.secrets])), cloud: secrets };
}

/** As only whoever has the vault's key can read it. */
function keyOfCa({ dataDir }: RunningCore): string {
  const opened = openVault(dataDir, keyFile(dataDir), systemClock);
  try {
    const text = isFault(opened.vault) ? undefined : opened.vault.readOwn("_machine-ca");
    return (JSON.parse(text ?? "{}") as { readonly key?: string }).key ?? "";
  } finally {
    opened.close();
  }
}

suite("canary", (test) => {
  test("the search itself finds a secret in every disguise", () => {
    for (const text of [CANARY, Buffer.from(`password=${CANARY}`).toString("base64"), Buffer.from(CANARY).toString("hex"), JSON.stringify({ a: CANARY })]) {
      assert.throws(() => findCanary("x", Buffer.from(`before ${text} after`)), /holds the secret/);
    }
  });
  test(
    "CR 4.1 a secret is in no file, log, status or error, while it is used, replaced and deleted",
    async ({ defer, signal }) => {
      const core = await startCore(defer, configure({ "press-1": "press-1-password" }, CLOUD_SECTION));
      const data = ["--data", core.dataDir];
      assert.is((await run(defer, ["secret", "set", "press-1-password", ...data], `${CANARY}\n`)).code, 0);
      assert.equal((await secretsSeen(core, signal)).field, { "press-1": { "press-1-password": CANARY } });
      await identify(core, "press-1", "1", signal);
      await core.source.call("readings", { readings: [sampleOf(assetOf("1"))] }, signal);
      const refusals = await Promise.all([
        run(defer, ["secret", "set", "NOT-A-NAME", ...data], CANARY),
        run(defer, ["secret", "set", "too-long", ...data], CANARY.repeat(1000)),
        core.local.call("setSecret", { name: "NOT-A-NAME", text: CANARY }, signal).catch(String),
        core.local.call("setSecret", { name: "a", text: CANARY.repeat(1000) }, signal).catch(String),
      ]);
      const shown = [await run(defer, ["status", ...data]), await run(defer, ["status", "--json", ...data]), await run(defer, ["secret", "list", ...data]), await readStatus(core, signal), ...refusals, core.log()];
      findCanary("what was printed, logged and answered", Buffer.from(shown.map((part) => JSON.stringify(part)).join("\n")));
      assert.ok(searchFiles(core.dataDir) > 8);
      await core.local.call("setSecret", { name: "press-1-password", text: "another" }, signal);
      await core.local.call("deleteSecret", { name: "press-1-password" }, signal);
      await core.stop();
      assert.ok(searchFiles(core.dataDir) > 5);
    },
    { limitMs: 60_000 },
  );
  test(
    "CR 4.1 the machine CA's key, the endpoint's and what machines are enrolled with are in no file, log, status or setting",
    async ({ defer, signal }) => {
      const ports = "segments: [{ name: hall, subnets: [127.0.0.0/8] }]\nnetwork: { field: [{ segment: hall, interface: lo, ingestTls: 8883 }] }\n";
      const core = await startCore(defer, configure({ "press-1": undefined }, ports));
      const { password = "" } = await core.local.call("enrolAsset", { key: "press-1", by: "password" }, signal);
      const { key = "" } = await core.local.call("enrolAsset", { key: "press-1", by: "certificate" }, signal);
      await core.local.call("machineCa", {}, signal);
      const { ingestTls } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
      // Of a PEM a line of its own is looked for: keys of one curve begin alike.
      const lineOf = (pem: string): string => pem.split("\n").slice(-4, -3).join("").slice(0, 40);
      const own = [password, lineOf(key), lineOf(ingestTls?.key ?? ""), lineOf(keyOfCa(core))];
      assert.ok(own.every((text) => text.length >= 40));
      const shown = JSON.stringify([await readStatus(core, signal), (await core.local.call("assets", { limit: 100 }, signal).catch(String)), core.log()]);
      for (const text of own) {
        findCanary("status and log", Buffer.from(shown), text);
        searchFiles(core.dataDir, text);
      }
      await core.stop();
      for (const text of own) assert.ok(searchFiles(core.dataDir, text) > 5);
    },
    { limitMs: 60_000 },
  );
  test("CR 4.1 a secret set while no gateway runs is in no file either, and works at the next start", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": "pw" }));
    await core.stop();
    assert.is((await run(defer, ["secret", "set", "pw", "--data", core.dataDir], CANARY)).code, 0);
    searchFiles(core.dataDir);
    const again = await startCore(defer, configure({ "press-1": "pw" }), { dataDir: core.dataDir });
    assert.equal((await secretsSeen(again, signal)).field, { "press-1": { pw: CANARY } });
  });
});

suite("secrets of zones", (test) => {
  test("each zone gets the secrets that its own machines or link refer to, and no other", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": "one", "press-2": undefined }, CLOUD_SECTION));
    for (const name of ["one", "two", "cloud-password"]) await core.local.call("setSecret", { name, text: `text of ${name}` }, signal);
    assert.equal(await secretsSeen(core, signal), { field: { "press-1": { one: "text of one" }, "press-2": {} }, cloud: { "cloud-password": "text of cloud-password" } });
  });
  test("a secret that is set reaches the zone that waits for it, and clears what was missing", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": "pw" }));
    const { revision } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
    const [missing] = (await readStatus(core, signal)).conditions;
    assert.equal([missing?.code, missing?.subject, missing?.detail], ["SECRET_MISSING", "pw", "assets: press-1"]);
    const next = core.source.call("assignments", { after: revision, waitMs: 50_000 }, signal);
    await core.local.call("setSecret", { name: "pw", text: "x" }, signal);
    assert.equal((await next).assignments[0]?.secrets, { pw: "x" });
    assert.equal((await readStatus(core, signal)).conditions, []);
  });
  test("with an unusable key core starts, says so, and gives no secret", async ({ defer, signal }) => {
    const configuration = configure({ "press-1": "pw" });
    const core = await startCore(defer, configuration);
    await core.local.call("setSecret", { name: "pw", text: CANARY }, signal);
    await core.stop();
    writeFileSync(join(core.dataDir, "vault.key"), Buffer.alloc(7));
    const again = await startCore(defer, configuration, { dataDir: core.dataDir });
    const [condition] = (await readStatus(again, signal)).conditions;
    assert.is(condition?.code, "VAULT_KEY_UNUSABLE");
    assert.match(condition?.cause ?? "", /7 bytes, not 32/);
    assert.equal((await secretsSeen(again, signal)).field, { "press-1": {} });
    await assert.rejects(again.local.call("setSecret", { name: "pw", text: "x" }, signal), "ACCESS_DENIED");
  });
});
