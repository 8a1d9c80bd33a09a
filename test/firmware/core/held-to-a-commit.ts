// A core in a process of its own with 2,000 machines, the load that its event loop is measured under, and the bound it is held to.

import { randomUUID } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cloudConduit } from "../../../firmware/conduit/cloud.ts";
import { localConduit } from "../../../firmware/conduit/local.ts";
import { READINGS_PER_REQUEST, sourceConduit } from "../../../firmware/conduit/source.ts";
import { openConduit } from "../../../firmware/runtime/conduit-client.ts";
import type { ConduitClient } from "../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { startChild } from "../../support/child.ts";
import { assert } from "../../support/suite.ts";
import type { Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import type { Held } from "./measured-core.ts";
import { assetOf, CLOUD_SECTION, identify, sampleOf } from "./running-core.ts";

export const MACHINES = 2000;
const SECRETS = 50;
/** What group commit allows one commit (LONG_MS there): one that takes longer is followed by a smaller one. On a busy machine the same piece costs up to twice the processor time that it costs on an idle one. */
const LEAST_BOUND_MS = 20;
/** Two pieces of work. */
const BESIDE_COMMIT_MS = 4;
/** With the pauses of the garbage collector, which nobody chooses: marking the whole heap of 4,000 machines took 14 ms. */
const MOST_WITH_PAUSES_MS = 50;
const ATTEMPTS = 3;
const FULL_ROUNDS = 25;
const FULL_READINGS = 500;
const SEGMENT = "segments: [{name: cell, subnets: [10.0.0.0/8]}]\nnetwork: {field: [{segment: cell, interface: eth1, probePort: 49000}], cloud: {interface: eth0, automatic: true}}\n";
const POINTS = Array.from({ length: 20 }, (_, index) => ({ id: `p${index}`, name: `Point ${index}`, dataType: "number", access: "read" }) as const);

/** Those of the product (firmware/cli/gateway.ts), else another garbage collector is measured. */
const FLAGS = ["--max-semi-space-size=4", ...(process.env["WEIR_FLAGS"]?.split(" ") ?? [])];

export interface Wanted {
  readonly area: string;
  /** How many machines; all unless said. */
  readonly machines?: number;
  /** The first of the machines. */
  readonly first?: number;
  readonly secret?: string;
}

export interface Measured {
  readonly dataDir: string;
  readonly source: ConduitClient<typeof sourceConduit>;
  readonly local: ConduitClient<typeof localConduit>;
  readonly cloud: ConduitClient<typeof cloudConduit>;
  configure(wanted: Wanted): void;
  /** Since it was last asked; `what` was done meanwhile. */
  held(what: string, signal: AbortSignal): Promise<Held>;
}

export async function startMeasured(defer: Defer, signal: AbortSignal, prepare: (dataDir: string) => void = () => undefined): Promise<Measured> {
  const dataDir = makeTempDir(defer);
  prepare(dataDir);
  const configFile = join(dataDir, "weir.yaml");
  const configure = (wanted: Wanted): void => {
    writeFileSync(`${configFile}.new`, writeMachines(wanted));
    renameSync(`${configFile}.new`, configFile);
  };
  configure({ area: "one" });
  const child = startChild(defer, process.execPath, [...FLAGS, fileURLToPath(import.meta.resolve("./measured-core.ts")), dataDir, configFile]);
  await child.line(/^ready$/m, signal);
  const epoch = randomUUID();
  const open = <C extends Parameters<typeof openConduit>[0]>(contract: C, name: string): ConduitClient<C> => {
    const client = openConduit(contract, { socket: conduitSocket(dataDir, name), clock: systemClock, epoch, log: silentLog });
    defer(() => client.close());
    return client;
  };
  let asked = 0;
  const held = async (what: string, stop: AbortSignal): Promise<Held> => {
    asked += 1;
    child.write(`${what}\n`);
    const [, line = ""] = await child.line(new RegExp(`^ready\\n(?:\\{.*\\}\\n){${asked - 1}}(\\{.*\\})$`, "m"), stop);
    return JSON.parse(line) as Held;
  };
  return { dataDir, source: open(sourceConduit, "source-field"), local: open(localConduit, "local"), cloud: open(cloudConduit, "cloud"), configure, held };
}

function writeMachines({ area, machines = MACHINES, first = 0, secret = "s" }: Wanted): string {
  const machine = (index: number): string =>
    `  - {name: press-${index}, equipment: {workUnit: U${index}}, miko: {url: "https://10.0.${(index >> 8) % 256}.${index % 256}/", tls: {pin: ${"ab".repeat(32)}}, credentials: {user: weir, password: {secret: ${secret}-${index % SECRETS}}}}}\n`;
  return `${SEGMENT}${CLOUD_SECTION}equipment: {area: ${area}}\nassets: ${machines === 0 ? "[]" : ""}\n${Array.from({ length: machines }, (_, index) => machine(first + index)).join("")}`;
}

/** All machines known, each with secrets and points. */
export async function identifyAll({ local, source }: Measured, signal: AbortSignal): Promise<void> {
  for (let index = 0; index < SECRETS; index += 1) await local.call("setSecret", { name: `s-${index}`, text: "a password" }, signal);
  const left = Array.from({ length: MACHINES }, (_, index) => index).values();
  const work = async (): Promise<void> => {
    for (const index of left) {
      await identify({ source }, `press-${index}`, String(index), signal, POINTS);
      await source.call("link", { assignment: `press-${index}`, state: "connected" }, signal);
    }
  };
  await Promise.all([work(), work(), work(), work()]);
}

/** Posts of all sizes up to the largest, from two clients at a time, until `isOver`. Resolves with how many readings were accepted. */
async function load({ source }: Measured, isOver: () => boolean, signal: AbortSignal): Promise<number> {
  let accepted = 0;
  let size = 1;
  const post = async (): Promise<void> => {
    while (!isOver()) {
      size = size >= READINGS_PER_REQUEST ? 1 : size * 2;
      const readings = Array.from({ length: size }, (_, index) => sampleOf(assetOf(String(MACHINES / 2 + ((accepted + index) % (MACHINES / 2)))), `p${index % POINTS.length}`));
      accepted += (await source.call("readings", { readings }, signal)).accepted;
      await systemClock.sleep(5, signal);
    }
  };
  await Promise.all([post(), post()]);
  return accepted;
}

/** Four posters at a time, 500 readings each: as many rows as a commit ever takes. */
export async function fill({ source }: Measured, signal: AbortSignal): Promise<void> {
  const post = async (client: number): Promise<void> => {
    for (let round = 0; round < FULL_ROUNDS; round += 1) {
      const readings = Array.from({ length: FULL_READINGS }, (_, index) => sampleOf(assetOf(String(MACHINES / 2 + ((client * 250 + index) % (MACHINES / 2)))), `p${index % POINTS.length}`));
      await source.call("readings", { readings }, signal);
    }
  };
  await Promise.all([0, 1, 2, 3].map(post));
}

/**
 * The bound: the longest commit at full load, in this run and on this machine. First all is done once, so that it is compiled. Readings themselves, whatever
 * their number, are held to it too.
 */
export async function findBound(core: Measured, signal: AbortSignal): Promise<number> {
  let round = 0;
  await load(core, () => (round += 1) > 100, signal);
  await fill(core, signal);
  await core.held("the first readings", signal);
  await fill(core, signal);
  const full = await core.held("full load", signal);
  show("full load", full);
  round = 0;
  await load(core, () => (round += 1) > 200, signal);
  const usual = await core.held("readings alone", signal);
  show("readings alone", usual);
  const bound = Math.max(LEAST_BOUND_MS, full.commitWorkMs);
  // The turn of the longest commit itself has what the beats around it cost, and the bodies that came meanwhile.
  demandShort("at full load", full, bound + BESIDE_COMMIT_MS);
  demandShort("with readings alone", usual, bound);
  return bound;
}

function isShort({ longestOwnMs, longestWorkMs }: Held, bound: number): boolean {
  return longestOwnMs <= bound && longestWorkMs <= Math.max(bound, MOST_WITH_PAUSES_MS);
}

function demandShort(name: string, held: Held, bound: number): void {
  assert.ok(isShort(held, bound), `${name}: ${JSON.stringify(held)}, bound ${bound}, with the garbage collector ${MOST_WITH_PAUSES_MS}`);
}

/**
 * Does `work` while readings come, and says for how long the loop was held. What was held for too long may do it again, as often as said: what other programs
 * take from a processor comes and goes, a piece of work that is too long stays. `work` does something comparable each time.
 */
export async function holdDuring(name: string, core: Measured, bound: number, work: (attempt: number) => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    let isOver = false;
    const loading = load(core, () => isOver, signal);
    // Where the test has failed already, this is not what to tell.
    loading.catch(() => undefined);
    await work(attempt);
    isOver = true;
    assert.ok((await loading) > 0);
    const held = await core.held(name, signal);
    show(name, held);
    assert.is(held.syncs, 0, name);
    if (attempt < ATTEMPTS - 1 && !isShort(held, bound)) continue;
    demandShort(name, held, bound);
    return;
  }
}

/** For docs/performance.md. */
function show(name: string, held: Held): void {
  if (process.env["WEIR_SHOW_FIGURES"] !== undefined) process.stderr.write(`${name}: ${Object.entries(held).map(([key, value]) => `${key} ${Math.round(value * 10) / 10}`).join(", ")}\n`);
}
