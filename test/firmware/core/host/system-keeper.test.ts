// limit: 400s
// Shows core and the real zone host together: what is configured is what the kernel has, and a change that cuts somebody off returns.

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import Database from "better-sqlite3";

import type { NetworkReport } from "../../../../firmware/conduit/network.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import type { Child } from "../../../support/child.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { ask, makeNamespace, makeSystem, startHost } from "../../host/running-host.ts";
import { accept, machine, report, until } from "../acceptance/found.ts";
import { assetOf, readStatus, standing, startCore, type RunningCore } from "../running-core.ts";

const options = { needs: ["root", "netns", "nft"], limitMs: 90_000 };
/** Nothing returns by itself in a test that does not wait for it. */
const LONG_MS = 600_000;
/** Long enough for a loaded machine to see a change on trial. */
const TRIAL_MS = 10_000;

const SEGMENTS = "segments:\n  - { name: cell, subnets: [10.1.0.0/24] }\n";
const network = (clients: string, address = "10.2.0.1/24"): string =>
  `network:\n  field: [{ segment: cell, interface: eth0, addresses: [10.1.0.1/24] }]\n  admin: { interface: eth1, automatic: false, addresses: [${address}], clients: [${clients}] }\n`;
const MACHINE = 'assets:\n  - { name: press, segment: cell, miko: { url: "http://10.1.0.7:8080" } }\n';
const GOOD = SEGMENTS + network("10.2.0.0/24");
const WRONG = SEGMENTS + network("10.9.0.0/24", "10.9.0.1/24");
const OTHER = SEGMENTS + network("10.8.0.0/24", "10.8.0.1/24");

type State = NetworkReport["network"]["state"];

/** An appliance: its host, its core, its kernel's rules and its network files. */
class Appliance {
  readonly dir: string;
  readonly #defer: Defer;
  readonly #signal: AbortSignal;
  readonly #namespace: string;
  readonly #trialMs: number;
  #host: Child | undefined;
  #core: RunningCore | undefined;

  constructor(defer: Defer, signal: AbortSignal, trialMs: number) {
    this.dir = makeSystem(defer);
    this.#defer = defer;
    this.#signal = signal;
    this.#namespace = makeNamespace(defer);
    this.#trialMs = trialMs;
  }

