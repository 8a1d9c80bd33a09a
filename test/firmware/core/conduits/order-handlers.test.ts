// Shows how an order goes from a person through core to a zone and back, over restarts of each.

import { randomUUID } from "node:crypto";
import { sourceConduit, type Order } from "../../../../firmware/conduit/source.ts";
import type { TaskReport } from "../../../../firmware/conduit/tasks.ts";
import { openConduit, type ConduitClient } from "../../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite, type TestContext } from "../../../support/suite.ts";
import { configure, startCore, type RunningCore } from "../running-core.ts";

type Zone = ConduitClient<typeof sourceConduit>;

const CONFIGURATION = configure({ press: undefined, mill: undefined });

async function order({ local }: RunningCore, signal: AbortSignal, target = "press", id: string = randomUUID()): Promise<TaskReport> {
  return (await local.call("orderTask", { id, kind: "asset-snapshot", target, reason: "noise" }, signal)).task;
}

async function read({ local }: RunningCore, id: string, signal: AbortSignal): Promise<TaskReport> {
  return (await local.call("task", { id }, signal)).task;
}

async function fetchResult({ local }: RunningCore, id: string, signal: AbortSignal): Promise<string> {
  const { body } = await local.call("taskResult", { id, offset: 0 }, signal);
  return Buffer.from(body).toString("utf8");
}

function piece(text: string, offset = 0): { name: string; type: string; offset: number; base64: string } {
  return { name: "press.json", type: "application/json", offset, base64: Buffer.from(text).toString("base64") };
}

