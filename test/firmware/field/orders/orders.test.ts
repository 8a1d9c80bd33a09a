// Shows how the zone field takes the snapshot of a machine for a real core: away, lost in the middle, refusing, cancelled.

import { randomUUID } from "node:crypto";
import { field } from "../../../../firmware/field/main.ts";
import type { TaskReport } from "../../../../firmware/conduit/tasks.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { startMachine, type FakeMachine } from "../../../drivers/miko/fake-machine.ts";
import { assert, suite, type TestContext } from "../../../support/suite.ts";
import { startCore, type RunningCore } from "../../core/running-core.ts";

interface Site {
  readonly core: RunningCore;
  readonly machine: FakeMachine;
  order(): Promise<string>;
  read(id: string): Promise<TaskReport>;
  /** Until it is in this state. */
  until(id: string, state: TaskReport["state"]): Promise<TaskReport>;
  connected(): Promise<void>;
}

async function startSite({ defer, signal }: TestContext): Promise<Site> {
  const machine = await startMachine(defer);
  machine.points.set("speed", { value: 1 });
  const core = await startCore(defer, `assets:\n  - {name: press, miko: {url: "${machine.url}"}}\n`);
  const stop = new AbortController();
  const running = field.run({ clock: systemClock, log: silentLog, dataDir: core.dataDir, epoch: randomUUID(), ready: () => undefined }, stop.signal);
  defer(async () => {
    stop.abort();
    await running;
  });
  const read: Site["read"] = async (id) => (await core.local.call("task", { id }, signal)).task;
  return {
    core,
    machine,
    read,
    order: async () => (await core.local.call("orderTask", { kind: "asset-snapshot", target: "press" }, signal)).task.id,
    until: async (id, state) => {
      for (;;) {
        const task = await read(id);
        if (task.state === state) return task;
        assert.ok(["waiting", "running"].includes(task.state), `${task.state}: ${task.words}`);
        await systemClock.sleep(20, signal);
      }
    },
    connected: async () => {
      while (!Object.values((await core.local.call("status", {}, signal)).assets).some(({ link }) => link === "connected")) await systemClock.sleep(20, signal);
    },
  };
}

async function fetchParts({ core }: Site, id: string, signal: AbortSignal): Promise<Readonly<Record<string, { readonly document?: unknown; readonly missing?: string }>>> {
  const { body } = await core.local.call("taskResult", { id, offset: 0 }, signal);
  const { assets } = JSON.parse(Buffer.from(body).toString("utf8")) as { assets: [{ parts: Record<string, { document?: unknown; missing?: string }> }] };
  return assets[0].parts;
}

suite("field, orders", (test) => {
  test("U3.1-snap a machine that is away is waited for, and asked when it is back", async (t) => {
    const site = await startSite(t);
    await site.connected();
    await site.machine.lose();
    const id = await site.order();
    assert.is((await site.read(id)).state, "waiting");
    await site.machine.comeBack();
    await site.until(id, "done");
    assert.ok((await fetchParts(site, id, t.signal))["points"]?.document !== undefined);
  });
  test("one that is lost in the middle is asked anew, and what it says then is all that the result holds", async (t) => {
    const site = await startSite(t);
    await site.connected();
    let asked = 0;
    site.machine.answers.set("/identification", (request, response) => {
      asked += 1;
      // The session was identified before; this is the snapshot's.
      if (asked === 1) request.socket.destroy();
      else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ manufacturer: "Test Works", model: "Cutter 7", serialNumber: "4711" }));
    });
    const id = await site.order();
    await site.until(id, "done");
    assert.ok(asked >= 2);
    assert.equal((await fetchParts(site, id, t.signal))["identification"]?.document, { manufacturer: "Test Works", model: "Cutter 7", serialNumber: "4711" });
  });
  test("an order that is cancelled while the machine thinks ends, and the machine is read on", async (t) => {
    const site = await startSite(t);
    await site.connected();
    const thinking = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    site.machine.answers.set("/identification", (request) => {
      thinking.resolve();
      request.socket.on("close", () => left.resolve());
    });
    const id = await site.order();
    await thinking.promise;
    await site.core.local.call("cancelTask", { id }, t.signal);
    await left.promise;
    site.machine.answers.delete("/identification");
    assert.is((await site.read(id)).state, "cancelled");
    await site.until(await site.order(), "done");
  });
}, { limitMs: 120_000 });
