// Shows that core itself turns the points of a lost machine bad, once, with the reason, whoever restarts, and that nothing newer is overwritten.

import { Fault, reportFault } from "../../../drivers/contract/fault.ts";
import type { FaultCode } from "../../../drivers/contract/fault.ts";
import { isEvent, type Sample } from "../../../drivers/contract/reading.ts";
import { READINGS_PER_REQUEST } from "../../../firmware/conduit/source.ts";
import { assert, suite } from "../../support/suite.ts";
import { assetOf, configure, identify, readStatus, sampleOf, startCore, type RunningCore } from "./running-core.ts";

const CLOUD = "cloud:\n  url: mqtts://192.0.2.1:8883\n";
const CONFIGURATION = configure({ "press-1": undefined, "press-2": undefined }, CLOUD);
const asset = assetOf("1");

type State = "connecting" | "connected" | "lost" | "stopped";

async function tell({ source }: RunningCore, signal: AbortSignal, state: State, code?: FaultCode, more: { readonly advisory?: true; readonly message?: string } = {}): Promise<void> {
  const { message = "the machine closed the connection", ...rest } = more;
  await source.call("link", { assignment: "press-1", state, ...(code === undefined ? {} : { fault: reportFault(new Fault(code, message)) }), ...rest }, signal);
}

async function readValues({ local }: RunningCore, signal: AbortSignal): Promise<readonly Sample[]> {
  const { values } = await local.call("values", { after: 0, waitMs: 0 }, signal);
  return values.map(({ reading }) => reading).filter((reading): reading is Sample => !isEvent(reading));
}

const qualities = async (core: RunningCore, signal: AbortSignal): Promise<unknown[]> => (await readValues(core, signal)).map(({ asset: of, point, quality }) => [of === asset ? 1 : 2, point, quality]).toSorted((a, b) => String(a).localeCompare(String(b)));

suite("losses", (test) => {
  test("the points of a lost machine turn bad with the reason, in the values and for the cloud, once; those of others stay", async ({ defer, signal }) => {
    const core = await startCore(defer, CONFIGURATION);
    await identify(core, "press-1", "1", signal);
    await identify(core, "press-2", "2", signal);
    await core.source.call("readings", { readings: [sampleOf(asset), sampleOf(asset, "speed"), sampleOf(assetOf("2"))] }, signal);
    await tell(core, signal, "lost", "PEER_CLOSED", { message: "x".repeat(400) });
    assert.equal(await qualities(core, signal), [[1, "count", "bad"], [1, "speed", "bad"], [2, "count", "good"]]);
    const bad = (await readValues(core, signal)).find(({ quality }) => quality === "bad");
    assert.equal([bad?.value, bad?.sourceTime, bad?.reason], [null, null, "x".repeat(256)]);
    assert.is((await readStatus(core, signal)).outbox.queued, 5);
    await tell(core, signal, "lost", "PEER_UNREACHABLE");
    assert.is((await readStatus(core, signal)).outbox.queued, 5, "what is bad is not told again");
    await core.source.call("readings", { readings: [sampleOf(asset)] }, signal);
    await tell(core, signal, "connected");
    await tell(core, signal, "connected", "ADDRESS_REFUSED", { advisory: true });
    assert.equal(await qualities(core, signal), [[1, "count", "good"], [1, "speed", "bad"], [2, "count", "good"]]);
    await tell(core, signal, "stopped", "DEFECT");
    assert.equal(await qualities(core, signal), [[1, "count", "bad"], [1, "speed", "bad"], [2, "count", "good"]]);
    assert.is((await readStatus(core, signal)).outbox.queued, 7);
  });

  test("a zone that begins anew with the machine off has its points turned bad, and so has one that tells a new core again of its loss", async ({ defer, signal }) => {
    let core = await startCore(defer, CONFIGURATION);
    await identify(core, "press-1", "1", signal);
    await core.source.call("readings", { readings: [sampleOf(asset)] }, signal);
    await tell(core, signal, "connected");
    await core.stop();
    core = await startCore(defer, CONFIGURATION, { dataDir: core.dataDir });
    assert.equal(await qualities(core, signal), [[1, "count", "good"]]);
    await tell(core, signal, "connecting");
    assert.equal(await qualities(core, signal), [[1, "count", "good"]]);
    await tell(core, signal, "lost", "PEER_UNREACHABLE");
    assert.equal(await qualities(core, signal), [[1, "count", "bad"]]);
    // A good value that slips in leaves what a core killed after the report leaves: a link that is lost and a value that is good.
    await core.source.call("readings", { readings: [sampleOf(asset)] }, signal);
    await core.stop();
    core = await startCore(defer, CONFIGURATION, { dataDir: core.dataDir });
    await tell(core, signal, "lost", "PEER_CLOSED");
    assert.is((await readValues(core, signal))[0]?.reason, "the machine closed the connection");
    assert.is((await readStatus(core, signal)).outbox.queued, 4);
  });

  test("many points go in portions, and what was read again meanwhile stays good", async ({ defer, signal }) => {
    const core = await startCore(defer, CONFIGURATION);
    await identify(core, "press-1", "1", signal);
    const points = Array.from({ length: 3500 }, (_, index) => `p${String(index).padStart(4, "0")}`);
    for (let from = 0; from < points.length; from += READINGS_PER_REQUEST) {
      await core.source.call("readings", { readings: points.slice(from, from + READINGS_PER_REQUEST).map((point) => sampleOf(asset, point)) }, signal);
    }
    const lost = tell(core, signal, "lost", "PEER_CLOSED");
    await core.source.call("readings", { readings: [sampleOf(asset, "p3499")] }, signal);
    await lost;
    const good = (await readValues(core, signal)).filter(({ quality }) => quality === "good").map(({ point }) => point);
    assert.ok(good.length <= 1 && good.every((point) => point === "p3499"), JSON.stringify(good));
    const delivered: Sample[] = [];
    for (let more = true; more; ) {
      const { head, body } = await core.cloud.call("lease", { lane: "live", maxCount: 10_000, maxBytes: 8_388_608, lingerMs: 0, waitMs: 0 }, signal);
      delivered.push(...(JSON.parse(Buffer.from(body).toString()) as Sample[]));
      more = head.lease !== 0;
    }
    assert.ok(delivered.length >= 7000, `${delivered.length}`);
    const last = delivered.findLast(({ point }) => point === "p3499");
    assert.is(last?.quality, good.length === 1 ? "good" : "bad", "the last value and the last delivered one are the same");
  });
});
