// Shows that the demonstration runs, refuses where it could do harm, and leaves nothing behind.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { startChild, type Child } from "../../support/child.ts";
import { isAlive } from "../../support/gateway.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const weir = fileURLToPath(new URL("../../../firmware/cli/weir.ts", import.meta.url));

function startDemo(defer: Defer, folder: string, args: readonly string[] = []): Child {
  return startChild(defer, process.execPath, [weir, "start", "--demo", ...args], { cwd: folder });
}

const confirmed = /cloud confirmed: [1-9]\d* readings/;

/** Pids of all processes below one, itself left out. */
function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter((text) => text !== "").map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

async function untilGone(pids: readonly number[], signal: AbortSignal): Promise<void> {
  while (pids.some(isAlive)) await systemClock.sleep(10, signal);
}

suite("demonstration", (test) => {
  test(
    "brings simulated readings to the local cloud and ends everything on Ctrl-C within five seconds",
    async ({ defer, signal }) => {
      const demo = startDemo(defer, makeTempDir(defer));
      await demo.line(confirmed, signal);
      const started = descendants(demo.pid);
      assert.ok(started.length >= 3);
      const atMs = systemClock.uptimeMs();
      demo.kill("SIGINT");
      assert.equal(await demo.exited, { code: 0, signal: null });
      const tookMs = systemClock.uptimeMs() - atMs;
      assert.ok(tookMs < 5500, `took ${tookMs} ms`);
      await untilGone(started, signal);
    },
    { limitMs: 120_000 },
  );
  test(
    "runs twice at a time on one host, and no process outlives one that is killed",
    async ({ defer, signal }) => {
      const [first, second] = [startDemo(defer, makeTempDir(defer)), startDemo(defer, makeTempDir(defer))];
      await Promise.all([first.line(confirmed, signal), second.line(confirmed, signal)]);
      const started = descendants(first.pid);
      first.kill("SIGKILL");
      await first.exited;
      await untilGone(started, signal);
      second.kill("SIGTERM");
      assert.is((await second.exited).code, 0);
    },
    { limitMs: 120_000 },
  );
  test("refuses a configured cloud, a folder that is not its own and a configuration that is not there", async ({ defer }) => {
    const folder = makeTempDir(defer);
    const refused = async (args: readonly string[], why: RegExp): Promise<void> => {
      const demo = startDemo(defer, folder, args);
      assert.is((await demo.exited).code, 2, demo.output());
      assert.match(demo.output(), why);
    };
    mkdirSync(join(folder, "other"));
    writeFileSync(join(folder, "other", "outbox.db"), "");
    await refused(["--data", "other"], /not a demonstration's/);
    await refused(["--config", "nonesuch.yaml"], /no such file/);
    writeFileSync(join(folder, "weir.yaml"), "cloud:\n  url: mqtts://broker.example:8883\n");
    await refused([], /a cloud is configured/);
    assert.not(existsSync(join(folder, ".weir")));
  });
});