  get core(): RunningCore {
    if (this.#core === undefined) throw new Error("core does not run");
    return this.#core;
  }

  async startHost(): Promise<void> {
    this.#host = await startHost(this.#defer, this.#signal, this.dir, this.#namespace, this.#trialMs);
  }

  async startCore(configuration?: string): Promise<void> {
    this.#core = await startCore(this.#defer, configuration, { dataDir: join(this.dir, "data") });
  }

  async killHost(): Promise<void> {
    this.#host?.kill("SIGKILL");
    await this.#host?.exited;
  }

  /** The power was off: what lay in /run is gone, the rules and the network's files too. */
  async cutPower(): Promise<void> {
    await this.core.stop();
    await this.killHost();
    for (const name of readdirSync(join(this.dir, "data"))) if (/^(firewall|network)\.|^limits$|^run$/.test(name)) rmSync(join(this.dir, "data", name), { recursive: true });
    for (const name of ["network", "generator"]) rmSync(join(this.dir, name), { recursive: true, force: true });
    execFileSync("ip", ["netns", "exec", this.#namespace, "nft", "flush", "ruleset"]);
  }

  async configure(text: string): Promise<void> {
    writeFileSync(this.core.configFile, text);
    await this.core.local.call("reload", {}, this.#signal);
  }

  /** Rules without counters, and the network's files. */
  installed(): string {
    const rules = execFileSync("ip", ["netns", "exec", this.#namespace, "nft", "-s", "list", "ruleset"], { encoding: "utf8" });
    const folder = join(this.dir, "network");
    return [rules, ...readdirSync(folder).sort().map((name) => readFileSync(join(folder, name), "utf8"))].join("\n");
  }

  async until(wantedNetwork: State, wantedFirewall: State): Promise<NetworkReport> {
    for (;;) {
      const report = await this.core.local.call("network", {}, this.#signal);
      if (report.network.state === wantedNetwork && report.firewall.state === wantedFirewall) return report;
      await systemClock.sleep(50, this.#signal);
    }
  }

  /** Actor, action and result of what concerns host, the oldest first. */
  audit(): readonly string[] {
    const database = new Database(join(this.dir, "data/audit.db"), { readonly: true });
    try {
      const rows = database.prepare<[], { actor: string; action: string; target: string; result: string }>("SELECT actor, action, target, result FROM entries ORDER BY number").all();
      return rows.filter(({ action }) => /^(firewall|network|change|host-calls)\./.test(action)).map(({ actor, action, result }) => `${actor} ${action} ${result}`);
    } finally {
      database.close();
    }
  }
}

async function makeAppliance(defer: Defer, signal: AbortSignal, configuration: string, trialMs = LONG_MS): Promise<Appliance> {
  const appliance = new Appliance(defer, signal, trialMs);
  await appliance.startHost();
  await appliance.startCore(configuration);
  return appliance;
}

suite("system keeper", (test) => {
  test("CR 7.6 a new appliance gets what is configured without a person, and audited", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD);
    await appliance.until("in force", "in force");
    assert.match(appliance.installed(), /10\.2\.0\.0\/24/);
    assert.match(appliance.installed(), /Address=10\.1\.0\.1\/24/);
    assert.equal(await standing(appliance.core, signal), []);
    assert.equal(appliance.audit(), ["core network.changed done", "core change.confirmed done", "core firewall.changed done", "core change.confirmed done"]);
  }, options);

  test("the first real configuration after an empty one cuts nobody off and needs no witness", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, "gateway: { name: new }\n");
    await appliance.until("in force", "in force");
    await appliance.configure(GOOD);
    await appliance.until("in force", "in force");
    assert.match(appliance.installed(), /10\.2\.0\.0\/24/);
  }, options);

  test("a wrong change cuts the administrator off and is gone after its time, and what differs is told", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD, TRIAL_MS);
    await appliance.until("in force", "in force");
    const before = appliance.installed();
    await appliance.configure(WRONG);
    const { firewall, network: wire } = await appliance.until("on trial", "on trial");
    assert.not(appliance.installed().includes("10.2.0.0/24"));
    assert.ok(firewall.lines.some((line) => line.startsWith("+ admin-page") && line.includes("10.9.0.0/24")), firewall.lines.join("\n"));
    assert.equal(wire.lines, ["+ eth1: 10.9.0.1/24", "- eth1: 10.2.0.1/24"]);
    await appliance.until("returned", "returned");
    assert.is(appliance.installed(), before);
    assert.equal(await standing(appliance.core, signal), ["NETWORK_CHANGE_RETURNED network", "NETWORK_CHANGE_RETURNED firewall"]);
    assert.equal(appliance.audit().slice(-2), ["host change.returned done", "host change.returned done"]);
    await assert.rejects(appliance.core.local.call("confirmNetwork", {}, signal), /on trial/);
    await appliance.configure(GOOD);
    await appliance.until("in force", "in force");
    assert.equal(await standing(appliance.core, signal), []);
  }, options);

  test("K2.2.3b a found machine that is accepted is reachable at once, without a trial, and no more when it is refused", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD);
    await appliance.until("in force", "in force");
    const { core } = appliance;
    await report(core, signal, [machine("1", 7, { address: "10.1.0.7", url: "http://10.1.0.7:8080" })]);
    await accept(core, assetOf("1"), signal);
    const isOpen = (): boolean => appliance.installed().includes("10.1.0.7 . 8080");
    await until(() => Promise.resolve(isOpen()), signal);
    await appliance.until("in force", "in force");
    assert.equal(await standing(core, signal), []);
    await core.local.call("refuseAsset", { key: "1" }, signal);
    await until(() => Promise.resolve(!isOpen()), signal);
    await appliance.until("in force", "in force");
  }, options);

  test("a change that a person confirms stays, also when the power was off", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD);
    await appliance.until("in force", "in force");
    await appliance.configure(OTHER);
    const report = await appliance.until("on trial", "on trial");
    assert.equal(await standing(appliance.core, signal), ["NETWORK_ON_TRIAL network", "NETWORK_ON_TRIAL firewall"]);
    await assert.rejects(appliance.core.local.call("confirmNetwork", { changes: ["another"] }, signal), /on trial/);
    await appliance.core.local.call("confirmNetwork", { changes: [report.network.change ?? "", report.firewall.change ?? ""] }, signal);
    await appliance.until("in force", "in force");
    assert.equal(appliance.audit().slice(-2), ["local change.confirmed done", "local change.confirmed done"]);
    const confirmed = appliance.installed();
    await appliance.cutPower();
    await appliance.startHost();
    await appliance.startCore();
    await appliance.until("in force", "in force");
    assert.is(appliance.installed(), confirmed);
    assert.equal(await standing(appliance.core, signal), []);
  }, options);

  test("the power goes off during a trial: what was confirmed before is back, and the change is not", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD);
    await appliance.until("in force", "in force");
    const before = appliance.installed();
    await appliance.configure(WRONG);
    await appliance.until("on trial", "on trial");
    await appliance.cutPower();
    await appliance.startHost();
    await appliance.startCore();
    await appliance.until("returned", "returned");
    assert.is(appliance.installed(), before);
    await appliance.core.local.call("tryNetwork", {}, signal);
    await appliance.until("on trial", "on trial");
    await appliance.core.local.call("confirmNetwork", {}, signal);
    await appliance.until("in force", "in force");
  }, options);

  test("host is killed during a trial: what was confirmed is back with it", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD);
    await appliance.until("in force", "in force");
    const before = appliance.installed();
    await appliance.configure(WRONG);
    await appliance.until("on trial", "on trial");
    await appliance.killHost();
    await appliance.startHost();
    await appliance.until("returned", "returned");
    assert.is(appliance.installed(), before);
  }, options);

  test("core ends during a trial: the next one shows it, and it can be confirmed", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD);
    await appliance.until("in force", "in force");
    await appliance.configure(OTHER);
    await appliance.until("on trial", "on trial");
    await appliance.core.stop();
    await appliance.startCore();
    await appliance.until("on trial", "on trial");
    await appliance.core.local.call("confirmNetwork", {}, signal);
    await appliance.until("in force", "in force");
    assert.match(appliance.installed(), /10\.8\.0\.0\/24/);
  }, options);

  test("a change that is taken back during its trial is gone at once", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD);
    await appliance.until("in force", "in force");
    const before = appliance.installed();
    await appliance.configure(WRONG);
    await appliance.until("on trial", "on trial");
    await appliance.configure(GOOD);
    await appliance.until("in force", "in force");
    assert.is(appliance.installed(), before);
    assert.equal(await standing(appliance.core, signal), []);
  }, options);

  test("of two quick changes the second is on trial, and the first is not what returns", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD, TRIAL_MS);
    await appliance.until("in force", "in force");
    const before = appliance.installed();
    await appliance.configure(OTHER);
    await appliance.configure(WRONG);
    await appliance.until("on trial", "on trial");
    assert.match(appliance.installed(), /10\.9\.0\.0\/24/);
    await appliance.until("returned", "returned");
    assert.is(appliance.installed(), before);
  }, options);

  test("another machine changes no way of a person and is reached at once", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD);
    await appliance.until("in force", "in force");
    await appliance.configure(GOOD + MACHINE);
    await appliance.until("in force", "in force");
    assert.match(appliance.installed(), /10\.1\.0\.7/);
    assert.not((await standing(appliance.core, signal)).some((line) => line.startsWith("NETWORK")));
  }, options);

  test("what host refuses is a condition with its words, and what was in force still is", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD);
    await appliance.until("in force", "in force");
    const before = appliance.installed();
    // The configuration's own check lets it pass: an address with a scope is an address.
    await appliance.configure(GOOD.replace("automatic: false,", 'automatic: false, gateways: ["fe80::1%eth1"],'));
    await appliance.until("refused", "in force");
    assert.is(appliance.installed(), before);
    const [condition] = (await readStatus(appliance.core, signal)).conditions;
    assert.equal([condition?.code, condition?.subject, condition?.severity], ["FIREWALL_NOT_APPLIED", "network", "error"]);
    assert.match(condition?.cause ?? "", /must match/);
    assert.is(appliance.audit().at(-1), "core network.changed refused");
  }, options);

  test("what somebody else asked of host and was refused stands in the audit log", async ({ signal, defer }) => {
    const appliance = await makeAppliance(defer, signal, GOOD);
    await appliance.until("in force", "in force");
    await ask(appliance.dir, "POST", "/v1/time", JSON.stringify({ time: "2031-01-01T00:00:00Z; reboot" }));
    while (appliance.audit().at(-1) !== "unknown host-calls.refused refused") await systemClock.sleep(50, signal);
  }, options);

  test("without a zone host nothing happens and nothing is wrong", async ({ signal, defer }) => {
    const core = await startCore(defer, GOOD);
    assert.equal((await core.local.call("network", {}, signal)).hasHost, false);
    assert.equal(await standing(core, signal), []);
  });
});
