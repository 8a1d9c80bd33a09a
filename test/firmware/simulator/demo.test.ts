// Shows that the demonstration finds its machines and runs, refuses where it could do harm, and leaves nothing behind.

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
const serials = ["A1000", "A1001", "A1002", "A1003", "A1004"];

/** Every machine took these steps one after the other. */
async function untilAll(demo: Child, steps: readonly string[], signal: AbortSignal): Promise<void> {
  for (const serial of serials) await demo.line(new RegExp(steps.map((step) => `^machine ${serial}: ${step}$`).join("[^]*?"), "m"), signal);
}

/** Holds the port of WS-Discovery for itself alone, in a namespace of its own, and starts the demonstration there. It ends with its standard input. */
const BLOCKED = `exec 3<&0
ip link set lo up
"$0" -e 'require("dgram").createSocket("udp4").bind(3702, "0.0.0.0", () => require("fs").writeFileSync("taken", "")); process.stdin.on("end", () => process.exit()).resume()' <&3 &
while [ ! -e taken ]; do sleep 0.05; done
exec "$0" "$1" start --demo 3<&-`;

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
    "finds and accepts five machines that publish to the gateway, brings their readings to the local cloud and ends everything on Ctrl-C within five seconds",
    async ({ defer, signal }) => {
      const demo = startDemo(defer, makeTempDir(defer));
      await untilAll(demo, ["found", "accepted", "enrolled", "publishing"], signal);
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
    "runs twice at a time on one host, each with its own machines, and no process outlives one that is killed; it goes on where it was killed",
    async ({ defer, signal }) => {
      const folder = makeTempDir(defer);
      const [first, second] = [startDemo(defer, folder), startDemo(defer, makeTempDir(defer))];
      await Promise.all([first, second].map((demo) => untilAll(demo, ["publishing"], signal)));
      await Promise.all([first.line(confirmed, signal), second.line(confirmed, signal)]);
      const started = descendants(first.pid);
      first.kill("SIGKILL");
      await first.exited;
      await untilGone(started, signal);
      const again = startDemo(defer, folder);
      await untilAll(again, ["accepted", "enrolled", "publishing"], signal);
      for (const demo of [second, again]) {
        demo.kill("SIGTERM");
        assert.is((await demo.exited).code, 0);
      }
    },
    { limitMs: 240_000 },
  );
  test(
    "says why its machines cannot be found on a host, and has them in the configuration there",
    async ({ defer, signal }) => {
      const demo = startChild(defer, "unshare", ["--net", "sh", "-c", BLOCKED, process.execPath, weir], { cwd: makeTempDir(defer) });
      await demo.line(/none can be found on this computer by WS-Discovery \(port 3702\/udp\): .*its port is taken by another program/, signal);
      await untilAll(demo, ["configured", "accepted", "enrolled", "publishing"], signal);
      await demo.line(confirmed, signal);
      demo.kill("SIGINT");
      assert.is((await demo.exited).code, 0);
      demo.write("", { end: true });
    },
    { needs: ["netns"], limitMs: 120_000 },
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
