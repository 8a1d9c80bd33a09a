// Shows that core's event loop is never held for much longer than a commit takes, whatever 2,000 machines and their configuration ask of it.
// limit: 900s

import { join } from "node:path";
import Database from "better-sqlite3";
import { cutParts } from "../../../firmware/cli/assets-parts.ts";
import type { AssetLine } from "../../../firmware/conduit/assets.ts";
import { POINT_PAGES, POINTS_PER_PAGE, type PresentReport } from "../../../firmware/conduit/source.ts";
import { prepareStateSchema } from "../../../firmware/core/inventory/state-schema.ts";
import { assert, suite } from "../../support/suite.ts";
import { findBound, holdDuring, identifyAll, MACHINES, startMeasured } from "./held-to-a-commit.ts";
import type { Measured, Wanted } from "./held-to-a-commit.ts";
import { assetOf, identify, nameplateOf, sampleOf } from "./running-core.ts";

const DETECTIONS = 10_000;
/** Of a request `found`, as the contract has it. */
const REPORTS = 32;
const PAGE = 100;

/** As many as an asset may have, with names as machines have them. */
const MANY_POINTS = Array.from({ length: POINTS_PER_PAGE * POINT_PAGES }, (_, index) => ({ id: `ns=2;s=Line.Unit${index}.Value`, name: `Unit ${index}: measured value`, unit: "mm", dataType: "number", access: "read" }) as const);
const BIG = 7;

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

/** All points have good values again. */
async function revive({ source }: Measured, signal: AbortSignal): Promise<void> {
  for (let index = 0; index < MACHINES; index += 20) {
    const readings = Array.from({ length: 400 }, (_, number) => sampleOf(assetOf(String(index + (number % 20))), `p${Math.floor(number / 20)}`));
    await source.call("readings", { readings }, signal);
  }
}

async function loseAll(core: Measured, areBad: boolean, signal: AbortSignal): Promise<void> {
  const { source } = core;
  if (areBad) await revive(core, signal);
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

async function importAll({ local }: Measured, lines: readonly AssetLine[], signal: AbortSignal): Promise<void> {
  for (const part of cutParts(lines)) assert.equal((await local.call("importAssets", { ...part, dryRun: false }, signal)).problems, []);
}

suite("core, event loop", (test) => {
  test("it is held no longer than for one commit while readings come and configurations of 2,000 machines are applied", async ({ defer, signal }) => {
    const core = await startMeasured(defer, signal);
    await identifyAll(core, signal);
    const bound = await findBound(core, signal);
    const changes: Readonly<Record<string, (attempt: number) => Wanted>> = {
      "all stand elsewhere": (attempt) => ({ area: `two-${attempt}` }),
      "all secrets have other names": (attempt) => ({ area: "two", secret: `t${attempt}` }),
      "half of them gone, as many new": (attempt) => ({ area: "two", first: (MACHINES / 2) * (attempt + 1) }),
    };
    for (const [name, wanted] of Object.entries(changes)) {
      const apply = async (attempt: number): Promise<void> => {
        const { revision } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
        core.configure(wanted(attempt));
        await core.local.call("reload", {}, signal);
        await core.source.call("assignments", { after: revision, waitMs: 60_000 }, signal);
      };
      await holdDuring(name, core, bound, apply, signal);
    }
  });
  test("nor by a machine of 20,000 points that is identified, lost and shown, nor by whoever asks for all that is known", async ({ defer, signal }) => {
    const core = await startMeasured(defer, signal, writeDetections);
    await identifyAll(core, signal);
    const bound = await findBound(core, signal);
    const { cloud, local, source } = core;
    const identifyBig = (machine: number, turned: number): Promise<unknown> => {
      const points = [...MANY_POINTS.slice(turned), ...MANY_POINTS.slice(0, turned)];
      return identify({ source }, `press-${machine}`, String(machine), signal, points);
    };
    const loseBig = async (attempt: number): Promise<void> => {
      if (attempt > 0) await identifyBig(BIG + attempt, 0);
      await source.call("link", { assignment: `press-${BIG + attempt}`, state: "lost", fault: { code: "PEER_CLOSED", kind: "transient", message: "gone" } }, signal);
    };
    const works: Readonly<Record<string, (attempt: number) => Promise<unknown>>> = {
      "20,000 points are identified": (attempt) => identifyBig(BIG, attempt),
      "20,000 others instead": (attempt) => identifyBig(BIG, 1000 + attempt),
      "20,000 points are lost": loseBig,
      "the inventory": () => cloud.call("inventory", { after: 0, waitMs: 0 }, signal),
      "all values": () => readValues(core, signal),
      "the status": () => local.call("status", {}, signal),
      "all machines are lost": (attempt) => loseAll(core, attempt > 0, signal),
      "the status with a condition of each machine": () => local.call("status", {}, signal),
      "10,000 detections": () => local.call("detections", { limit: DETECTIONS }, signal),
    };
    for (const [name, work] of Object.entries(works)) await holdDuring(name, core, bound, work, signal);
    const { assets, conditions } = await local.call("status", {}, signal);
    assert.is(assets[assetOf(String(BIG))]?.points, MANY_POINTS.length);
    assert.ok(conditions.length >= MACHINES);
    assert.is((await local.call("detections", { limit: DETECTIONS }, signal)).detections.length, DETECTIONS);
    assert.ok((await readValues(core, signal)) > MANY_POINTS.length);
  });
  test("nor by 2,000 machines that are found, listed, refused and imported", async ({ defer, signal }) => {
    const core = await startMeasured(defer, signal);
    await identifyAll(core, signal);
    const bound = await findBound(core, signal);
    const lines = Array.from({ length: MACHINES }, (_, index) => ({ name: `hand-${index}`, manufacturer: "M", model: "X", serialNumber: `hand-${index}`, area: "hall", note: "kept by hand" }));
    const works: Readonly<Record<string, (attempt: number) => Promise<unknown>>> = {
      "2,000 machines are found": (attempt) => findMany(core, 1 + attempt, signal),
      "they are found again, with other metadata": (attempt) => findMany(core, 5 + attempt, signal),
      "4,000 entries are listed": () => readRegister(core, signal),
      "some are refused": () => refuseMany(core, signal),
      "2,000 lines are imported": (attempt) => importAll(core, lines.map((line) => ({ ...line, note: `${attempt}` })), signal),
      "the same again": () => importAll(core, lines, signal),
    };
    for (const [name, work] of Object.entries(works)) await holdDuring(name, core, bound, work, signal);
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