/** A zone's process that began anew. */
function anotherZone({ dataDir }: RunningCore, { defer }: Pick<TestContext, "defer">): Zone {
  const zone = openConduit(sourceConduit, { socket: conduitSocket(dataDir, "source-field"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  defer(() => zone.close());
  return zone;
}

async function ordersOf(zone: Zone, signal: AbortSignal, after = 0): Promise<{ readonly revision: number; readonly orders: readonly Order[] }> {
  return zone.call("orders", { after, waitMs: 30_000 }, signal);
}

suite("conduit, orders", (test) => {
  test("U3.1-snap an order reaches the zone that reads the machine, and its result whoever ordered it", async ({ signal, defer }) => {
    const core = await startCore(defer, CONFIGURATION);
    const { revision, orders } = await ordersOf(core.source, signal);
    assert.equal(orders, []);
    const coming = ordersOf(core.source, signal, revision);
    const { id, state, needsApproval } = await order(core, signal);
    assert.equal([state, needsApproval], ["waiting", false]);
    assert.equal((await coming).orders, [{ id, kind: "asset-snapshot", assignment: "press" }]);
    assert.equal(await core.source.call("orderProgress", { id, state: "running", progress: 0.2, words: "It reads." }, signal), { isCancelled: false });
    const running = await read(core, id, signal);
    assert.is(running.state, "running");
    await core.source.call("orderProgress", { id, state: "running", progress: 0.5, words: "It reads.", result: piece("{}") }, signal);
    assert.is((await read(core, id, signal)).progress, 0.5);
    await core.source.call("orderProgress", { id, state: "done", progress: 1, words: "All.", result: piece("\n", 2) }, signal);
    const done = await read(core, id, signal);
    assert.equal([done.state, done.words, done.result], ["done", "All.", { name: "press.json", type: "application/json", bytes: 3 }]);
    assert.is(await fetchResult(core, id, signal), "{}\n");
    assert.equal((await ordersOf(core.source, signal)).orders, []);
  });
  test("it survives restarts of core at each point, and is done once", async ({ signal, defer }) => {
    let core = await startCore(defer, CONFIGURATION);
    const { dataDir } = core;
    // The zone outlives core: its epoch stays.
    const epoch = randomUUID();
    const restart = async (): Promise<void> => {
      await core.stop();
      core = await startCore(defer, CONFIGURATION, { dataDir, epoch });
    };
    const { id } = await order(core, signal);
    await restart();
    assert.is((await read(core, id, signal)).state, "waiting");
    await core.source.call("orderProgress", { id, state: "running", progress: 0, words: "It reads." }, signal);
    await restart();
    assert.is((await read(core, id, signal)).state, "running");
    await core.source.call("orderProgress", { id, state: "running", progress: 0.5, words: "It reads.", result: piece("abc") }, signal);
    await restart();
    const last = { id, state: "done", progress: 1, words: "All.", result: piece("def", 3) } as const;
    await core.source.call("orderProgress", last, signal);
    await restart();
    // Its answer was lost.
    await core.source.call("orderProgress", last, signal);
    const done = await read(core, id, signal);
    assert.equal([done.state, done.words], ["done", "All."]);
    assert.is(await fetchResult(core, id, signal), "abcdef");
    assert.equal((await order(core, signal, "press", id)).state, "done");
    assert.equal((await ordersOf(core.source, signal)).orders, []);
  }, { limitMs: 120_000 });
  test("a zone that was restarted in the middle begins anew and says so; the second time it has failed", async (context) => {
    const { signal, defer } = context;
    const core = await startCore(defer, CONFIGURATION);
    const { id } = await order(core, signal);
    await core.source.call("orderProgress", { id, state: "running", progress: 0.5, words: "It reads.", result: piece("old") }, signal);
    const second = anotherZone(core, context);
    assert.equal((await ordersOf(second, signal)).orders.length, 1);
    await second.call("orderProgress", { id, state: "running", progress: 0, words: "It reads." }, signal);
    assert.match((await read(core, id, signal)).words, /It was begun anew/);
    const third = anotherZone(core, context);
    assert.equal(await third.call("orderProgress", { id, state: "running", progress: 0, words: "It reads." }, signal), { isCancelled: true });
    const failed = await read(core, id, signal);
    assert.is(failed.state, "failed");
    assert.match(failed.words, /cut off 2 times/);
    assert.equal((await ordersOf(third, signal)).orders, []);
  });
  test("what the new zone reads is all that the result holds", async (context) => {
    const { signal, defer } = context;
    const core = await startCore(defer, CONFIGURATION);
    const { id } = await order(core, signal);
    await core.source.call("orderProgress", { id, state: "running", progress: 0.5, words: "It reads.", result: piece("a long former text") }, signal);
    const second = anotherZone(core, context);
    await second.call("orderProgress", { id, state: "running", progress: 0, words: "It reads." }, signal);
    await second.call("orderProgress", { id, state: "done", progress: 1, words: "All.", result: piece("new") }, signal);
    assert.is(await fetchResult(core, id, signal), "new");
  });
  test("a cancelled order is gone from the zone's list, and its progress is answered so", async ({ signal, defer }) => {
    const core = await startCore(defer, CONFIGURATION);
    const { id } = await order(core, signal);
    await core.source.call("orderProgress", { id, state: "running", progress: 0, words: "It reads." }, signal);
    await core.local.call("cancelTask", { id }, signal);
    assert.equal((await ordersOf(core.source, signal)).orders, []);
    assert.equal(await core.source.call("orderProgress", { id, state: "running", progress: 0.5, words: "It reads.", result: piece("x") }, signal), { isCancelled: true });
    assert.equal(await core.source.call("orderProgress", { id, state: "done", progress: 1, words: "All.", result: piece("x") }, signal), { isCancelled: true });
    assert.is((await read(core, id, signal)).state, "cancelled");
    await assert.rejects(core.local.call("taskResult", { id, offset: 0 }, signal), "NOT_FOUND");
  });
  test("what the zone could not do is told with its words, and a machine that nobody reads is not ordered", async ({ signal, defer }) => {
    const core = await startCore(defer, CONFIGURATION);
    const { id } = await order(core, signal, "mill");
    await core.source.call("orderProgress", { id, state: "failed", progress: 0, words: "mill: refuses access (403). Allow this gateway at the machine." }, signal);
    assert.match((await read(core, id, signal)).words, /refuses access/);
    await assert.rejects(order(core, signal, "nobody"), "NOT_FOUND");
    await assert.rejects(core.local.call("orderTask", { kind: "gateway-snapshot", target: "press" }, signal), "INPUT_INVALID");
    await assert.rejects(core.source.call("orderProgress", { id: randomUUID(), state: "running", progress: 0, words: "" }, signal), "NOT_FOUND");
  });
  test("a machine that leaves the configuration takes its open orders with it", async ({ signal, defer }) => {
    const core = await startCore(defer, CONFIGURATION);
    const { id } = await order(core, signal);
    const { digest } = await core.local.call("configuration", {}, signal);
    await core.local.call("setConfiguration", { text: configure({ mill: undefined }), basedOn: digest }, signal);
    while ((await read(core, id, signal)).state === "waiting") await systemClock.sleep(50, signal);
    assert.match((await read(core, id, signal)).words, /does not read press any more/);
  });
});
