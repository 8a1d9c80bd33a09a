// Shows whose order needs whose consent, and that somebody is told that a task waits for it.

import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Role } from "../../../../firmware/conduit/accounts.ts";
import type { TaskReport } from "../../../../firmware/conduit/tasks.ts";
import { LOCAL_IDENTITY, type Identity } from "../../../../firmware/core/accounts/identity.ts";
import type { PersonCall } from "../../../../firmware/core/accounts/actor.ts";
import { makeTaskHandlers } from "../../../../firmware/core/conduits/task-handlers.ts";
import { applyConfiguration } from "../../../../firmware/core/configuration/apply-configuration.ts";
import { openCore } from "../../../../firmware/core/open-core.ts";
import type { CoreParts } from "../../../../firmware/core/parts.ts";
import { runTasks } from "../../../../firmware/core/tasks/run-tasks.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite, type TestContext } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";
import { configure } from "../running-core.ts";

const WINDOW = { id: "1", account: "vendor", purpose: "repair", scope: [], openedBy: "otto", opened: "2026-01-01T00:00:00.000Z", endsInSeconds: 600 } as unknown as NonNullable<Identity["window"]>;

async function open({ defer, signal }: TestContext): Promise<CoreParts> {
  const dataDir = makeTempDir(defer);
  const configFile = join(dataDir, "weir.yaml");
  writeFileSync(configFile, configure({ press: undefined }));
  const core = await openCore({ clock: systemClock, log: silentLog, dataDir, configFile, epoch: randomUUID(), ready: () => undefined }, signal);
  const ending = new AbortController();
  await core.parts.acceptance.prepare?.(core.parts.configuration.current);
  await applyConfiguration(core.parts);
  const running = runTasks(core.parts, AbortSignal.any([signal, ending.signal]));
  defer(async () => {
    ending.abort();
    await running;
    await core.close();
  });
  return core.parts;
}

/** Somebody with this role, in a service window or not. */
function by(name: string, role: Role, window: Identity["window"], signal: AbortSignal): PersonCall {
  return { actor: { name, zone: "admin", source: null }, person: { ...LOCAL_IDENTITY, kind: "session", account: name, actor: name, role, window }, signal };
}

suite("tasks, consent", (test) => {
  test("U4.10.3a who has fewer rights than a manager and no service window needs a manager's consent, and it is told that it is waited for", async (context) => {
    const { signal } = context;
    const core = await open(context);
    const handlers = makeTaskHandlers(core);
    const order = async (call: PersonCall): Promise<TaskReport> => ((await handlers.orderTask({ kind: "asset-snapshot", target: "press" }, call)) as { task: TaskReport }).task;
    for (const call of [by("mia", "manager", null, signal), by("otto", "systemadministrator", null, signal), by("vendor", "service", WINDOW, signal)]) assert.equal((({ state, needsApproval }) => [state, needsApproval])(await order(call)), ["waiting", false]);
    const { id, state } = await order(by("stranger", "service", null, signal));
    assert.is(state, "ordered");
    while (!core.conditions.has("TASK_AWAITS_CONSENT", "tasks")) await systemClock.sleep(20, signal);
    await assert.rejects(Promise.resolve(handlers.approveTask({ id }, by("vendor", "service", WINDOW, signal))), "ACCESS_DENIED");
    await assert.rejects(Promise.resolve(handlers.approveTask({ id }, by("stranger", "manager", null, signal))), "ACCESS_DENIED");
    const { task } = (await handlers.approveTask({ id }, by("mia", "manager", null, signal))) as { task: TaskReport };
    assert.equal([task.state, task.approvedBy], ["approved", "mia"]);
    while (core.conditions.has("TASK_AWAITS_CONSENT", "tasks")) await systemClock.sleep(20, signal);
  });
});
