// Shows that the system's clock sleeps as long as it says, and ends at once when it is told to.

import { execFileSync } from "node:child_process";
import { getEventListeners } from "node:events";

import type { Boot } from "../../../drivers/contract/clock.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../support/suite.ts";

suite("system clock", (test) => {
  test("sleeps no less than asked", async ({ signal }) => {
    for (const ms of [0, 1, 5, 20]) {
      const startedMs = systemClock.uptimeMs();
      await systemClock.sleep(ms, signal);
      assert.ok(systemClock.uptimeMs() - startedMs >= ms, `${ms} ms`);
    }
  });

  test("rejects with CANCELLED at the abort and keeps no timer", async () => {
    const stop = new AbortController();
    const sleeping = systemClock.sleep(60_000, stop.signal);
    stop.abort();
    await assert.rejects(sleeping, "CANCELLED");
    await assert.rejects(systemClock.sleep(60_000, stop.signal), "CANCELLED");
    assert.not(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length > 3);
  });

  test("leaves no listener on the signal, slept out or aborted", async () => {
    const stop = new AbortController();
    await Promise.all(Array.from({ length: 20 }, () => systemClock.sleep(1, stop.signal)));
    assert.is(getEventListeners(stop.signal, "abort").length, 0);
    const sleeping = Promise.allSettled(Array.from({ length: 20 }, () => systemClock.sleep(60_000, stop.signal)));
    stop.abort();
    await sleeping;
    assert.is(getEventListeners(stop.signal, "abort").length, 0);
  });

  test("waits for delays that the platform's timers cannot hold", async ({ signal }) => {
    let hasFired = false;
    const cancel = systemClock.after(30 * 86_400_000, () => (hasFired = true));
    await systemClock.sleep(20, signal);
    cancel();
    assert.not(hasFired);
  });

  test("calls back once unless cancelled before", async ({ signal }) => {
    const calls: string[] = [];
    systemClock.after(1, () => calls.push("kept"));
    systemClock.after(1, () => calls.push("cancelled"))();
    await systemClock.sleep(20, signal);
    assert.equal(calls, ["kept"]);
  });

  test("tells the same start of the machine to every process, and how long ago it was; the unit's word goes before the kernel's", () => {
    const program = `import { systemClock } from ${JSON.stringify(new URL("../../../firmware/runtime/system-clock.ts", import.meta.url).href)}; console.log(JSON.stringify(systemClock.boot()));`;
    const ask = (env: Readonly<Record<string, string>>): Boot => JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", program], { env: { ...process.env, ...env }, encoding: "utf8" })) as Boot;
    const before = systemClock.boot();
    const other = ask({ WEIR_BOOT_ID: "" });
    const after = systemClock.boot();
    assert.equal([other.id, after.id], [before.id, before.id]);
    assert.match(before.id, /^[0-9a-f-]{32,36}$/);
    assert.ok(before.ms <= other.ms && other.ms <= after.ms, `${before.ms} ${other.ms} ${after.ms}`);
    assert.is(ask({ WEIR_BOOT_ID: "b00t" }).id, "b00t");
  });
});
