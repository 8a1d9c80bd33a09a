// Shows that what field, cloud and supervisor report over their conduits becomes the condition that names it, and goes with its cause.

import { writeFileSync } from "node:fs";
import type { FaultReport } from "../../../drivers/contract/fault.ts";
import { Fault, reportFault } from "../../../drivers/contract/fault.ts";
import type { FaultCode } from "../../../drivers/contract/fault.ts";
import { assert, suite } from "../../support/suite.ts";
import { assetOf, configure, identify, readStatus, sampleOf, standing, startCore } from "./running-core.ts";

const CLOUD = "cloud:\n  url: mqtts://192.0.2.1:8883\n";
const fault = (code: FaultCode, message = "the words"): FaultReport => reportFault(new Fault(code, message, { where: "press-1" }));

suite("links", (test) => {
  test("a machine's faults come and go with its link", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }));
    const tell = async (state: "connecting" | "connected" | "lost" | "stopped", code?: FaultCode, advisory = false): Promise<readonly string[]> => {
      await core.source.call("link", { assignment: "press-1", state, ...(code === undefined ? {} : { fault: fault(code) }), ...(advisory ? { advisory } : {}) }, signal);
      return standing(core, signal);
    };
    assert.equal(await tell("lost", "PEER_UNREACHABLE"), ["ASSET_LOST press-1"]);
    assert.equal(await tell("connecting"), ["ASSET_LOST press-1"]);
    assert.equal(await tell("stopped", "CERTIFICATE_REFUSED"), ["ASSET_DENIED press-1"]);
    assert.equal(await tell("stopped", "DEFECT"), ["ASSET_STOPPED press-1"]);
    assert.equal(await tell("connected"), []);
    assert.equal(await tell("connected", "ADDRESS_REFUSED", true), ["PUBLISH_URL_REFUSED press-1"]);
    assert.equal(await tell("connected"), ["PUBLISH_URL_REFUSED press-1"]);
    assert.equal(await tell("connecting"), []);
  });
  test("a machine that is taken out of the configuration takes its conditions with it", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }));
    await core.source.call("link", { assignment: "press-1", state: "lost", fault: fault("PEER_TIMEOUT") }, signal);
    writeFileSync(core.configFile, configure({}));
    await core.local.call("reload", {}, signal);
    assert.equal(await standing(core, signal), []);
  });
  test("the cloud link's fault stands with its words, and the peer in the status", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({}, CLOUD));
    await core.cloud.call("state", { state: "lost", fault: fault("CERTIFICATE_REFUSED", "the chain has expired"), peer: "192.0.2.1:8883" }, signal);
    const { conditions, cloud } = await readStatus(core, signal);
    assert.equal(conditions.map(({ code, cause }) => [code, cause]), [["CLOUD_REFUSED", "press-1: the chain has expired"]]);
    assert.equal(cloud, { state: "lost", peer: "192.0.2.1:8883" });
    await core.cloud.call("state", { state: "connected", peer: "192.0.2.1:8883" }, signal);
    assert.equal(await standing(core, signal), []);
  });
  test("an exchanged machine and one that is configured twice are told", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined, "press-2": undefined }));
    await identify(core, "press-1", "1", signal);
    await core.source.call("link", { assignment: "press-1", state: "connected" }, signal);
    assert.equal(await identify(core, "press-2", "1", signal), []);
    assert.equal(await standing(core, signal), ["ASSET_TWICE press-2"]);
    assert.equal(await identify(core, "press-1", "2", signal), [assetOf("2")]);
    assert.equal(await standing(core, signal), ["ASSET_TWICE press-2", "ASSET_CHANGED press-1"]);
    assert.is((await readStatus(core, signal)).assets[assetOf("1")]?.link, "not assigned");
    assert.equal(await identify(core, "press-2", "1", signal), [assetOf("1")]);
    assert.equal(await standing(core, signal), ["ASSET_CHANGED press-1"]);
  });
  test("a zone that keeps ending is told by name", async ({ defer, signal }) => {
    const core = await startCore(defer, undefined);
    await core.local.call("zones", { zones: { field: { state: "waiting", restarts: 3 } } }, signal);
    assert.equal(await standing(core, signal), ["ZONE_CRASH_LOOP field"]);
    assert.equal((await readStatus(core, signal)).zones, { field: { state: "waiting", restarts: 3 } });
  });
  test("payloads that a zone sets apart are told", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }, CLOUD));
    await identify(core, "press-1", "1", signal);
    await core.source.call("quarantine", { asset: assetOf("1"), reason: "no JSON", payload: "AA==" }, signal);
    assert.equal(await standing(core, signal), ["PAYLOADS_QUARANTINED press-1"]);
  });
  test("readings that the cloud refuses are counted and told with its reason", async ({ defer, signal }) => {
    const core = await startCore(defer, configure({ "press-1": undefined }, CLOUD));
    await identify(core, "press-1", "1", signal);
    await core.source.call("readings", { readings: [sampleOf(assetOf("1")), sampleOf(assetOf("1"))] }, signal);
    const { head } = await core.cloud.call("lease", { lane: "live", maxCount: 10, maxBytes: 65_536, lingerMs: 0, waitMs: 2000 }, signal);
    await core.cloud.call("settle", { lease: head.lease, stream: head.stream, accepted: [[1, 1]], rejected: [{ range: [2, 2], reason: "packet too large" }], kept: [] }, signal);
    const { conditions, outbox } = await readStatus(core, signal);
    assert.equal(conditions.map(({ code, detail }) => [code, detail]), [["READINGS_REJECTED", "packet too large"]]);
    assert.equal([outbox.queued, outbox.rejected], [0, 1]);
  });
});
