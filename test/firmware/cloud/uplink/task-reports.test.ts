// Shows that the cloud learns of each task's present state, over outages too.

import { randomUUID } from "node:crypto";
import type { TaskProgress } from "../../../../firmware/protocol/cloud-payloads.ts";
import { startMosquitto } from "../../../support/mosquitto.ts";
import { assert, suite } from "../../../support/suite.ts";
import { startSubscriber } from "../collector.ts";
import { GATEWAY, makeLink, startCore } from "../core.ts";

function taskOf(state: TaskProgress["state"], id: string = randomUUID()): TaskProgress {
  const at = "2026-11-02T08:15:30.120Z";
  return { gateway: GATEWAY, id, kind: "asset-snapshot", target: "press", state, needsApproval: false, words: "It waits for its turn.", ordered: at, changed: at, result: null };
}

suite("the cloud and tasks", (test) => {
  test("each new state is published until the broker confirms it, also what changed while there was no connection, and is not retained", async ({ signal, defer }) => {
    const [core, broker] = [await startCore(defer), await startMosquitto(defer, signal)];
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const { documents } = await startSubscriber(defer, core, url);
    const topic = (id: string): string => `weir/v1/hall%2F1/tasks/${id}`;
    const early = taskOf("done");
    core.setTask(early);
    core.setLink(makeLink(url));
    core.start();
    await core.until("the early one came and is confirmed", () => core.toldTasks().includes(early.id), signal);
    assert.equal(documents.get(topic(early.id)), early);
    const second = taskOf("waiting");
    core.setTask(second);
    await core.until("the second came", () => core.toldTasks().includes(second.id), signal);
    core.setTask({ ...second, state: "done" });
    await core.until("its end came", () => (documents.get(topic(second.id)) as TaskProgress | undefined)?.state === "done", signal);
    // A receiver that comes later has status and inventory, and no task.
    const late = await startSubscriber(defer, core, url);
    await core.until("what is retained", () => late.documents.size >= 2, signal);
    assert.ok(![...late.documents.keys()].some((one) => one.includes("/tasks/")));
  }, { needs: ["mosquitto"] });
});
