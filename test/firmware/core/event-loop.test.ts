// Shows that core's event loop is never held for much longer than a commit takes, whatever 2,000 machines and their configuration ask of it.
// limit: 900s

import { randomUUID } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { cloudConduit } from "../../../firmware/conduit/cloud.ts";
import { localConduit } from "../../../firmware/conduit/local.ts";
import { POINT_PAGES, POINTS_PER_PAGE, READINGS_PER_REQUEST, sourceConduit, type PresentReport } from "../../../firmware/conduit/source.ts";
import { prepareStateSchema } from "../../../firmware/core/inventory/state-schema.ts";
import { openConduit } from "../../../firmware/runtime/conduit-client.ts";
import type { ConduitClient } from "../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { startChild } from "../../support/child.ts";
import { assert, suite } from "../../support/suite.ts";
import type { Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import type { Held } from "./measured-core.ts";
import { assetOf, identify, nameplateOf, sampleOf } from "./running-core.ts";

const MACHINES = 2000;
const SECRETS = 50;
/** What a commit of readings takes on a fast machine is no measure: the garbage collector alone takes up to half of this. */
const LEAST_BOUND_MS = 50;
const COMMITS = 4;
const DETECTIONS = 10_000;
const SEGMENT = "segments: [{name: cell, subnets: [10.0.0.0/8]}]\nnetwork: {field: [{segment: cell, interface: eth1, probePort: 49000}]}\n";
/** Of a request `found`, as the contract has it. */
const REPORTS = 32;
const PAGE = 100;
const POINTS = Array.from({ length: 20 }, (_, index) => ({ id: `p${index}`, name: `Point ${index}`, dataType: "number", access: "read" }) as const);

/** As many as an asset may have, with names as machines have them. */
const MANY_POINTS = Array.from({ length: POINTS_PER_PAGE * POINT_PAGES }, (_, index) => ({ id: `ns=2;s=Line.Unit${index}.Value`, name: `Unit ${index}: measured value`, unit: "mm", dataType: "number", access: "read" }) as const);
const BIG = "7";

interface Wanted {
  readonly area: string;
  /** The first of the machines. */
  readonly first?: number;
  readonly secret?: string;
}

interface Measured {
  readonly source: ConduitClient<typeof sourceConduit>;
  readonly local: ConduitClient<typeof localConduit>;
  readonly cloud: ConduitClient<typeof cloudConduit>;
  configure(wanted: Wanted): void;
  /** Since it was last asked. */
  held(signal: AbortSignal): Promise<Held>;
}

async function startMeasured(defer: Defer, signal: AbortSignal, prepare: (dataDir: string) => void = () => undefined): Promise<Measured> {
  const dataDir = makeTempDir(defer);
  prepare(dataDir);
  const configFile = join(dataDir, "weir.yaml");
  const configure = (wanted: Wanted): void => {
    writeFileSync(`${configFile}.new`, writeMachines(wanted));
    renameSync(`${configFile}.new`, configFile);
  };
  configure({ area: "one" });
  const child = startChild(defer, process.execPath, [fileURLToPath(import.meta.resolve("./measured-core.ts")), dataDir, configFile]);
  await child.line(/^ready$/m, signal);
  const epoch = randomUUID();
  const open = <C extends Parameters<typeof openConduit>[0]>(contract: C, name: string): ConduitClient<C> => {
    const client = openConduit(contract, { socket: conduitSocket(dataDir, name), clock: systemClock, epoch, log: silentLog });
    defer(() => client.close());
    return client;
  };
  let asked = 0;
  const held = async (stop: AbortSignal): Promise<Held> => {
    asked += 1;
    child.write("held\n");
    const [, line = ""] = await child.line(new RegExp(`^ready\\n(?:\\{.*\\}\\n){${asked - 1}}(\\{.*\\})$`, "m"), stop);
    return JSON.parse(line) as Held;
  };
  return { source: open(sourceConduit, "source-field"), local: open(localConduit, "local"), cloud: open(cloudConduit, "cloud"), configure, held };
}

function writeMachines({ area, first = 0, secret = "s" }: Wanted): string {
  const machine = (index: number): string =>
    `  - {name: press-${index}, equipment: {workUnit: U${index}}, miko: {url: "https://10.0.${(index >> 8) % 256}.${index % 256}/", tls: {pin: ${"ab".repeat(32)}}, credentials: {user: weir, password: {secret: ${secret}-${index % SECRETS}}}}}\n`;
  return `${SEGMENT}equipment: {area: ${area}}\nassets:\n${Array.from({ length: MACHINES }, (_, index) => machine(first + index)).join("")}`;
}

/** All machines known, each with secrets and points. */
async function identifyAll({ local, source }: Measured, signal: AbortSignal): Promise<void> {
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

interface Usual {
  readonly bound: number;
  readonly held: Held;
}

/** What readings alone take once the first of everything is compiled, and the bound that follows from it. */
async function findUsual(core: Measured, signal: AbortSignal): Promise<Usual> {
  let round = 0;
  await load(core, () => (round += 1) > 100, signal);
  await core.held(signal);
  round = 0;
  await load(core, () => (round += 1) > 200, signal);
  const held = await core.held(signal);
  show("readings alone", held);
  const bound = Math.max(LEAST_BOUND_MS, COMMITS * held.commitWorkMs);
  assert.ok(held.longestWorkMs <= bound, `with readings alone: ${JSON.stringify(held)}`);
  return { bound, held };
}

/** Does `work` while readings come, and says for how long the loop was held. */
async function holdDuring(name: string, core: Measured, { bound, held: usual }: Usual, work: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  let isOver = false;
  const loading = load(core, () => isOver, signal);
  // Where the test has failed already, this is not what to tell.
  loading.catch(() => undefined);
  await work();
  isOver = true;
  assert.ok((await loading) > 0);
  const held = await core.held(signal);
  show(name, held);
  assert.ok(held.longestWorkMs <= bound, `${name}: ${JSON.stringify(held)}, usually ${JSON.stringify(usual)}`);
  assert.is(held.syncs, 0, name);
}

function writeDetections(dataDir: string): void {
  const database = new Database(join(dataDir, "state.db"));
  prepareStateSchema(database);
  const insert = database.prepare("INSERT INTO detections (kind, side, source, severity, first, last, count, detail, accepted) VALUES ('scan', 'cell', ?, 500, ?, ?, 1, 'ports 22, 80, 102, 443, 502, 4840 and others', 0)");
  database.transaction(() => {
    for (let index = 0; index < DETECTIONS; index += 1) insert.run(`10.${index >> 8}.${index % 256}.1`, "2026-01-01T00:00:00.000Z", new Date(Date.UTC(2026, 0, 1) + index).toISOString());
  })();
  database.close();
}

/** All that there is, answer by answer. */
async function readValues({ local }: Measured, signal: AbortSignal): Promise<number> {
  let count = 0;
  for (let after = 0; ; ) {
    const { revision, values } = await local.call("values", { after, waitMs: 0 }, signal);
    count += values.length;
    if (values.length === 0 || revision === after) return count;
    after = revision;
  }
}

async function loseAll({ source }: Measured, signal: AbortSignal): Promise<void> {
  const fault = { code: "PEER_CLOSED", kind: "transient", message: "the machine closed the connection" } as const;
  for (let index = 0; index < MACHINES; index += 1) await source.call("link", { assignment: `press-${index}`, state: "lost", fault }, signal);
}

/** As many machines as may wait for a person are found; none of them is configured. */
async function findMany({ source }: Measured, round: number, signal: AbortSignal): Promise<void> {
  const report = (index: number): PresentReport => {
    const address = `10.128.${index >> 8}.${index % 256}`;
    const endpoint = `urn:uuid:00000000-0000-8000-8000-${String(index).padStart(12, "0")}`;
    return { kind: "present", endpoint, address, types: ["{urn:weir:miko:1}MachineServer"], scopes: [], metadataVersion: round, driver: "miko", url: `https://${address}/`, nameplate: nameplateOf(`found-${index}`) };
  };
  for (let from = 0; from < MACHINES; from += REPORTS) {
    await source.call("found", { segment: "cell", reports: Array.from({ length: Math.min(REPORTS, MACHINES - from) }, (_, index) => report(from + index)) }, signal);
  }
}

/** Resolves with how many it has. */
async function readRegister({ local }: Measured, signal: AbortSignal): Promise<number> {
  let count = 0;
  for (let after: string | undefined, isMore = true; isMore; ) {
    const { assets, hasMore } = await local.call("assets", { limit: PAGE, ...(after === undefined ? {} : { after }) }, signal);
    count += assets.length;
    after = assets.at(-1)?.key;
    isMore = hasMore;
  }
  return count;
}

/** Those of one page that wait, one by one. */
async function refuseMany({ local }: Measured, signal: AbortSignal): Promise<void> {
  const { assets } = await local.call("assets", { limit: PAGE }, signal);
  for (const { key, state } of assets) if (state === "pending") await local.call("refuseAsset", { key, reason: "not ours" }, signal);
}

/** For docs/performance.md. */
function show(name: string, held: Held): void {
  if (process.env["WEIR_SHOW_FIGURES"] !== undefined) process.stderr.write(`${name}: ${JSON.stringify(held)}\n`);
}

suite("core, event loop", (test) => {
  test("it is held no longer than for some commits while readings come and configurations of 2,000 machines are applied", async ({ defer, signal }) => {
    const core = await startMeasured(defer, signal);
    await identifyAll(core, signal);
    const usual = await findUsual(core, signal);
    const changes: Readonly<Record<string, Wanted>> = {
      "all stand elsewhere": { area: "two" },
      "all secrets have other names": { area: "two", secret: "t" },
      "half of them gone, as many new": { area: "two", first: MACHINES / 2 },
    };
    for (const [name, wanted] of Object.entries(changes)) {
      const apply = async (): Promise<void> => {
        const { revision } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
        core.configure(wanted);
        await core.local.call("reload", {}, signal);
        await core.source.call("assignments", { after: revision, waitMs: 60_000 }, signal);
      };
      await holdDuring(name, core, usual, apply, signal);
    }
  });
  test("nor by a machine of 20,000 points that is identified, lost and shown, nor by whoever asks for all that is known", async ({ defer, signal }) => {
    const core = await startMeasured(defer, signal, writeDetections);
    await identifyAll(core, signal);
    const usual = await findUsual(core, signal);
    const { cloud, local, source } = core;
    const identifyBig = (points: typeof MANY_POINTS): Promise<unknown> => identify({ source }, `press-${BIG}`, BIG, signal, points);
    const loseBig = (): Promise<unknown> => source.call("link", { assignment: `press-${BIG}`, state: "lost", fault: { code: "PEER_CLOSED", kind: "transient", message: "gone" } }, signal);
    const works: Readonly<Record<string, () => Promise<unknown>>> = {
      "20,000 points are identified": () => identifyBig(MANY_POINTS),
      "20,000 others instead": () => identifyBig(MANY_POINTS.toReversed()),
      "20,000 points are lost": loseBig,
      "the inventory": () => cloud.call("inventory", { after: 0, waitMs: 0 }, signal),
      "all values": () => readValues(core, signal),
      "the status": () => local.call("status", {}, signal),
      "all machines are lost": () => loseAll(core, signal),
      "the status with a condition of each machine": () => local.call("status", {}, signal),
      "10,000 detections": () => local.call("detections", { limit: DETECTIONS }, signal),
    };
    for (const [name, work] of Object.entries(works)) await holdDuring(name, core, usual, work, signal);
    const { assets, conditions } = await local.call("status", {}, signal);
    assert.is(assets[assetOf(BIG)]?.points, MANY_POINTS.length);
    assert.ok(conditions.length >= MACHINES);
    assert.is((await local.call("detections", { limit: DETECTIONS }, signal)).detections.length, DETECTIONS);
    assert.ok((await readValues(core, signal)) > MANY_POINTS.length);
  });
  test("nor by 2,000 machines that are found, listed, refused and imported", async ({ defer, signal }) => {
    const core = await startMeasured(defer, signal);
    await identifyAll(core, signal);
    const usual = await findUsual(core, signal);
    const lines = Array.from({ length: MACHINES }, (_, index) => ({ name: `hand-${index}`, manufacturer: "M", model: "X", serialNumber: `hand-${index}`, area: "hall", note: "kept by hand" }));
    const works: Readonly<Record<string, () => Promise<unknown>>> = {
      "2,000 machines are found": () => findMany(core, 1, signal),
      "they are found again, with other metadata": () => findMany(core, 2, signal),
      "4,000 entries are listed": () => readRegister(core, signal),
      "some are refused": () => refuseMany(core, signal),
      "2,000 lines are imported": () => core.local.call("importAssets", { lines, dryRun: false }, signal),
      "the same again": () => core.local.call("importAssets", { lines, dryRun: false }, signal),
    };
    for (const [name, work] of Object.entries(works)) await holdDuring(name, core, usual, work, signal);
    assert.is(await readRegister(core, signal), 3 * MACHINES);
  });
  test("a list of assignments that is asked for meanwhile is of one configuration, and never of a former one again", async ({ defer, signal }) => {
    const core = await startMeasured(defer, signal);
    await core.local.call("setSecret", { name: "s-0", text: "a password" }, signal);
    core.configure({ area: "one", first: 500 });
    const reload = { isApplied: false };
    const reloading = core.local.call("reload", {}, signal).then(() => (reload.isApplied = true));
    reloading.catch(() => undefined);
    const seen: string[] = [];
    do {
      const { assignments } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
      const numbers = assignments.map(({ name }) => Number(name.replace("press-", "")));
      const [first = 0] = numbers;
      assert.is(numbers.length, MACHINES);
      assert.is(numbers.findIndex((number, index) => number !== first + index), -1);
      seen.push(String(first));
    } while (!reload.isApplied);
    await reloading;
    assert.match([...seen, "500"].join(" "), /^(0 )*(500 ?)+$/);
  });
}, { limitMs: 300_000 });
