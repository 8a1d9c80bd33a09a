// limit: 600s
// Shows that zones start in order, come back when they die, stop in reverse in time, and never outlive their supervisor.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import type { Defer } from "../../support/attempt.ts";
import { startChild } from "../../support/child.ts";
import type { Child } from "../../support/child.ts";
import { processorWaitMs } from "../../support/processor-wait.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const supervisor = fileURLToPath(new URL("fixture-supervisor.ts", import.meta.url));

function start(defer: Defer, ...stages: readonly string[]): Child {
  return startIn(makeTempDir(defer), defer, ...stages);
}

function startIn(dir: string, defer: Defer, ...stages: readonly string[]): Child {
  return startChild(defer, process.execPath, [supervisor, dir, ...stages]);
}

interface Standing {
  readonly state: string;
  readonly restarts: number;
  readonly pid?: number;
}

function standings(child: Child): readonly Readonly<Record<string, Standing>>[] {
  return child.output().split("\n").filter((line) => line.startsWith('{"zones"')).map((line) => JSON.parse(line).zones);
}

/** The pid of a zone, as last told. */
function pidOf(child: Child, name: string): number {
  const pid = standings(child).at(-1)?.[name]?.pid;
  assert.type(pid, "number", child.output());
  return Number(pid);
}

function lives(pid: number): boolean {
  try {
    // A zombie that its new parent has not collected yet does nothing any more.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** The process group: the third field behind the name in brackets (proc(5)). */
function groupOf(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[2];
}

async function untilGone(pids: readonly number[], signal: AbortSignal): Promise<void> {
  while (pids.some(lives)) await systemClock.sleep(10, signal);
}

suite("supervisor", (test) => {
  test("starts a stage only when every zone of the one before is ready", async ({ signal, defer }) => {
    const child = start(defer, "core:slow", "field:well,cloud:well");
    await child.line(/all zones run/, signal);
    const firstField = standings(child).find((zones) => zones["field"]?.pid !== undefined);
    assert.is(firstField?.["core"]?.state, "running");
  });

  test("a zone that cannot be started says why, holds up no other, and is started when it can be", async ({ signal, defer }) => {
    const dir = makeTempDir(defer);
    const child = startIn(dir, defer, "core:well", "=field-b:well:namespace,field-c:well");
    await child.line(/all zones run/, signal);
    const { "field-b": blocked, "field-c": other } = standings(child).at(-1) ?? {};
    assert.equal([blocked, other?.state], [{ state: "blocked", restarts: 0, words: "field-b: there is no namespace" }, "running"]);
    writeFileSync(join(dir, "namespace"), "");
    await child.line(/"field-b":\{"state":"running","restarts":0,"pid":\d+\}/, signal);
    child.kill("SIGTERM");
    assert.equal(await child.exited, { code: 0, signal: null });
  });

  test("one that waits for what it needs ends with the rest", async ({ signal, defer }) => {
    const child = start(defer, "core:well", "=field-b:well:namespace");
    await child.line(/all zones run/, signal);
    child.kill("SIGTERM");
    assert.equal(await child.exited, { code: 0, signal: null });
    assert.is(standings(child).at(-1)?.["field-b"]?.state, "stopped");
  });

  test("stops in reverse, letting each finish, and exits 0", async ({ signal, defer }) => {
    const child = start(defer, "core:well", "field:well,cloud:well");
    await child.line(/all zones run/, signal);
    const pids = ["core", "field", "cloud"].map((name) => pidOf(child, name));
    child.kill("SIGTERM");
    assert.equal(await child.exited, { code: 0, signal: null });
    const ends = [...child.output().matchAll(/"scope":"(\w+)","name":"\w+","msg":"has ended"/g)].map((match) => match[1]);
    assert.is(ends.length, 3, child.output());
    assert.is(ends[2], "core");
    assert.not(pids.some(lives));
  });

  test("is gone within 5 s although zones hang and spin", async ({ signal, defer }) => {
    const tookMs: number[] = [];
    // It uses 4.5 s of them; other tests may take the processor from one or two attempts.
    while (tookMs.length < 3 && !tookMs.some((ms) => ms < 5000)) {
      const child = start(defer, "core:hangs", "field:hangs,cloud:spins");
      await child.line(/all zones run/, signal);
      const pids = ["core", "field", "cloud"].map((name) => pidOf(child, name));
      const startedMs = systemClock.uptimeMs();
      child.kill("SIGTERM");
      assert.is((await child.exited).code, 0);
      tookMs.push(systemClock.uptimeMs() - startedMs);
      assert.not(pids.some(lives));
    }
    assert.ok(Math.min(...tookMs) < 5000, `took ${tookMs.join(", ")} ms`);
  });

  test("has a killed zone back and leaves the others alone", async ({ signal, defer }) => {
    const child = start(defer, "core:well", "field:well");
    await child.line(/all zones run/, signal);
    const [core, field] = [pidOf(child, "core"), pidOf(child, "field")];
    process.kill(core, "SIGKILL");
    await child.line(/"core":\{"state":"running","restarts":1/, signal);
    assert.not(pidOf(child, "core") === core);
    assert.is(pidOf(child, "field"), field);
  });

  test("has a zone back within 2 s however often it is killed in a row", async ({ signal, defer }) => {
    const child = start(defer, "core:well");
    await child.line(/all zones run/, signal);
    const tookMs: number[] = [];
    for (let kills = 1; kills <= 10; kills += 1) {
      const startedMs = systemClock.uptimeMs();
      process.kill(pidOf(child, "core"), "SIGKILL");
      await child.line(new RegExp(`"core":\\{"state":"running","restarts":${kills}\\b`), signal);
      tookMs.push(systemClock.uptimeMs() - startedMs - processorWaitMs(pidOf(child, "core")));
    }
    // Other tests take the processor from the supervisor too: the pauses are its own part.
    const delays = [...child.output().matchAll(/"delayMs":(\d+)/g)].map((match) => Number(match[1]));
    assert.is(delays.length, 10);
    assert.ok(Math.max(...delays) < 1000, `pauses of ${delays.join(", ")} ms`);
    assert.ok(Math.min(...tookMs) < 2000, `took ${tookMs.join(", ")} ms`);
  });

  test("starts a zone anew whose event loop stands still, and leaves one alone that only waits", async ({ signal, defer }) => {
    const child = start(defer, "core:well", "field:spins");
    await child.line(/all zones run/, signal);
    await child.line(/stands still[^]*"field":\{"state":"running","restarts":1/, signal);
    assert.is(standings(child).at(-1)?.["core"]?.restarts, 0);
  }, { limitMs: 60_000 });

  test("keeps trying a zone that crashes, more slowly each time, and says so", async ({ signal, defer }) => {
    const child = start(defer, "core:crashes");
    await child.line(/"restarts":3/, signal);
    const delays = [...child.output().matchAll(/"delayMs":(\d+)/g)].map((match) => Number(match[1]));
    assert.ok(Number(delays[2]) > Number(delays[0]), String(delays));
    child.kill("SIGTERM");
    assert.is((await child.exited).code, 0);
  });

  test("starts a zone anew whose promise was rejected unseen, and calls it a defect", async ({ signal, defer }) => {
    const child = start(defer, "core:rejects-unseen");
    await child.line(/"code":"DEFECT"[^]*"restarts":1/, signal);
    assert.match(child.output(), /nobody catches this/);
  });

  test("gives up with the zone's own words when its configuration cannot run", async ({ defer }) => {
    const child = start(defer, "core:misconfigured", "field:well");
    assert.is((await child.exited).code, 3);
    assert.match(child.output(), /^weir: weir.yaml:3:5: the machine has no address\. Give it one\.$/m);
    assert.match(child.output(), /^refused: CONFIG_INVALID$/m);
  });

  test("can be stopped while a zone is not ready yet", async ({ signal, defer }) => {
    const child = start(defer, "core:never-ready", "field:well");
    await child.line(/"scope":"core"[^\n]*works/, signal);
    child.kill("SIGTERM");
    assert.is((await child.exited).code, 0);
    assert.not.match(child.output(), /"field":\{"state":"starting"/);
  });

  test("killed itself, it leaves no zone behind", async ({ signal, defer }) => {
    const child = start(defer, "core:well", "field:hangs");
    await child.line(/all zones run/, signal);
    const pids = [pidOf(child, "core"), pidOf(child, "field")];
    child.kill("SIGKILL");
    await untilGone(pids, signal);
  });

  test("killed itself, it leaves not even a zone that spins", async ({ signal, defer }) => {
    const child = start(defer, "core:spins");
    await child.line(/all zones run/, signal);
    const pid = pidOf(child, "core");
    child.kill("SIGKILL");
    await untilGone([pid], signal);
  }, { needs: ["setpriv"] });

  test("lets no zone write a core dump", async ({ signal, defer }) => {
    const asManyAsAllowed = 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"';
    const child = startChild(defer, "sh", ["-c", asManyAsAllowed, "sh", process.execPath, supervisor, makeTempDir(defer), "core:well"]);
    await child.line(/all zones run/, signal);
    assert.match(readFileSync(`/proc/${pidOf(child, "core")}/limits`, "utf8"), /^Max core file size\s+0\s+0\s/m);
  });

  test("keeps signals to its process group from the zones, and a stray Ctrl-C does nothing to them", async ({ signal, defer }) => {
    const child = start(defer, "core:well", "field:well");
    await child.line(/all zones run/, signal);
    for (const name of ["core", "field"]) {
      assert.not(groupOf(pidOf(child, name)) === groupOf(child.pid));
      process.kill(pidOf(child, name), "SIGINT");
    }
    child.kill("SIGINT");
    assert.is((await child.exited).code, 0);
    assert.match(child.output(), /"scope":"field"[^\n]*has ended[^]*"scope":"core"[^\n]*has ended/);
  });
});
