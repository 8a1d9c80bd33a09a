// Shows that a zone ends itself when its supervisor is gone, also where nothing else would end it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../support/suite.ts";

const zone = fileURLToPath(new URL("fixture-zone.ts", import.meta.url));

suite("zone process", (test) => {
  test("finishes and exits 0 when the channel to its supervisor closes", async ({ defer }) => {
    const child = spawn(process.execPath, [zone, "field", "well"], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
    defer(() => child.kill("SIGKILL"));
    let output = "";
    child.stdout?.on("data", (chunk) => (output += String(chunk)));
    const printed = new Promise((resolve) => child.stdout?.once("end", resolve));
    await once(child, "message");
    child.disconnect();
    const [[code]] = await Promise.all([once(child, "exit"), printed]);
    assert.is(code, 0);
    assert.match(output, /the supervisor is gone[^]*has ended/);
  });

  test("cuts itself off when it does not come to its end", async ({ defer }) => {
    const child = spawn(process.execPath, [zone, "field", "hangs"], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    defer(() => child.kill("SIGKILL"));
    await once(child, "message");
    const startedMs = systemClock.uptimeMs();
    child.disconnect();
    const [code] = await once(child, "exit");
    assert.is(code, 1);
    const tookMs = systemClock.uptimeMs() - startedMs;
    // It gives itself 4 s; without that it would hang for a minute. The rest of the difference is a loaded machine's.
    assert.ok(tookMs < 10_000, `took ${tookMs} ms`);
  });

  test("runs without a supervisor and ends with Ctrl-C", async ({ defer }) => {
    const child = spawn(process.execPath, [zone, "field", "well"], { stdio: ["ignore", "pipe", "inherit"] });
    defer(() => child.kill("SIGKILL"));
    await once(child.stdout, "data");
    child.kill("SIGINT");
    assert.equal(await once(child, "exit"), [0, null]);
  });

  test("goes on when nobody reads its output any more", async ({ signal, defer }) => {
    const child = spawn(process.execPath, [zone, "field", "slow"], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
    defer(() => child.kill("SIGKILL"));
    child.stdout?.destroy();
    await once(child, "message");
    await systemClock.sleep(50, signal);
    assert.is(child.exitCode, null);
    child.kill("SIGTERM");
    assert.equal(await once(child, "exit"), [0, null]);
  });
});
