// Shows that core's event loop is held no longer than for one commit while a gateway of 2,000 machines is snapshot, and its configuration read, checked and replaced.
// limit: 900s

import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { findBound, holdDuring, identifyAll, startMeasured } from "../held-to-a-commit.ts";
import type { Measured } from "../held-to-a-commit.ts";

async function takeSnapshot({ local }: Measured, signal: AbortSignal): Promise<void> {
  const { task: { id } } = await local.call("orderTask", { kind: "gateway-snapshot" }, signal);
  for (;;) {
    const { task } = await local.call("task", { id }, signal);
    if (task.state === "done") break;
    assert.ok(task.state === "waiting" || task.state === "running", task.words);
    await systemClock.sleep(20, signal);
  }
  const { head } = await local.call("taskResult", { id, offset: 0 }, signal);
  assert.ok(head.bytes > 50_000, `${head.bytes} bytes`);
}

async function replaceText({ local }: Measured, attempt: number, signal: AbortSignal): Promise<void> {
  const { text, digest } = await local.call("configuration", {}, signal);
  const next = text.replace(/area: \w+/, `area: a${attempt}`);
  assert.equal((await local.call("checkConfiguration", { text: next }, signal)).problems, []);
  await local.call("setConfiguration", { text: next, basedOn: digest }, signal);
}

suite("core, event loop and tasks", (test) => {
  test("the gateway's snapshot and its configuration's text hold it no longer than a commit", async ({ defer, signal }) => {
    const core = await startMeasured(defer, signal);
    await identifyAll(core, signal);
    const bound = await findBound(core, signal);
    await holdDuring("the snapshot of the gateway", core, bound, () => takeSnapshot(core, signal), signal);
    await holdDuring("the configuration is read, checked and replaced", core, bound, (attempt) => replaceText(core, attempt, signal), signal);
  });
}, { limitMs: 600_000 });
