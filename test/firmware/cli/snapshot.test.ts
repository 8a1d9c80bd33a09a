// limit: 900s
// Shows `weir task` and `weir snapshot` as their users see them, against a whole gateway with a simulated machine.

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "../../support/child.ts";
import { startGateway, until, writeConfiguration } from "../../support/gateway.ts";
import { startMachines } from "../../support/site.ts";
import { assert, suite, type Defer, type TestContext } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { unzip } from "../../support/unzip.ts";
import { configure, startCore } from "../core/running-core.ts";

const weir = fileURLToPath(new URL("../../../firmware/cli/weir.ts", import.meta.url));

async function run(defer: Defer, args: readonly string[], cwd?: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = startChild(defer, process.execPath, [weir, ...args], cwd === undefined ? {} : { cwd });
  const { code } = await child.exited;
  return { code, output: child.output() };
}

interface Part {
  readonly document?: unknown;
  readonly missing?: string;
}

interface AssetSnapshot {
  readonly format: string;
  readonly assignment: string;
  readonly assets: readonly { readonly asset: string; readonly nameplate: { readonly manufacturer: string }; readonly parts: Readonly<Record<string, Part>> }[];
}

async function startSite(context: TestContext): Promise<{ readonly folder: string; readonly dataDir: string; readonly name: string }> {
  const folder = makeTempDir(context.defer);
  const machines = await startMachines(context, folder, { count: 1, rate: 10, events: 600 });
  writeConfiguration(folder, { gateway: { id: "snap" }, assets: machines.assets });
  const gateway = startGateway(context, { folder });
  await gateway.until("the machine is read", ({ assets }) => Object.values(assets).some(({ link }) => link === "connected"));
  return { folder, dataDir: gateway.dataDir, name: machines.assets[0]?.name ?? "" };
}

suite("weir snapshot", (test) => {
  test("U3.1-snap of a machine: who it is, its state, all points fresh and its events; and words for what it has not", async (context) => {
    const { folder, dataDir, name } = await startSite(context);
    const out = join(folder, "machine.json");
    const { code, output } = await run(context.defer, ["snapshot", "asset", name, "--out", out, "--data", dataDir, "--reason", "it rattles"]);
    assert.is(code, 0, output);
    assert.match(output, /^task [0-9a-f-]{36}: ended by/);
    assert.is(statSync(out).mode & 0o777, 0o600);
    const snapshot = JSON.parse(readFileSync(out, "utf8")) as AssetSnapshot;
    assert.equal([snapshot.format, snapshot.assignment, snapshot.assets.length], ["weir-asset-snapshot/1", name, 1]);
    const parts: Readonly<Record<string, Part>> = snapshot.assets[0]?.parts ?? {};
    assert.equal(Object.keys(parts), ["identification", "status", "points", "events", "maintenanceStatus", "maintenanceReport", "usbLog", "faxReport", "applicationStatus"]);
    const points = (parts["points"]?.document ?? []) as readonly { readonly quality: string }[];
    assert.ok(points.length > 0 && points.every(({ quality }) => quality === "good"));
    assert.ok(Array.isArray(parts["events"]?.document));
    assert.match(parts["faxReport"]?.missing ?? "", /no such resource/);
    assert.match((await run(context.defer, ["task", "list", "--data", dataDir])).output, new RegExp(`done {10}asset-snapshot ${name}  local, `));
    const twice = await run(context.defer, ["snapshot", "asset", name, "--out", out, "--data", dataDir]);
    assert.is(twice.code, 2);
    assert.match(twice.output, /is there already/);
  });
  test("K2.1.16 of the gateway: a ZIP file with the journals of all zones", async (context) => {
    const { folder, dataDir, name } = await startSite(context);
    const out = join(folder, "gateway.zip");
    let files: ReadonlyMap<string, string> = new Map();
    let tries = 0;
    // A zone tells its new lines every few seconds.
    await until("the journals of the zones are in it", context.signal, async () => {
      const file = `${out}.${(tries += 1)}`;
      const { code, output } = await run(context.defer, ["snapshot", "gateway", "--out", file, "--data", dataDir]);
      assert.is(code, 0, output);
      files = unzip(readFileSync(file));
      return (files.get("log/field.ndjson") ?? "").includes('"connected"');
    });
    assert.match(files.get("log/field.ndjson") ?? "", new RegExp(`"scope":"field/${name}".*"connected"`));
    assert.match(files.get("topology.txt") ?? "", new RegExp(`${name} +http`));
  });
  test("a machine that is away is waited for, and the wait can be ended", async (context) => {
    const core = await startCore(context.defer, configure({ press: undefined }));
    const child = startChild(context.defer, process.execPath, [weir, "snapshot", "asset", "press", "--data", core.dataDir]);
    await child.line(/waiting: /, context.signal);
    const id = /task ([0-9a-f-]{36})/.exec(child.output())?.[1] ?? "";
    assert.match((await run(context.defer, ["task", "show", id, "--data", core.dataDir])).output, /state {5}waiting since/);
    assert.is((await run(context.defer, ["task", "cancel", id, "--data", core.dataDir])).code, 0);
    assert.is((await child.exited).code, 1);
    assert.match(child.output(), /it is cancelled/);
  });
}, { limitMs: 300_000 });

suite("weir task", (test) => {
  test("the same id orders the same task, and its result is fetched once more under the gateway's name for it", async ({ defer, signal }) => {
    const { dataDir, local } = await startCore(defer, configure({}));
    const folder = makeTempDir(defer);
    const order = ["task", "order", "gateway-snapshot", "--id", "00000000-0000-4000-8000-000000000001", "--reason", "why not", "--data", dataDir, "--json"];
    for (let times = 0; times < 2; times += 1) assert.is((await run(defer, order)).code, 0);
    assert.is((await local.call("tasks", { limit: 10 }, signal)).tasks.length, 1);
    await until("it is done", signal, async () => (await local.call("tasks", { limit: 1 }, signal)).tasks[0]?.state === "done");
    const { code, output } = await run(defer, ["task", "result", "00000000-0000-4000-8000-000000000001", "--data", dataDir], folder);
    assert.is(code, 0, output);
    assert.ok(unzip(readFileSync(join(folder, output.trim()))).has("README.txt"));
    const taken = join(folder, "taken");
    writeFileSync(taken, "mine");
    assert.is((await run(defer, ["task", "result", "00000000-0000-4000-8000-000000000001", "--out", taken, "--data", dataDir])).code, 2);
    assert.is(readFileSync(taken, "utf8"), "mine");
    assert.ok(existsSync(taken));
  });
  test("wrong input ends with 2 and says what there is", async ({ defer }) => {
    const { dataDir } = await startCore(defer, configure({}));
    for (const args of [["order", "coffee"], ["list", "--limit", "0"], ["order", "asset-snapshot"], ["order", "gateway-snapshot", "--id", "one"]]) {
      const { code, output } = await run(defer, ["task", ...args, "--data", dataDir]);
      assert.is(code, 2, output);
      assert.match(output, /^weir: /);
    }
    const { code, output } = await run(defer, ["task", "show", "00000000-0000-4000-8000-000000000009", "--data", dataDir]);
    assert.is(code, 1);
    assert.match(output, /there is no such task/);
  });
}, { limitMs: 300_000 });
