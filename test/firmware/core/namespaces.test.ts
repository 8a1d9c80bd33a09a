// Shows that core keeps cells with the same subnet apart: each network namespace has a conduit, and what one zone says counts for its own segments only.

import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { sourceConduit } from "../../../firmware/conduit/source.ts";
import { openConduit, type ConduitClient } from "../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { list, machine } from "./acceptance/found.ts";
import { assetOf, identify, nameplateOf, sampleOf, standing, startCore, type RunningCore } from "./running-core.ts";

const SEGMENTS = "segments:\n  - { name: cell-a, subnets: [192.0.2.0/24] }\n  - { name: cell-b, subnets: [192.0.2.0/24] }\n";
const NETWORK = "network:\n  field:\n    - { segment: cell-a, interface: ot0, probePort: 37020 }\n    - { segment: cell-b, interface: ot0, probePort: 37020, namespace: b }\n";
/** The same address in both cells. */
const ASSETS = 'assets:\n  - { name: in-a, segment: cell-a, miko: { url: "http://192.0.2.7:8080" } }\n  - { name: in-b, segment: cell-b, miko: { url: "http://192.0.2.7:8080" } }\n';

type Source = ConduitClient<typeof sourceConduit>;

function openSource(defer: Defer, { dataDir }: RunningCore, zone: string): Source {
  const client = openConduit(sourceConduit, { socket: conduitSocket(dataDir, zone), clock: systemClock, epoch: randomUUID(), log: silentLog });
  defer(() => client.close());
  return client;
}

async function told(source: Source, signal: AbortSignal): Promise<readonly (readonly string[])[]> {
  const { assignments, segments } = await source.call("assignments", { after: 0, waitMs: 0 }, signal);
  return [assignments.map(({ name }) => name), segments.map(({ name }) => name)];
}

suite("cells in network namespaces", (test) => {
  test("each zone is told of its own machines and segments, and only its own readings and links count", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS + NETWORK + ASSETS);
    const inB = openSource(defer, core, "source-field-b");
    assert.equal([await told(core.source, signal), await told(inB, signal)], [[["in-a"], ["cell-a"]], [["in-b"], ["cell-b"]]]);
    assert.equal((await core.local.call("namespaces", {}, signal)).namespaces, ["b"]);
    assert.equal(await identify(core, "in-a", "A", signal), [assetOf("A")]);
    assert.equal(await identify(core, "in-b", "B", signal), [], "the zone of cell a does not say who is in cell b");
    assert.equal(await identify({ ...core, source: inB }, "in-b", "B", signal), [assetOf("B")]);
    const counted = async (source: Source, serial: string): Promise<number> => (await source.call("readings", { readings: [sampleOf(assetOf(serial))] }, signal)).accepted;
    assert.equal([await counted(core.source, "A"), await counted(core.source, "B"), await counted(inB, "B")], [1, 0, 1]);
    const report = { assignment: "in-b", state: "lost", fault: { code: "PEER_UNREACHABLE", kind: "transient", message: "no answer" } } as const;
    await core.source.call("link", report, signal);
    assert.equal((await standing(core, signal)).filter((one) => one.startsWith("ASSET_LOST")), []);
    await inB.call("link", report, signal);
    assert.equal((await standing(core, signal)).filter((one) => one.startsWith("ASSET_LOST")), ["ASSET_LOST in-b"]);
  });

  test("what is found at the address of a machine of the other cell is another machine, and a zone finds nothing in a segment that is not its own", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS + NETWORK + ASSETS.split("\n").filter((line) => !line.includes("in-b")).join("\n"));
    const inB = openSource(defer, core, "source-field-b");
    const report = { segment: "cell-b", reports: [machine("B", 7)] };
    const waiting = async (): Promise<readonly string[]> => (await list(core, signal)).filter(({ state }) => state === "pending").map(({ key }) => key);
    await core.source.call("found", report, signal);
    assert.equal(await waiting(), []);
    await inB.call("found", report, signal);
    assert.equal(await waiting(), [assetOf("B")]);
    await core.source.call("found", { segment: "cell-a", reports: [machine("A", 7, { nameplate: nameplateOf("A") })] }, signal);
    assert.equal(await waiting(), [assetOf("B")], "the machine of cell a is configured");
  });

  test("a list may have two machines at one address when it says in which cells they are", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS + NETWORK);
    const line = (name: string, segment?: string) => ({ name, manufacturer: "Weir", model: "Press", serialNumber: name, url: "http://192.0.2.7:8080", driver: "miko", ...(segment === undefined ? {} : { segment }) });
    const vague = await core.local.call("importAssets", { lines: [line("one")], dryRun: false }, signal);
    assert.equal(vague.problems.map(({ field }) => field), ["segment"]);
    assert.match(vague.problems[0]?.message ?? "", /cell-a, cell-b/);
    const sure = await core.local.call("importAssets", { lines: [line("one", "cell-a"), line("two", "cell-b")], dryRun: false }, signal);
    assert.equal([sure.added, sure.problems], [2, []]);
    const again = await core.local.call("importAssets", { lines: [line("three", "cell-b")], dryRun: false }, signal);
    assert.match(again.problems[0]?.message ?? "", /is that of two/);
    assert.equal([await told(core.source, signal), await told(openSource(defer, core, "source-field-b"), signal)], [[["one"], ["cell-a"]], [["two"], ["cell-b"]]]);
  });

  test("what one zone says of where it listens takes nothing from what another one said", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS + NETWORK);
    const inB = openSource(defer, core, "source-field-b");
    const listening = (segment: string) => ({ listeners: [{ segment, address: "192.0.2.1", port: 1883, isTls: false }], connections: 0, isFull: false });
    await core.source.call("ingest", listening("cell-a"), signal);
    await inB.call("ingest", listening("cell-b"), signal);
    await core.source.call("ingest", listening("cell-a"), signal);
    assert.equal((await standing(core, signal)).filter((one) => one.startsWith("INGEST_PLAIN")).sort(), ["INGEST_PLAIN segment cell-a, port 1883", "INGEST_PLAIN segment cell-b, port 1883"]);
  });

  test("another set of namespaces is applied as far as it can be, and the rest is told to wait for a restart", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS + NETWORK + ASSETS);
    writeFileSync(core.configFile, SEGMENTS + NETWORK.replace("namespace: b", "namespace: c") + ASSETS);
    const { needsRestart } = await core.local.call("reload", {}, signal);
    assert.equal(needsRestart, ["network.field[].namespace"]);
    assert.ok((await standing(core, signal)).some((one) => one.startsWith("CONFIG_NEEDS_RESTART")));
    assert.equal(await told(core.source, signal), [["in-a"], ["cell-a"]], "a cell whose zone does not run yet is read by no other");
  });
});
