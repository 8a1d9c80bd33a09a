// Shows that whoever floods the page keeps neither people nor readings waiting.
// limit: 420s

import { fileURLToPath } from "node:url";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { makeBrowser, type Browser } from "../firmware/admin/people.ts";
import { startChild, type Child } from "../support/child.ts";
import { askPage, startGatewayWithPage, type PageUnderTest } from "../support/page.ts";
import { startCloudSide, startMachines, type SimulatedMachines } from "../support/site.ts";
import { assert, suite } from "../support/suite.ts";
import type { TestContext } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

const MACHINES = { count: 5, rate: 20 };
const ATTACK_MS = 10_000;
const ASK_EVERY_MS = 100;
const ATTACKER = fileURLToPath(import.meta.resolve("./page-attacker.ts"));

interface Measured {
  /** Milliseconds from nothing (no connection yet) to the whole answer. */
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  readonly asked: number;
  /** Of what the machines made meanwhile. */
  readonly acknowledgedShare: number;
  /** Most readings that waited for their acknowledgement, in seconds of all machines together. */
  readonly waitedSeconds: number;
}

interface Scene {
  readonly user: Browser;
  readonly machines: SimulatedMachines;
}

async function measure({ user, machines }: Scene, signal: AbortSignal): Promise<Measured> {
  const times: number[] = [];
  let pending = 0;
  const before = machines.figures();
  const startedMs = systemClock.uptimeMs();
  while (systemClock.uptimeMs() - startedMs < ATTACK_MS) {
    const sentMs = systemClock.uptimeMs();
    const answer = await user.ask("GET", "/api/v1/status");
    assert.is(answer.status, 200, answer.text.slice(0, 500));
    times.push(systemClock.uptimeMs() - sentMs);
    pending = Math.max(pending, machines.figures().pending);
    await systemClock.sleep(ASK_EVERY_MS, signal);
  }
  const after = machines.figures();
  times.sort((one, other) => one - other);
  const at = (share: number): number => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  return {
    p50: at(0.5),
    p95: at(0.95),
    max: at(1),
    asked: times.length,
    acknowledgedShare: (after.acknowledged - before.acknowledged) / Math.max(1, after.made - before.made),
    waitedSeconds: pending / (MACHINES.count * MACHINES.rate),
  };
}

/** The newest line of what it saw. */
function seenBy(attacker: Child): unknown {
  const lines = attacker.output().trim().split("\n");
  return JSON.parse(lines.at(-1) ?? "{}") as unknown;
}

/** For docs/performance.md. */
function show(name: string, figures: object): void {
  if (process.env["WEIR_SHOW_FIGURES"] !== undefined) process.stderr.write(`${name}: ${JSON.stringify(figures)}\n`);
}

async function startScene(context: TestContext): Promise<Scene & { readonly page: PageUnderTest }> {
  const { signal } = context;
  const folder = makeTempDir(context.defer);
  const [cloud, machines] = await Promise.all([startCloudSide(context, folder), startMachines(context, folder, { ...MACHINES, more: ["--publish", "broker"] })]);
  const { gateway, page } = await startGatewayWithPage(context, { cloud: cloud.section, assets: machines.assets, accounts: { secondFactor: [] } }, { folder });
  await gateway.untilReading(MACHINES.count);
  const { port, ca, local } = page;
  const user = makeBrowser({ ask: (path, request) => askPage({ port, ca, path, ...request, headers: { host: `127.0.0.1:${port}`, ...request?.headers } }, signal) }, "anna", "correct-horse-7-battery");
  const { oneTimePassword } = await local.call("firstPassword", {}, signal);
  assert.is((await user.ask("POST", "/api/v1/claim", { oneTimePassword, name: "anna", password: user.password })).status, 200);
  return { user, machines, page };
}

suite("page, attacked", (test) => {
  test("CR 7.1 U6.1c 500 connections, slow senders, 200 logins a second and uploads of 1 GB by strangers: a person has an answer in under a second, and no reading waits longer", async (context) => {
    const { defer, signal } = context;
    const scene = await startScene(context);
    await measure(scene, signal);
    const quiet = await measure(scene, signal);
    show("quiet", quiet);
    for (const kind of ["connections", "slowloris", "logins", "upload"]) {
      const attacker = startChild(defer, process.execPath, [ATTACKER, kind, String(scene.page.port)]);
      await attacker.line(/"opened":[1-9]/, signal);
      const attacked = await measure(scene, signal);
      if (kind === "logins") {
        const sentMs = systemClock.uptimeMs();
        const answer = await scene.user.ask("POST", "/api/v1/session", { user: "anna", password: scene.user.password });
        assert.is(answer.status, 200, answer.text);
        const loginMs = systemClock.uptimeMs() - sentMs;
        show("login meanwhile", { loginMs });
        assert.ok(loginMs < 1000, `a login took ${loginMs} ms`);
      }
      show(kind, { ...attacked, attacker: seenBy(attacker) });
      attacker.kill("SIGKILL");
      await attacker.exited;
      const words = `${kind}: ${JSON.stringify({ quiet, attacked, attacker: seenBy(attacker) })}`;
      assert.ok(attacked.p95 < 1000, words);
      assert.ok(attacked.acknowledgedShare > 0.95, words);
      assert.ok(attacked.waitedSeconds < 1, words);
    }
  });
}, { needs: ["mosquitto"], limitMs: 400_000 });
