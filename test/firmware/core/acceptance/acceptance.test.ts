// Shows core's register at work over its conduits: what is found waits, is accepted, moves, is suspended, and survives a restart.

import { assert, suite } from "../../../support/suite.ts";
import { assetOf, identify, sampleOf, startCore } from "../running-core.ts";
import { accept, assigned, list, machine, report, SEGMENTS } from "./found.ts";

suite("acceptance", (test) => {
  test("K1.7a a found machine waits until a person accepts it, and is read from then on", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [machine("A 1", 7)]);
    const [waiting] = await list(core, signal);
    assert.equal([waiting?.key, waiting?.state, waiting?.presence, waiting?.url], [assetOf("A 1"), "pending", "present", "http://192.0.2.7:8080"]);
    assert.equal(await assigned(core, signal), []);
    const accepted = await accept(core, assetOf("A 1"), signal);
    assert.equal([accepted.key, accepted.state, accepted.origin], ["A-1", "accepted", "found"]);
    const [assignment] = await assigned(core, signal);
    assert.equal([assignment?.name, assignment?.config.url], ["A-1", "http://192.0.2.7:8080"]);
    assert.equal(await identify(core, "A-1", "A 1", signal), [assetOf("A 1")]);
    assert.is((await core.source.call("readings", { readings: [sampleOf(assetOf("A 1"))] }, signal)).accepted, 1);
  });
});
