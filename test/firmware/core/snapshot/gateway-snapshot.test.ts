// Shows what the snapshot of a gateway holds, and that no secret is in it.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { inspectConfiguration } from "../../../../firmware/config/load.ts";
import type { TaskReport } from "../../../../firmware/conduit/tasks.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { unzip } from "../../../support/unzip.ts";
import { CLOUD_SECTION, configure, identify, startCore, type RunningCore } from "../running-core.ts";

const CANARY = "canary-7f3a9c1e-never-told";
const SEGMENTS = "segments:\n  - { name: hall, subnets: [127.0.0.0/24] }\nnetwork:\n  field:\n    - { segment: hall, interface: eth0 }\n  cloud: { interface: eth1 }\n";

async function takeSnapshot({ local }: RunningCore, signal: AbortSignal): Promise<{ readonly task: TaskReport; readonly bytes: Buffer }> {
  const { task: { id } } = await local.call("orderTask", { kind: "gateway-snapshot", reason: "it is slow" }, signal);
  for (;;) {
    const { task } = await local.call("task", { id }, signal);
    if (!["waiting", "running"].includes(task.state)) {
      assert.is(task.state, "done", task.words);
      const pieces: Buffer[] = [];
      for (let offset = 0; offset < (task.result?.bytes ?? 0); ) {
        const { body } = await local.call("taskResult", { id, offset }, signal);
        pieces.push(Buffer.from(body));
        offset += body.length;
      }
      return { task, bytes: Buffer.concat(pieces) };
    }
    await systemClock.sleep(20, signal);
  }
}

suite("the gateway's snapshot", (test) => {
  test("K2.1.16 it holds configuration, conditions, register, walls, journals and the topology as text and picture", async ({ signal, defer }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }, CLOUD_SECTION));
    await identify(core, "press-1", "4711", signal);
    await core.source.call("link", { assignment: "press-1", state: "connected", via: "polled" }, signal);
    await core.source.call("alive", { pid: 1, uptimeSeconds: 1, memoryBytes: 1, lines: ['{"level":"warn","scope":"field","msg":"a line of the field"}'] }, signal);
    const { task, bytes } = await takeSnapshot(core, signal);
    assert.match(task.result?.name ?? "", /^weir-.*\.zip$/);
    assert.is(bytes.length, task.result?.bytes);
    const files = unzip(bytes);
    assert.equal([...files.keys()].sort(), ["README.txt", "conditions.json", "configuration.yaml", "detections.json", "firewall.txt", "log/core.ndjson", "log/field.ndjson", "network.json", "register.json", "status.json", "summary.json", "tasks.json", "topology.svg", "topology.txt"]);
    assert.match(files.get("topology.txt") ?? "", /press-1 +https:\/\/127\.0\.0\.9:9 +connected +Weir Press 4711/);
    assert.match(files.get("topology.txt") ?? "", /cloud +mqtts:\/\/192\.0\.2\.1:8883/);
    assert.match(files.get("topology.svg") ?? "", /^<svg xmlns=[\s\S]*press-1 {2}https:\/\/127\.0\.0\.9:9 {2}connected[\s\S]*<\/svg>\n$/);
    assert.match(files.get("log/field.ndjson") ?? "", /a line of the field/);
    for (const [name, text] of files) if (name.endsWith(".json")) JSON.parse(text);
    assert.ok(inspectConfiguration(files.get("configuration.yaml") ?? "lgo: 1").configuration !== undefined, "the configuration can be used again");
    assert.is((parse(files.get("configuration.yaml") ?? "") as { assets: { name: string }[] }).assets[0]?.name, "press-1");
    const summary = JSON.parse(files.get("summary.json") ?? "{}") as { versions: { node: string; packages: Record<string, string> } };
    assert.is(summary.versions.node, process.versions.node);
    assert.ok("fastify" in summary.versions.packages);
  });
  test("U4.9.1a no secret is in it, in no form, even where somebody wrote one into a comment or a journal", async ({ signal, defer }) => {
    const core = await startCore(defer, `# password: ${CANARY}\n${configure({ press: "press-password" }, CLOUD_SECTION)}`);
    for (const name of ["press-password", "cloud-password", "unused"]) await core.local.call("setSecret", { name, text: CANARY }, signal);
    await core.cloud.call("link", { after: 0, waitMs: 0 }, signal);
    const { bytes } = await takeSnapshot(core, signal);
    for (const [name, text] of unzip(bytes)) {
      for (const form of [CANARY, Buffer.from(CANARY).toString("base64").slice(0, -4), Buffer.from(CANARY).toString("hex"), encodeURIComponent(CANARY)]) assert.ok(!text.includes(form), name);
      assert.ok(!/PRIVATE KEY/.test(text), name);
    }
    assert.match(unzip(bytes).get("configuration.yaml") ?? "", /secret: press-password/);
  });
  test("the walls stand in it where the configuration says which port leads where", async ({ signal, defer }) => {
    const core = await startCore(defer, `${SEGMENTS}${CLOUD_SECTION}contacts: { itSecurity: { name: Ida, phone: "+41 41 000 00 00" } }\nassets: []\n`);
    const { bytes } = await takeSnapshot(core, signal);
    assert.match(unzip(bytes).get("firewall.txt") ?? "", /All that may pass[\s\S]*weir-cloud|cloud/);
    assert.match(unzip(bytes).get("topology.txt") ?? "", /IT security {2}Ida {2}\+41 41 000 00 00/);
    assert.match(unzip(bytes).get("topology.txt") ?? "", /Segment hall {2}127\.0\.0\.0\/24\n {2}port eth0/);
  });
  test("one that is cancelled leaves nothing behind, and the next one is taken", async ({ signal, defer }) => {
    const core = await startCore(defer, configure({}));
    // One after the other: the last one has not ended.
    for (let before = 0; before < 3; before += 1) await core.local.call("orderTask", { kind: "gateway-snapshot" }, signal);
    const { task: { id } } = await core.local.call("orderTask", { kind: "gateway-snapshot" }, signal);
    await core.local.call("cancelTask", { id }, signal);
    await takeSnapshot(core, signal);
    const left = (): readonly string[] => readdirSync(join(core.dataDir, "tasks"));
    while (left().some((name) => name.startsWith(id))) await systemClock.sleep(20, signal);
    assert.is(left().length, 4);
  });
  test("it survives a restart of core in the middle", async ({ signal, defer }) => {
    const core = await startCore(defer, configure({}));
    const { task: { id } } = await core.local.call("orderTask", { kind: "gateway-snapshot" }, signal);
    await core.stop();
    const second = await startCore(defer, configure({}), { dataDir: core.dataDir });
    let task = (await second.local.call("task", { id }, signal)).task;
    while (task.state !== "done" && task.state !== "failed") {
      await systemClock.sleep(20, signal);
      task = (await second.local.call("task", { id }, signal)).task;
    }
    assert.is(task.state, "done", task.words);
    assert.ok(existsSync(join(core.dataDir, "tasks", `${id}.result`)));
  });
}, { limitMs: 120_000 });
